-- One row is one version of a variant's registry entry.
FROM lake.models
