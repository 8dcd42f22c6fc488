-- One row is a job that is not worth asking: a standing rule that nobody lifted would withdraw its next run too.
-- What a rule asks of the machine is not known before a run: such a rule is held against a job once it has withdrawn a
-- run that came in under it, unless the worker now has another engine version than the rule names.
-- tried_at: when such a run came in; null where no run is needed to know
-- assert unique: job_id
WITH revision AS (
  SELECT variant_id, any_value(revision ORDER BY known_from DESC) AS revision
  FROM raw.models WHERE variant_id IS NOT NULL GROUP BY variant_id
), lock AS (
  SELECT benchmark_id, any_value(lock) AS lock FROM raw.run GROUP BY benchmark_id
), job AS (
  SELECT wanted.job_id, wanted.benchmark_id, wanted.model, revision.revision, lock.lock
  FROM (SELECT DISTINCT job_id, benchmark_id, model, variant_id FROM raw.wanted WHERE job_id IS NOT NULL) AS wanted
  LEFT JOIN revision ON revision.variant_id = wanted.variant_id
  LEFT JOIN lock ON lock.benchmark_id = wanted.benchmark_id
), foreseen AS (
  SELECT job.job_id, rule.rule_id, rule.verdict, rule.reason, rule.who, rule.decided_at
  FROM model.rule AS rule JOIN job
    ON (rule.benchmark_ids IS NULL OR list_contains(rule.benchmark_ids, job.benchmark_id))
    AND (rule.model IS NULL OR rule.model = job.model)
    AND (rule.revision IS NULL OR rule.revision = job.revision)
    AND (rule.lock IS NULL OR rule.lock = job.lock)
  WHERE rule.standing AND NOT (rule.verdict = 'withdrawn' AND rule.on_machine)
    AND coalesce(rule.finished_after <= getvariable('now'), true)
    AND coalesce(rule.finished_before > getvariable('now'), true)
  QUALIFY row_number() OVER (
    PARTITION BY job.job_id
    ORDER BY rule.decided_at DESC, list_position(['withdrawn', 'suspect', 'cleared'], rule.verdict), rule.rule_id
  ) = 1
), tried AS (
  SELECT attempt.job_id, attempt.rule_id, attempt.verdict_reason AS reason, attempt.verdict_who AS who,
    attempt.verdict_at AS decided_at, attempt.withdrawn_at AS tried_at
  FROM model.attempt AS attempt JOIN model.rule AS rule ON rule.rule_id = attempt.rule_id
  WHERE attempt.again AND attempt.verdict = 'withdrawn'
    AND coalesce(rule.engine_version = getvariable('image'), true)
  QUALIFY row_number() OVER (PARTITION BY attempt.job_id ORDER BY attempt.admitted_seq DESC) = 1
)
SELECT job_id, rule_id, reason, who, decided_at, NULL::TIMESTAMPTZ AS tried_at FROM foreseen WHERE verdict = 'withdrawn'
UNION ALL
SELECT tried.job_id, tried.rule_id, tried.reason, tried.who, tried.decided_at, tried.tried_at
FROM tried ANTI JOIN foreseen ON foreseen.job_id = tried.job_id AND foreseen.verdict = 'withdrawn'
