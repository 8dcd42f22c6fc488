-- macro (suite := NULL, origin := NULL, licence := NULL, max_active_b := NULL, category := NULL, strict := false)
-- One row is a model of a slice, ranked among the models of that slice alone: rank, rank interval, index and what is
-- missing are computed again for it. Without a suite every suite is ranked for itself. `origin` is one country ('FR'
-- finds FR+US, which stays one row) or a joint origin; `licence` is a class or a licence id, as declared; `strict` drops
-- models whose lineage differs; `max_active_b` drops models whose active parameters are not known.
-- To call it in a file that was attached, `USE` that file first: a macro reads the tables of the reader's search path.
-- The column `snapshot` says whose rows came back.
SELECT sliced.*, built.snapshot
FROM model.slice(
  suite := suite, origin := origin, licence := licence, max_active_b := max_active_b, category := category,
  strict := strict
) AS sliced
CROSS JOIN leaderboard.snapshot AS built
ORDER BY sliced.suite, sliced.rank NULLS LAST, sliced.covered DESC, sliced.model
