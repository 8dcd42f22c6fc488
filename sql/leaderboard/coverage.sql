-- One row is an empty cell of the board: a variant in the registry that has no score in a benchmark, and why.
-- is_primary: the variant represents the model; an empty cell of it keeps the model unranked
-- state: of what is asked now: counted, missing, waiting, failed, given_up or blocked; null where nothing is asked
-- why: in a sentence
-- epoch: epoch that is asked now
-- shown_epoch: epoch that the board shows
-- held_by: models that hold the board back from what is asked now; empty where that is shown
-- quarantined: runs of the job that the gate set aside
-- quarantined_for: why it set the last of them aside
-- assert unique: suite, benchmark, model, variant
-- assert not null: why
WITH listed AS (
  SELECT DISTINCT job.suite, entry.model, entry.variant, entry.is_primary, entry.origin, entry.licence_class
  FROM model.job_state AS job JOIN model.entry AS entry ON entry.model = job.model AND entry.variant = job.variant
  WHERE job.wanted
), quarantine AS (
  SELECT job_id, count(DISTINCT run_id) AS runs, arg_max(fault, admitted_seq) AS fault
  FROM raw.admissions WHERE fault IS NOT NULL GROUP BY job_id
)
SELECT listed.suite, benchmark.benchmark, benchmark.category, listed.model, listed.variant, listed.is_primary,
  listed.origin, listed.licence_class, job.state,
  CASE
    WHEN job.state IS NULL THEN 'not asked for'
    WHEN job.state = 'counted' AND job.benchmark_id <> benchmark.benchmark_id THEN
      CASE WHEN job.epoch <> benchmark.epoch
        THEN 'counted in epoch ' || job.epoch || '; epoch ' || benchmark.epoch || ' is shown until '
        ELSE 'counted in the benchmark''s new version; the old one is shown until ' END
      || array_to_string(benchmark.held_by[:3], ', ')
      || CASE WHEN benchmark.waiting_for > 3 THEN ' and ' || benchmark.waiting_for - 3 || ' more' ELSE '' END
      || CASE benchmark.waiting_for WHEN 1 THEN ' has' ELSE ' have' END || ' a run or a final failure in it'
    WHEN job.state = 'counted' AND shown.superseded THEN
      'counted for the new revision; the old one is shown until the new one has what the old one has'
    WHEN job.state = 'counted' THEN
      'its run has no share where higher is better as ' || benchmark.metric || ' of ' || benchmark.task
      || ', filter ' || benchmark.filter
    WHEN job.attempts = 0 AND job.state = 'missing' AND quarantine.runs > 0 THEN
      'its run was set aside: ' || quarantine.fault
    ELSE job.why
  END AS why,
  job.reason, job.detail, job.attempts, job.next_at, job.verdict, job.verdict_reason, job.verdict_who,
  job.verdict_at, job.epoch, benchmark.epoch AS shown_epoch,
  benchmark.held_by, coalesce(quarantine.runs, 0) AS quarantined, quarantine.fault AS quarantined_for, job.job_id, job.run_id
FROM listed
JOIN model.benchmark AS benchmark ON benchmark.suite = listed.suite
LEFT JOIN model.job_state AS job ON job.wanted AND job.suite = listed.suite
  AND job.benchmark = benchmark.benchmark AND job.model = listed.model AND job.variant = listed.variant
LEFT JOIN model.shown_variant AS shown ON shown.suite = listed.suite AND shown.model = listed.model
  AND shown.variant = listed.variant
LEFT JOIN quarantine ON quarantine.job_id = job.job_id
ANTI JOIN model.result AS result ON result.suite = listed.suite AND result.benchmark = benchmark.benchmark
  AND result.model = listed.model AND result.variant = listed.variant
ORDER BY listed.suite, benchmark.benchmark, listed.model, listed.variant
