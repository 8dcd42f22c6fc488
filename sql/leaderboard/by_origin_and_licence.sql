-- One row is an origin and a licence class in a suite, within a band of sizes or over all of them (`all`), with their
-- best primary variant. A joint origin is a row of its own; an origin that no source states is null.
-- band: active parameters as in size_band, or all
-- tried: ranked models, among which this is the best
-- registered: models that the suite asks, ranked or not
-- differing: of those registered, how many carry weights of an ancestor whose declared class differs
-- model: best model by index; null where none is ranked
-- rank [place]: its rank among all models of the suite
-- assert unique: suite, origin, licence_class, band
WITH entrant AS (
  SELECT board.*, unnest(['all', board.size_band]) AS band FROM model.board AS board
), best AS (
  SELECT entrant.suite, entrant.origin, entrant.licence_class, entrant.band,
    any_value(entrant.origin_name) AS origin_name, bool_or(entrant.origin_disputed) AS origin_disputed,
    count(entrant.place) AS tried, count(*) AS registered, count(*) FILTER (entrant.lineage_differs) AS differing,
    arg_min(entrant, entrant.place) AS top
  FROM entrant GROUP BY entrant.suite, entrant.origin, entrant.licence_class, entrant.band
)
SELECT best.suite, best.origin, best.origin_name, best.origin_disputed, best.licence_class, best.band, best.tried,
  best.registered, best.differing, top.model, top.variant, top.name, top.organisation, top.licence, top.lineage_differs,
  top.active_b, top.rank, top.rank_from, top.rank_to, top.index, top.index_lo, top.index_hi, top.suspect, top.superseded
FROM best
ORDER BY best.suite, best.band <> 'all', best.band, top.index DESC NULLS LAST, best.origin, best.licence_class
