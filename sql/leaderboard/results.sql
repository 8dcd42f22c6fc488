-- One row is a variant's score in a benchmark of a suite, primary or not, with where the number comes from.
-- assert unique: suite, benchmark, model, variant
SELECT result.suite, result.benchmark, result.category, result.model, result.variant, result.is_primary, entry.name,
  entry.organisation, entry.origin, entry.licence_class, result.score, result.score_lo, result.score_hi,
  result.interval_from, result.normalised, result.normalised_lo, result.normalised_hi, result.n, result.n_docs,
  result.repeats, result.n_correct, result.stderr, result.chance, result.task, result.metric, result.filter,
  result.document_limit, result.epoch, result.kind, result.protocol, run.revision, run.dtype, run.quantisation,
  run.weights, entry.weights_note, run.reasoning, run.engine, run.engine_version, run.harness, run.scorer,
  run.scorer_reason, run.torch, run.device, run.lock, run.code_sha, run.worker, run.finished_at, run.seconds,
  run.tokens_in, run.tokens_out, run.documents_attempted, run.documents_scored, run.unanswered, run.truncated,
  run.prompts_cut, result.suspect, result.suspect_reason, result.verdict, result.verdict_reason, result.verdict_who,
  result.verdict_at, result.superseded, result.variant_id, result.benchmark_id, result.job_id, result.run_id,
  result.admitted_seq
FROM model.result AS result
JOIN raw.run AS run ON run.run_id = result.run_id
JOIN model.entry AS entry ON entry.model = result.model AND entry.variant = result.variant
ORDER BY result.suite, result.benchmark, result.model, result.variant
