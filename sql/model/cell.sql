-- One row is a model's score in a benchmark of a suite. A model is represented by its primary variant, declared before
-- it is measured, never by the best of several.
-- assert unique: suite, benchmark, model
SELECT suite, benchmark, category, model, variant, score, n, n_correct, chance, normalised, normalised_lo, normalised_hi,
  run_id, suspect, superseded
FROM model.result WHERE is_primary
