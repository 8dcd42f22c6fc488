-- One row is a moment at which what a variant has in one version of a benchmark begins or ends, as a step up or down.
-- From these it follows when a newer version took an older one's place, so that nothing that comes later, such as a
-- straggler's run or a ruling, turns the board back. Only cells of which more than one version was ever asked are here.
-- counted: step in the number of runs that count
-- settled: step in the number of runs that count and final failures, and of reasons why it can't be asked
WITH several AS (
  SELECT suite, benchmark, NULL AS model, NULL AS variant
  FROM raw.benchmarks GROUP BY suite, benchmark HAVING min(benchmark_id) <> max(benchmark_id)
  UNION ALL
  SELECT suite, NULL, model, variant
  FROM raw.wanted GROUP BY suite, model, variant HAVING min(variant_id) <> max(variant_id)
), asked AS (
  SELECT wanted.*, coalesce(lead(wanted.known_from) OVER (
    PARTITION BY suite, benchmark, model, variant ORDER BY wanted.known_from, wanted.job_id
  ), 'infinity'::TIMESTAMPTZ) AS until
  FROM raw.wanted AS wanted
  SEMI JOIN several ON several.suite = wanted.suite AND (several.benchmark = wanted.benchmark
    OR several.model = wanted.model AND several.variant = wanted.variant)
), job AS (
  SELECT DISTINCT suite, benchmark, benchmark_id, model, variant, variant_id, job_id FROM asked WHERE job_id IS NOT NULL
), ruling AS (
  SELECT run_id, verdict, decided_at, coalesce(lead(decided_at) OVER (
    PARTITION BY run_id ORDER BY decided_at, list_position(['withdrawn', 'suspect', 'cleared'], verdict) DESC
  ), 'infinity'::TIMESTAMPTZ) AS until
  FROM model.ruling
), withdrawal AS (
  SELECT attempt.job_id, attempt.status, greatest(ruling.decided_at, attempt.admitted_at) AS instant,
    greatest(ruling.until, attempt.admitted_at) AS until
  FROM ruling JOIN model.attempt AS attempt ON attempt.run_id = ruling.run_id WHERE ruling.verdict = 'withdrawn'
), reset AS (
  SELECT job_id, instant FROM withdrawal
  UNION ALL SELECT target, decided_at FROM raw.decisions WHERE decision = 'retry'
), span AS (
  SELECT job_id, admitted_at AS instant, 'infinity'::TIMESTAMPTZ AS until, 1 AS counted, 1 AS settled
  FROM model.attempt WHERE status = 'succeeded'
  UNION ALL SELECT job_id, instant, until, -1, -1 FROM withdrawal WHERE status = 'succeeded'
  UNION ALL
  SELECT attempt.job_id, attempt.admitted_at, coalesce(min(reset.instant), 'infinity'::TIMESTAMPTZ), 0, 1
  FROM model.attempt AS attempt
  LEFT JOIN reset ON reset.job_id = attempt.job_id AND reset.instant >= attempt.admitted_at
  WHERE attempt.final GROUP BY attempt.run_id, attempt.job_id, attempt.admitted_at
), had AS (
  SELECT job.* EXCLUDE (job_id), span.instant, span.until, span.counted, span.settled FROM job JOIN span USING (job_id)
  UNION ALL
  SELECT suite, benchmark, benchmark_id, model, variant, variant_id, known_from, until, 0, 1
  FROM asked WHERE NOT removed AND (job_id IS NULL OR blocked IS NOT NULL)
)
SELECT * EXCLUDE (until) FROM had
UNION ALL
SELECT * EXCLUDE (until) REPLACE (until AS instant, -counted AS counted, -settled AS settled)
FROM had WHERE until < 'infinity'
