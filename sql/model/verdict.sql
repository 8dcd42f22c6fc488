-- One row is a run that was ruled on, with the latest ruling.
-- assert unique: run_id
FROM raw.verdicts
QUALIFY row_number() OVER (
  PARTITION BY run_id ORDER BY decided_at DESC, list_position(['withdrawn', 'suspect', 'cleared'], verdict)
) = 1
