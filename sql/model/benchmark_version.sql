-- One row is a way in which a suite's benchmark has been asked: a lock, a document limit and an epoch.
-- place: 1 for the first version of the benchmark; the highest is the one asked now
-- since: when the version was first known
-- newest: the version asked now, in a suite that still has the benchmark
-- assert unique: suite, benchmark, benchmark_id
WITH latest AS (
  FROM raw.benchmarks
  QUALIFY row_number() OVER (PARTITION BY suite, benchmark, benchmark_id ORDER BY known_from DESC, valid_from DESC) = 1
), first AS (
  SELECT suite, benchmark, benchmark_id, min(known_from) AS since FROM raw.benchmarks GROUP BY ALL
), placed AS (
  SELECT latest.*, first.since,
    row_number() OVER (PARTITION BY suite, benchmark ORDER BY latest.known_from, latest.epoch, benchmark_id) AS place
  FROM latest JOIN first USING (suite, benchmark, benchmark_id)
)
SELECT *, place = max(place) OVER (PARTITION BY suite, benchmark) AND NOT removed AS newest FROM placed
