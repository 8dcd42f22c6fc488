-- One row is one number for a model in a benchmark: measured here, measured elsewhere, or reported. They stand side by
-- side and are never pooled: no rank, index or interval of the board reads a number that is not measured here. A number
-- of others is about a benchmark of ours only where it names the same lm-eval task, metric, filter and document limit;
-- it then has a row for each benchmark that does. The others are kept as told, with no suite and no benchmark.
-- evidence: measured (a run that counts), measured_elsewhere (a harness that others ran), reported (published)
-- suite: null where the number is about no benchmark of ours
-- model: null where it is not certain which model of the registry is meant
-- variant: ours; null for a number of others, which names none
-- score [share]: value as a share; null where its unit is not certain
-- stderr [share]: standard error as the source gives it
-- shots: examples in the prompt; null where it is not said, or left to the task
-- measured [share]: what we measured of the model's primary variant in the same benchmark, beside a number of others
-- difference [points]: the number of others less ours
-- comparability: what is in the way of comparing it with ours (docs/import.md); shots_differ
--    and suspect (ruled so, by a verdict) are said here
-- n: documents behind the value; null where it is not said
-- n_correct: ones among the outcomes, where the metric is a 0/1 metric and they are known
-- metric: as lm-eval, or the source of a number of others, calls it
-- filter: lm-eval's
-- task: lm-eval task; null where it is not certain which one was asked
-- document_limit: only so many first documents were asked
-- revision: commit of the model that was asked, or the branch or tag as a source names it
-- harness: what measured it
-- settings: ours: the protocol, canonical JSON; of others: what else the source says of how it was asked
-- source: where a number of others is from
-- assert unique: suite, benchmark, run_id, reported_id
-- assert not null: evidence
-- assert rows: (evidence = 'measured') = (reported_id IS NULL)
-- assert rows: difference IS NULL OR evidence <> 'measured'
WITH latest AS (
  FROM raw.reported
  QUALIFY row_number() OVER (PARTITION BY reported_id ORDER BY known_from DESC, file_sha256) = 1
), ours AS (
  SELECT result.*, TRY_CAST(json_extract_string(result.protocol, '$.shots') AS BIGINT) AS shots
  FROM leaderboard.results AS result
), told AS (
  SELECT latest.* EXCLUDE (stderr), benchmark.suite, benchmark.benchmark,
    CASE latest.unit WHEN 'share' THEN latest.value WHEN 'percent' THEN latest.value / 100 END AS score,
    CASE latest.unit WHEN 'share' THEN latest.stderr WHEN 'percent' THEN latest.stderr / 100 END AS stderr
  FROM latest
  LEFT JOIN model.benchmark AS benchmark ON benchmark.task = latest.task AND benchmark.metric = latest.metric
    AND benchmark.filter = coalesce(latest.filter, 'none')
    AND benchmark.document_limit IS NOT DISTINCT FROM latest.document_limit
)
SELECT 'measured' AS evidence, ours.suite, ours.benchmark, ours.model, ours.variant, ours.name, ours.organisation,
  ours.origin, ours.licence_class, ours.score, ours.score_lo, ours.score_hi, ours.stderr, ours.n_docs AS n,
  ours.n_correct, ours.shots, CAST(NULL AS DOUBLE) AS measured, CAST(NULL AS DOUBLE) AS difference,
  CASE WHEN ours.suspect THEN ['suspect'] ELSE CAST([] AS VARCHAR[]) END AS comparability, ours.task, CAST(NULL AS VARCHAR) AS task_version, ours.metric, ours.filter,
  ours.document_limit, ours.revision, 'lm-eval' AS harness, ours.harness AS harness_version, ours.score AS value,
  'share' AS unit, ours.protocol AS settings, CAST(NULL AS VARCHAR) AS model_told,
  CAST(NULL AS VARCHAR) AS organisation_told, CAST(NULL AS VARCHAR) AS benchmark_told, CAST(NULL AS VARCHAR) AS source,
  CAST(NULL AS VARCHAR) AS source_commit, CAST(ours.finished_at AS DATE) AS date, ours.run_id,
  CAST(NULL AS VARCHAR) AS reported_id
FROM ours
UNION ALL
SELECT told.evidence, told.suite, told.benchmark, told.model, NULL, entry.name, entry.organisation, entry.origin,
  entry.licence_class, told.score, NULL, NULL, told.stderr, told.n, told.n_correct, told.shots, beside.score,
  100 * (told.score - beside.score),
  CASE WHEN told.shots <> beside.shots THEN list_append(told.comparability, 'shots_differ') ELSE told.comparability END,
  told.task, told.task_version, told.metric, told.filter, told.document_limit, told.revision, told.harness,
  told.harness_version, told.value, told.unit, told.settings, told.model_told, told.organisation_told,
  told.benchmark_told, told.source, told.source_commit, told.date, NULL, told.reported_id
FROM told
LEFT JOIN model.entry AS entry ON entry.model = told.model AND entry.is_primary
LEFT JOIN ours AS beside ON beside.model = told.model AND beside.suite = told.suite
  AND beside.benchmark = told.benchmark AND beside.is_primary
ORDER BY suite, benchmark, model, model_told, evidence, variant, source, reported_id, run_id
