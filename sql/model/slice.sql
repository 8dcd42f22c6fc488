-- macro (suite := NULL, origin := NULL, licence := NULL, max_active_b := NULL, category := NULL, strict := false)
-- One row is a model of a slice, ranked among the models of that slice alone, each suite for itself.
-- rank [place]: 1 is best; equal indexes share a place; null where the model lacks a benchmark of the slice
-- rank_from [place]: best place that the intervals allow, conservative: only models whose whole interval lies above count
-- rank_to [place]: worst place that the intervals allow
-- index [points]: mean over categories of the mean over benchmarks of the normalised score; null where one is missing
-- index_lo [points]: lower end of its 95 % interval over the sampling of items, benchmarks held fixed
-- index_hi [points]: upper end of its 95 % interval
-- covered: benchmarks of the slice that the model has a score in
-- benchmarks: benchmarks of the slice
-- missing: benchmarks of the slice without a score
-- suspect: cells whose run is ruled suspect; they count
-- superseded: cells for which a newer revision or protocol is asked and not there yet
WITH entrant AS (
  SELECT contender.* FROM model.contender AS contender
  WHERE (suite IS NULL OR contender.suite = suite)
    AND (origin IS NULL OR list_contains(contender.origin_countries, origin) OR contender.origin = origin)
    AND (licence IS NULL OR contender.licence_class = licence OR contender.licence = licence)
    AND (max_active_b IS NULL OR contender.active_b <= max_active_b)
    AND (NOT strict OR NOT contender.lineage_differs)
), summed AS (
  SELECT part.suite, part.model, sum(part.covered)::BIGINT AS covered, sum(part.benchmarks)::BIGINT AS benchmarks,
    round(avg(part.score::DECIMAL(18, 12)), 9) AS score,
    CASE WHEN bool_and(part.below IS NOT NULL)
      THEN sqrt(sum(part.below::DECIMAL(28, 12))::DOUBLE) / count(*) END AS below,
    CASE WHEN bool_and(part.above IS NOT NULL)
      THEN sqrt(sum(part.above::DECIMAL(28, 12))::DOUBLE) / count(*) END AS above,
    list_sort(flatten(list(part.missing))) AS missing,
    sum(part.suspect)::BIGINT AS suspect, sum(part.superseded)::BIGINT AS superseded
  FROM model.category_score AS part
  WHERE category IS NULL OR part.category = category
  GROUP BY part.suite, part.model
), scored AS (
  SELECT entrant.*, summed.covered, summed.benchmarks, summed.missing, summed.suspect, summed.superseded,
    CASE WHEN summed.covered = summed.benchmarks THEN summed.score END AS index,
    CASE WHEN summed.covered = summed.benchmarks THEN summed.score - summed.below END AS index_lo,
    CASE WHEN summed.covered = summed.benchmarks THEN summed.score + summed.above END AS index_hi
  FROM entrant JOIN summed ON summed.suite = entrant.suite AND summed.model = entrant.model
), bound AS (
  -- Sorting both ends once counts the intervals wholly above and below each model without comparing pairs.
  SELECT scored.suite, scored.model, coalesce(scored.index_lo, '-infinity'::DOUBLE) AS value, 1 AS low
  FROM scored WHERE scored.index IS NOT NULL
  UNION ALL
  SELECT scored.suite, scored.model, coalesce(scored.index_hi, 'infinity'::DOUBLE) AS value, 0 AS low
  FROM scored WHERE scored.index IS NOT NULL
), passed AS (
  SELECT bound.suite, bound.model, bound.low,
    sum(bound.low) OVER (PARTITION BY bound.suite ORDER BY bound.value DESC, bound.low ROWS UNBOUNDED PRECEDING) AS above,
    sum(1 - bound.low) OVER (PARTITION BY bound.suite ORDER BY bound.value, bound.low DESC ROWS UNBOUNDED PRECEDING) AS below
  FROM bound
), places AS (
  SELECT passed.suite, passed.model, 1 + max(passed.above) FILTER (passed.low = 0) AS rank_from,
    max(passed.below) FILTER (passed.low = 1) AS beaten
  FROM passed GROUP BY passed.suite, passed.model
)
SELECT scored.suite,
  CASE WHEN scored.index IS NOT NULL
    THEN rank() OVER (PARTITION BY scored.suite ORDER BY scored.index DESC NULLS LAST) END AS rank,
  places.rank_from::BIGINT AS rank_from,
  (count(scored.index) OVER (PARTITION BY scored.suite) - places.beaten)::BIGINT AS rank_to,
  scored.model, scored.name, scored.organisation, scored.origin, scored.licence_class, scored.lineage_differs,
  scored.active_b, scored.index, scored.index_lo, scored.index_hi, scored.covered, scored.benchmarks, scored.missing,
  scored.suspect, scored.superseded,
  scored.* EXCLUDE (suite, model, name, organisation, origin, licence_class, lineage_differs, active_b, index, index_lo,
    index_hi, covered, benchmarks, missing, suspect, superseded)
FROM scored LEFT JOIN places ON places.suite = scored.suite AND places.model = scored.model
ORDER BY scored.suite, rank NULLS LAST, scored.covered DESC, scored.model
