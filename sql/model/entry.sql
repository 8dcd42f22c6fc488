-- One row is a variant that is in the registry now, as its entry was last written.
-- assert unique: model, variant
WITH latest AS (
  FROM raw.models
  QUALIFY row_number() OVER (PARTITION BY model, variant ORDER BY known_from DESC, valid_from DESC) = 1
)
SELECT * EXCLUDE (removed) FROM latest WHERE NOT removed
