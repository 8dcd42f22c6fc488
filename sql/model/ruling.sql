-- One row is a ruling on a run: on it alone, or by a rule that covers it.
-- A rule covers the runs that were admitted when it was decided, by their place in the gate's log, which no clock can
-- bend; a standing rule covers later ones too.
-- rule_id: rule; null where the run was ruled on alone
-- again: the run came in under a rule that stood already
SELECT run_id, verdict, reason, who, decided_at, NULL::VARCHAR AS rule_id, false AS again FROM raw.verdicts
UNION ALL
SELECT run.run_id, rule.verdict, rule.reason, rule.who, rule.decided_at, rule.rule_id,
  run.admitted_seq > rule.admitted_to AS again
FROM model.rule AS rule JOIN raw.run AS run ON (rule.standing OR run.admitted_seq <= rule.admitted_to)
  AND (rule.benchmark_ids IS NULL OR list_contains(rule.benchmark_ids, run.benchmark_id))
  AND (rule.model IS NULL OR rule.model = run.model)
  AND (rule.revision IS NULL OR rule.revision = run.revision)
  AND (rule.lock IS NULL OR rule.lock = run.lock)
  AND (rule.harness IS NULL OR rule.harness = run.harness)
  AND (rule.engine_version IS NULL OR rule.engine_version = run.engine_version)
  AND (rule.worker IS NULL OR rule.worker = run.worker)
  AND (rule.device IS NULL OR rule.device = run.device)
  AND (rule.finished_after IS NULL OR rule.finished_after <= least(run.finished_at, run.admitted_at))
  AND (rule.finished_before IS NULL OR rule.finished_before > least(run.finished_at, run.admitted_at))
