-- One row is a model that holds the board back from a benchmark's newest version, which flips for all at once: it counts
-- in the version shown, and has neither a run that counts nor a final failure in the newest one. A job that was given
-- up holds back too, as that says nothing of the model: `standings retry`, or `standings epoch flip`.
-- state: of its job in the newest version: missing, waiting, given_up, or failed of another lock
-- why: in a sentence
-- shown_epoch: epoch that the board shows
-- epoch: epoch that is asked now; the same where only the lock has changed
-- job_id: its job in the newest version
-- assert unique: suite, benchmark, model, variant
SELECT hold.suite, hold.benchmark, benchmark.epoch AS shown_epoch, benchmark.newest_epoch AS epoch,
  hold.model, hold.variant, coalesce(job.state, 'missing') AS state, coalesce(job.why, 'not asked for') AS why,
  job.reason, job.detail, job.attempts, job.next_at, job.job_id, benchmark.benchmark_id,
  benchmark.newest_benchmark_id
FROM model.epoch_hold AS hold
JOIN model.benchmark AS benchmark USING (suite, benchmark)
LEFT JOIN model.job_state AS job ON job.wanted AND job.suite = hold.suite AND job.benchmark = hold.benchmark
  AND job.model = hold.model AND job.variant = hold.variant
ORDER BY hold.suite, hold.benchmark, hold.model, hold.variant
