-- One row is a variant's score in a benchmark, with the run that counts: what the board shows of every variant.
-- The interval is Wilson's from counts, each document counting once however often it was asked; a document that could
-- not be graded counts as wrong for the lower end and as right for the upper one. Without counts it is ± 1.96 standard
-- errors; without a standard error, or with one of 0, Wilson's on the share, which no variance exceeds.
-- score [share]: as the harness gives it
-- score_lo [share]: lower end of the 95 % interval over the sampling of items, the benchmark held fixed
-- score_hi [share]: upper end of the same
-- interval_from: what the interval comes from: counts, standard error, or bound
-- normalised [points]: chance is 0 and perfect is 100; may be negative, never clipped
-- normalised_lo [points]: lower end of its 95 % interval
-- normalised_hi [points]: upper end of its 95 % interval
-- suspect: the run is ruled suspect; it counts
-- suspect_reason: why
-- verdict: suspect, or cleared where an earlier ruling was lifted; null where the run was never ruled on
-- superseded: the suite or the registry asks for something newer that is not there yet: a revision or a protocol
-- assert unique: suite, benchmark, model, variant
-- assert between 0 and 1: score, score_lo, score_hi
-- assert rows: interval_from <> 'counts' OR score BETWEEN score_lo - 1e-9 AND score_hi + 1e-9
WITH newest AS (
  -- Of a protocol and one that replaced it the newer is shown as soon as it has a run or a final failure.
  SELECT job.suite, job.benchmark, job.model, job.variant,
    first(job.job_id ORDER BY job.known_from DESC, job.job_id) AS job_id
  FROM model.job_state AS job
  JOIN model.benchmark AS benchmark USING (suite, benchmark, benchmark_id)
  JOIN model.shown_variant AS variant USING (suite, model, variant, variant_id)
  WHERE job.state = 'counted' OR job.state = 'failed' AND job.reason <> 'lock_mismatch'
  GROUP BY job.suite, job.benchmark, job.model, job.variant
), shown AS (
  SELECT job.suite, job.benchmark, job.model, job.variant, job.variant_id, job.benchmark_id, job.job_id, job.kind,
    job.protocol, job.run_id, job.admitted_seq, job.suspect, job.detail AS suspect_reason,
    job.verdict, job.verdict_reason, job.verdict_who, job.verdict_at,
    variant.superseded OR (NOT job.wanted AND job.benchmark_id = benchmark.newest_benchmark_id) AS superseded,
    benchmark.category, benchmark.task, benchmark.metric, benchmark.filter, benchmark.chance, benchmark.epoch,
    benchmark.document_limit
  FROM newest
  JOIN model.job_state AS job ON job.suite = newest.suite AND job.benchmark = newest.benchmark
    AND job.model = newest.model AND job.variant = newest.variant AND job.job_id IS NOT DISTINCT FROM newest.job_id
  JOIN model.benchmark AS benchmark ON benchmark.suite = job.suite AND benchmark.benchmark = job.benchmark
  JOIN model.shown_variant AS variant ON variant.suite = job.suite AND variant.model = job.model
    AND variant.variant = job.variant
  WHERE job.state = 'counted'
), counts AS (
  SELECT shown.*, entry.is_primary, score.value AS score, score.stderr, score.n, score.n_docs, score.repeats,
    score.n_correct, score.higher_is_better,
    CASE
      -- A group that averages its subtasks unweighted is no share of its counts.
      WHEN abs(score.value - score.n_correct / score.n) < 1e-9 THEN 'counts'
      WHEN score.stderr > 0 THEN 'standard error'
      WHEN score.value BETWEEN 0 AND 1 THEN 'bound'
    END AS interval_from,
    greatest(score.n_docs, coalesce(run.documents_attempted, 0)) AS asked,
    score.value * score.n_docs AS right_docs,
    greatest(coalesce(run.documents_attempted - run.documents_scored, 0), 0) AS ungraded
  FROM shown
  JOIN raw.run AS run ON run.run_id = shown.run_id
  JOIN model.entry AS entry ON entry.model = shown.model AND entry.variant = shown.variant
  JOIN raw.scores AS score ON score.run_id = shown.run_id AND score.task = shown.task
    AND score.metric = shown.metric AND score.filter = shown.filter
  -- Anything else can't be set against chance; coverage says so, and the rest of the board is built.
  WHERE score.value BETWEEN 0 AND 1 AND score.higher_is_better
), shares AS (
  SELECT *, right_docs / asked AS worst, least((right_docs + ungraded) / asked, 1) AS best, 1.959963984540054 AS z
  FROM counts
), bounded AS (
  SELECT * EXCLUDE (asked, right_docs, ungraded, worst, best, z),
    CASE WHEN interval_from = 'standard error' THEN worst - z * stderr ELSE
      (worst + z ** 2 / (2 * asked) - z * sqrt(worst * (1 - worst) / asked + z ** 2 / (4 * asked ** 2)))
      / (1 + z ** 2 / asked) END AS lo,
    CASE WHEN interval_from = 'standard error' THEN best + z * stderr ELSE
      (best + z ** 2 / (2 * asked) + z * sqrt(best * (1 - best) / asked + z ** 2 / (4 * asked ** 2)))
      / (1 + z ** 2 / asked) END AS hi
  FROM shares
)
SELECT * EXCLUDE (lo, hi), greatest(lo, 0) AS score_lo, least(hi, 1) AS score_hi,
  100 * (score - chance) / (1 - chance) AS normalised,
  100 * (score_lo - chance) / (1 - chance) AS normalised_lo,
  100 * (score_hi - chance) / (1 - chance) AS normalised_hi
FROM bounded
