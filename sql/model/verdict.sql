-- One row is a run that was ruled on, with the ruling that holds: the latest, be it on the run alone or by a rule.
-- assert unique: run_id
FROM model.ruling
QUALIFY row_number() OVER (
  PARTITION BY run_id
  ORDER BY decided_at DESC, list_position(['withdrawn', 'suspect', 'cleared'], verdict), rule_id NULLS FIRST, reason, who
) = 1
