-- One row is one ruling on all runs that match its conditions.
-- assert unique: rule_id
FROM lake.rules
