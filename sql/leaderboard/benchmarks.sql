-- One row is a benchmark that a suite asks now, as the board shows it.
-- assert unique: suite, benchmark
SELECT benchmark.suite, benchmark.benchmark, benchmark.title, benchmark.category, benchmark.task, benchmark.metric,
  benchmark.filter, benchmark.chance, benchmark.documents, benchmark.document_limit, benchmark.epoch,
  benchmark.newest_epoch, benchmark.waiting_for, benchmark.held_by, benchmark.released, benchmark.licence,
  benchmark.benchmark_id, benchmark.newest_benchmark_id
FROM model.benchmark AS benchmark
ORDER BY benchmark.suite, benchmark.category, benchmark.benchmark
