-- One row is an admitted attempt at a job for the board, with the ruling on it that holds. A cancelled run is no attempt.
-- ended_at: when it ended, by the worker's clock but never after the gate saw it
-- withdrawn_at: from when on it does not count; null where it does
-- again: it came in under a rule that stood already
-- final: a failure that is about the model, and not about a machine that was down or had another lock
-- assert unique: run_id
SELECT run.job_id, run.run_id, run.status,
  CASE WHEN run.status = 'failed' THEN coalesce(run.reason, 'infrastructure') END AS reason,
  run.detail, run.engine_version, run.devices, run.device_memory,
  run.admitted_seq, run.admitted_at,
  least(run.finished_at, run.admitted_at) AS ended_at,
  verdict.verdict, verdict.reason AS verdict_reason, verdict.who AS verdict_who, verdict.decided_at AS verdict_at,
  CASE WHEN verdict.verdict = 'withdrawn' THEN greatest(verdict.decided_at, run.admitted_at) END AS withdrawn_at,
  verdict.rule_id, coalesce(verdict.again, false) AS again,
  coalesce(run.status = 'failed' AND run.reason NOT IN ('infrastructure', 'lock_mismatch'), false) AS final
FROM raw.run AS run LEFT JOIN model.verdict AS verdict ON verdict.run_id = run.run_id
WHERE run.purpose = 'board' AND run.status IN ('succeeded', 'failed') AND run.job_id IS NOT NULL
