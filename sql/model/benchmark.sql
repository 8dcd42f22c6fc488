-- One row is a benchmark that a suite asks now, as the board shows it.
-- newest_epoch: epoch that is asked now
-- waiting_for: models that hold the board back from the newest version; 0 where it is shown
-- held_by: those models
-- newest_benchmark_id: version that is asked now
-- assert unique: suite, benchmark
-- assert rows: chance >= 0 AND chance < 1
-- assert rows: (waiting_for = 0) = (benchmark_id = newest_benchmark_id)
WITH hold AS (
  SELECT suite, benchmark, count(*) AS waiting_for, list(model ORDER BY model) AS held_by
  FROM model.epoch_hold GROUP BY suite, benchmark
)
SELECT shown.suite, shown.benchmark, shown.benchmark_id, newest.title, newest.category, version.task, version.metric,
  version.filter, version.chance, version.documents, version.document_limit, version.epoch, newest.released,
  newest.licence, shown.newest_benchmark_id, shown.newest_epoch, coalesce(hold.waiting_for, 0) AS waiting_for,
  coalesce(hold.held_by, []) AS held_by
FROM model.shown_epoch AS shown
JOIN model.benchmark_version AS version USING (suite, benchmark, benchmark_id)
JOIN model.benchmark_version AS newest ON newest.suite = shown.suite AND newest.benchmark = shown.benchmark
  AND newest.newest
LEFT JOIN hold ON hold.suite = shown.suite AND hold.benchmark = shown.benchmark
