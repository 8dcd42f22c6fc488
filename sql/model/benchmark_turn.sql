-- One row is a stretch of time in which a suite asked one version of a benchmark.
-- place: 1 for the first
-- since: when it began to be asked
-- until: when another took its turn; infinity for what was asked last
-- decided: an operator decided in that time that the board shows it
-- assert unique: suite, benchmark, place
WITH begun AS (
  SELECT suite, benchmark, benchmark_id, epoch, known_from AS since
  FROM raw.benchmarks WHERE NOT removed
  QUALIFY benchmark_id IS DISTINCT FROM lag(benchmark_id) OVER (
    PARTITION BY suite, benchmark ORDER BY known_from, epoch, benchmark_id
  )
), turn AS (
  SELECT *, row_number() OVER turns AS place, coalesce(lead(since) OVER turns, 'infinity'::TIMESTAMPTZ) AS until
  FROM begun WINDOW turns AS (PARTITION BY suite, benchmark ORDER BY since, epoch, benchmark_id)
)
SELECT turn.*, EXISTS (
  FROM raw.decisions AS decision
  WHERE decision.decision = 'flip_epoch' AND decision.target = turn.suite || '/' || turn.benchmark || '/' || turn.epoch
    AND decision.decided_at >= turn.since AND decision.decided_at < turn.until
) AS decided
FROM turn
