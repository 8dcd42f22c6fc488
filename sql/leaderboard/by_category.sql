-- One row is a model in a category of a suite, ranked within it; those that lack one of its benchmarks follow unranked.
-- rank [place]: 1 is the category's best
-- index [points]: mean over the category's benchmarks of the normalised score; null where one is missing
-- index_lo [points]: lower end of its 95 % interval over the sampling of items, benchmarks held fixed
-- index_hi [points]: upper end of its 95 % interval
-- covered: benchmarks of the category that the model has a score in
-- benchmarks: benchmarks of the category
-- missing: benchmarks of the category without a score
-- assert unique: suite, category, model
WITH scored AS (
  SELECT *, CASE WHEN covered = benchmarks THEN score END AS index FROM model.category_score
)
SELECT scored.suite, scored.category,
  CASE WHEN scored.index IS NOT NULL
    THEN rank() OVER (PARTITION BY scored.suite, scored.category ORDER BY scored.index DESC NULLS LAST) END AS rank,
  scored.model, contender.name, contender.organisation, contender.origin, contender.origin_countries,
  contender.licence_class, contender.lineage_differs, contender.access, contender.active_b, scored.index,
  scored.index - sqrt(CASE WHEN scored.index IS NOT NULL THEN scored.below END) AS index_lo,
  scored.index + sqrt(CASE WHEN scored.index IS NOT NULL THEN scored.above END) AS index_hi,
  scored.covered, scored.benchmarks, scored.missing, scored.suspect, scored.superseded
FROM scored JOIN model.contender AS contender ON contender.suite = scored.suite AND contender.model = scored.model
ORDER BY scored.suite, scored.category, rank NULLS LAST, scored.covered DESC, scored.model
