-- One row is an origin in a suite, within a band of sizes or over all of them (`all`), with its best primary variant.
-- A maximum alone rewards whoever enters most, so the row says among how many it is the best. A joint origin (FR+US) is
-- a row of its own and counts for neither of its countries; an origin that no source states is null.
-- band: active parameters as in size_band, or all
-- tried: ranked models, among which this is the best
-- registered: models that the suite asks, ranked or not
-- share [share]: of the suite's models that the band registers, how many are of this origin; sums to 1
-- model: best model by index; null where none is ranked
-- rank [place]: its rank among all models of the suite
-- assert unique: suite, origin, band
WITH entrant AS (
  SELECT board.*, unnest(['all', board.size_band]) AS band FROM model.board AS board
), best AS (
  SELECT entrant.suite, entrant.origin, entrant.band, any_value(entrant.origin_name) AS origin_name,
    bool_or(entrant.origin_disputed) AS origin_disputed, count(entrant.place) AS tried, count(*) AS registered,
    arg_min(entrant, entrant.place) AS top
  FROM entrant GROUP BY entrant.suite, entrant.origin, entrant.band
)
SELECT best.suite, best.origin, best.origin_name, best.origin_disputed, best.band, best.tried, best.registered,
  best.registered / sum(best.registered) OVER (PARTITION BY best.suite, best.band) AS share,
  top.model, top.variant, top.name, top.organisation, top.licence, top.licence_class, top.lineage_differs, top.active_b,
  top.rank, top.rank_from, top.rank_to, top.index, top.index_lo, top.index_hi, top.suspect, top.superseded
FROM best
ORDER BY best.suite, best.band <> 'all', best.band, top.index DESC NULLS LAST, best.origin
