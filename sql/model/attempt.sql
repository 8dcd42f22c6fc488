-- One row is an admitted attempt at a job for the board, with the latest ruling on it. A cancelled run is no attempt.
-- ended_at: when it ended, by the worker's clock but never after the gate saw it
-- withdrawn_at: when it was ruled that it does not count; null where it was not
-- final: a failure that is about the model, and not about a machine that was down or had another lock
-- assert unique: run_id
SELECT run.job_id, run.run_id, run.status,
  CASE WHEN run.status = 'failed' THEN coalesce(run.reason, 'infrastructure') END AS reason,
  run.detail, run.engine_version, run.admitted_seq, run.admitted_at,
  least(run.finished_at, run.admitted_at) AS ended_at,
  verdict.verdict, verdict.reason AS verdict_reason,
  CASE WHEN verdict.verdict = 'withdrawn' THEN verdict.decided_at END AS withdrawn_at,
  coalesce(run.status = 'failed' AND run.reason NOT IN ('infrastructure', 'lock_mismatch'), false) AS final
FROM raw.run AS run LEFT JOIN model.verdict AS verdict ON verdict.run_id = run.run_id
WHERE run.purpose = 'board' AND run.status IN ('succeeded', 'failed') AND run.job_id IS NOT NULL
