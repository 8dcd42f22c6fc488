-- One row is a model that a suite asks, represented by its primary variant, with what a slice may ask of it.
-- family: what its publisher sells it as, all sizes and years together; null where the entry does not say
-- size_band: active parameters: <=1B, 1-4B, 4-10B, 10-40B, 40-130B, >130B; api where the provider runs it; unknown
-- assert unique: suite, model
SELECT asked.suite, entry.model, entry.variant, entry.name, entry.family, entry.organisation, entry.organisation_name,
  entry.origin, entry.origin_countries, coalesce(entry.origin_name, 'unknown') AS origin_name, entry.origin_disputed,
  entry.origin_base, entry.origin_teacher, entry.licence, entry.licence_class, entry.lineage_class,
  entry.lineage_differs, entry.commercial_use, entry.lineage_commercial_use, entry.access, entry.kind, entry.dtype,
  entry.quantisation, entry.weights_note, entry.total_b, entry.active_b, entry.released,
  CASE
    WHEN entry.access = 'api' THEN 'api'
    WHEN entry.active_b <= 1 THEN '<=1B'
    WHEN entry.active_b <= 4 THEN '1-4B'
    WHEN entry.active_b <= 10 THEN '4-10B'
    WHEN entry.active_b <= 40 THEN '10-40B'
    WHEN entry.active_b <= 130 THEN '40-130B'
    WHEN entry.active_b > 130 THEN '>130B'
    ELSE 'unknown'
  END AS size_band
FROM (SELECT DISTINCT suite, model, variant FROM model.job_state WHERE wanted) AS asked
JOIN model.entry AS entry USING (model, variant)
WHERE entry.is_primary
