-- One row: which snapshot this is and what it was built from.
-- snapshot: snapshot's id
-- built_at: when it was built, UTC
-- watermark: last place in the gate's log that it knows
-- runs: runs admitted
-- quarantined: runs that the gate set aside
-- assert rows: snapshot IS NOT NULL AND built_at IS NOT NULL
SELECT getvariable('snapshot')::VARCHAR AS snapshot, getvariable('now')::TIMESTAMPTZ AS built_at,
  coalesce(max(admitted_seq), 0) AS watermark, count(DISTINCT run_id) FILTER (fault IS NULL) AS runs,
  count(DISTINCT run_id) FILTER (fault IS NOT NULL) AS quarantined
FROM raw.admissions
