-- One row is a ruling that was ever made, on one run or by a rule. Nothing is deleted: what overrides it comes later.
-- run_id: run; null where it is a rule
-- rule_id: rule; null where it is on one run
-- conditions: which runs the rule is about; null where it is on one run
-- standing: the rule covers runs that are admitted later too
-- runs: admitted runs that it covers
-- in_force: those of them that no later ruling is about
-- assert rows: (run_id IS NULL) <> (rule_id IS NULL)
-- assert rows: in_force <= runs
WITH covered AS (
  SELECT ruling.run_id, ruling.rule_id, ruling.decided_at, ruling.verdict,
    ruling.decided_at = verdict.decided_at AND ruling.verdict = verdict.verdict
      AND ruling.rule_id IS NOT DISTINCT FROM verdict.rule_id AS in_force
  FROM model.ruling AS ruling JOIN raw.run AS run ON run.run_id = ruling.run_id
  JOIN model.verdict AS verdict ON verdict.run_id = ruling.run_id
), by_rule AS (
  SELECT rule_id, count(*) AS runs, count(*) FILTER (in_force) AS in_force FROM covered GROUP BY rule_id
), alone AS (
  SELECT run_id, decided_at, verdict, bool_or(in_force) AS in_force FROM covered WHERE rule_id IS NULL GROUP BY ALL
)
SELECT verdict.verdict, verdict.reason, verdict.who, verdict.decided_at, verdict.run_id, NULL::VARCHAR AS rule_id,
  NULL::VARCHAR AS conditions, false AS standing, (alone.run_id IS NOT NULL)::BIGINT AS runs,
  coalesce(alone.in_force, false)::BIGINT AS in_force
FROM raw.verdicts AS verdict LEFT JOIN alone USING (run_id, decided_at, verdict)
UNION ALL
SELECT rule.verdict, rule.reason, rule.who, rule.decided_at, NULL, rule.rule_id, rule.conditions, rule.standing,
  coalesce(by_rule.runs, 0), coalesce(by_rule.in_force, 0)
FROM model.rule AS rule LEFT JOIN by_rule ON by_rule.rule_id = rule.rule_id
ORDER BY decided_at, rule_id NULLS FIRST, run_id, verdict, reason, who
