-- One row is a licence class in a suite, within a band of sizes or over all of them (`all`), with its best primary
-- variant. Classes are of the licence as declared; how many models carry weights whose terms differ is said beside it.
-- band: active parameters as in size_band, or all
-- tried: ranked models, among which this is the best
-- registered: models that the suite asks, ranked or not
-- differing: of those registered, how many carry weights of an ancestor whose declared class differs
-- model: best model by index; null where none is ranked
-- rank [place]: its rank among all models of the suite
-- assert unique: suite, licence_class, band
WITH entrant AS (
  SELECT board.*, unnest(['all', board.size_band]) AS band FROM model.board AS board
), best AS (
  SELECT entrant.suite, entrant.licence_class, entrant.band, count(entrant.place) AS tried, count(*) AS registered,
    count(*) FILTER (entrant.lineage_differs) AS differing, arg_min(entrant, entrant.place) AS top
  FROM entrant GROUP BY entrant.suite, entrant.licence_class, entrant.band
)
SELECT best.suite, best.licence_class, best.band, best.tried, best.registered, best.differing,
  top.model, top.variant, top.name, top.organisation, top.origin, top.licence, top.lineage_differs, top.active_b,
  top.rank, top.rank_from, top.rank_to, top.index, top.index_lo, top.index_hi, top.suspect, top.superseded
FROM best
ORDER BY best.suite, best.band <> 'all', best.band, top.index DESC NULLS LAST, best.licence_class
