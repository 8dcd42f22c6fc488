-- One row is a benchmark that a suite asks now, as the board shows it.
-- newest_epoch: epoch that is asked now
-- assert unique: suite, benchmark
-- assert rows: chance >= 0 AND chance < 1
SELECT shown.suite, shown.benchmark, shown.benchmark_id, newest.title, newest.category, version.task, version.metric,
  version.filter, version.chance, version.documents, version.document_limit, version.epoch, newest.released,
  newest.licence, shown.newest_benchmark_id, shown.newest_epoch, shown.waiting_for
FROM model.shown_epoch AS shown
JOIN model.benchmark_version AS version USING (suite, benchmark, benchmark_id)
JOIN model.benchmark_version AS newest ON newest.suite = shown.suite AND newest.benchmark = shown.benchmark
  AND newest.newest
