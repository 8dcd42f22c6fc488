-- One row is a job that a suite asks or has asked of a variant, and what became of it. This file alone decides that.
-- Of a job's runs the first admitted that succeeded and is not withdrawn counts; a later one never displaces it.
-- Failures are held against a job since it was last reset: by an operator's retry, or by withdrawing its run.
-- An infrastructure failure is tried again at once, then after 5, 10, 20, … minutes, three times a night (noon to noon
-- UTC, so that no night is cut in two) and six in all. What ran out of memory is tried again where a pool has more than it
-- outgrew, until it has failed six times. Other failures stay, but for a new worker image and, once, a new hub token.
-- A job whose next run a standing rule would withdraw too is blocked; where that showed only by a run, it has failed.
-- wanted: it is what is asked now; false for an older epoch, revision or protocol of a cell
-- state: counted, missing, waiting, failed, given_up or blocked
-- run_id: run that counts
-- suspect: the run that counts is ruled suspect
-- attempts: admitted attempts ever; cancelled ones are none
-- failures: failed attempts since the last reset
-- outgrown [bytes]: most memory, of all its devices, that it ran out of since then; null: of none, or nobody knows
-- reason: why the last attempt failed, a word of standings.failure; or why the cell is blocked
-- detail: what happened, in a sentence
-- next_at: when a waiting job is due
-- why: state in a sentence, for the plan
-- verdict: ruling on the run that counts; else withdrawn, where a run of it was, or where a standing rule blocks it
-- verdict_reason: why it was ruled so
-- verdict_who: who ruled
-- verdict_at: when
-- assert unique: suite, benchmark, model, variant, job_id
-- assert rows: state <> 'counted' OR run_id IS NOT NULL
WITH latest AS (
  FROM raw.wanted
  QUALIFY row_number() OVER (PARTITION BY suite, benchmark, model, variant, job_id ORDER BY known_from DESC) = 1
), newest AS (
  SELECT suite, benchmark, model, variant,
    first({job_id: job_id, removed: removed} ORDER BY known_from DESC, job_id DESC NULLS LAST) AS job
  FROM latest GROUP BY suite, benchmark, model, variant
), asked AS (
  SELECT latest.*, version.epoch, latest.job_id IS NOT DISTINCT FROM newest.job.job_id AS wanted,
    newest.job.removed AS gone
  FROM latest JOIN newest USING (suite, benchmark, model, variant)
  LEFT JOIN model.benchmark_version AS version USING (suite, benchmark, benchmark_id)
), counted AS (
  SELECT job_id, run_id, admitted_seq, verdict, verdict_reason, verdict_who, verdict_at
  FROM model.attempt WHERE status = 'succeeded' AND withdrawn_at IS NULL
  QUALIFY row_number() OVER (PARTITION BY job_id ORDER BY admitted_seq) = 1
), retry AS (
  SELECT target AS job_id, max(decided_at) AS retried_at, arg_max(reason, decided_at) AS retried_for
  FROM raw.decisions WHERE decision = 'retry' GROUP BY target
), history AS (
  SELECT job_id, count(*) AS attempts FROM model.attempt GROUP BY job_id
), withdrawn AS (
  SELECT job_id, max(withdrawn_at) AS withdrawn_at,
    arg_max({reason: verdict_reason, who: verdict_who, decided_at: verdict_at}, withdrawn_at) AS withdrawal
  FROM model.attempt WHERE withdrawn_at IS NOT NULL GROUP BY job_id
), failed AS (
  SELECT attempt.*,
    date_trunc('day', attempt.ended_at - INTERVAL 12 HOUR) = date_trunc('day', getvariable('now') - INTERVAL 12 HOUR) AS tonight
  FROM model.attempt AS attempt
  LEFT JOIN retry USING (job_id)
  LEFT JOIN withdrawn USING (job_id)
  WHERE attempt.status = 'failed'
    AND attempt.admitted_at > coalesce(greatest(retry.retried_at, withdrawn.withdrawn_at), '-infinity'::TIMESTAMPTZ)
), trouble AS (
  SELECT job_id, count(*) AS failures, count(*) FILTER (reason = 'infrastructure') AS outages,
    count(*) FILTER (reason = 'infrastructure' AND tonight) AS outages_tonight,
    count(*) FILTER (reason = 'gated') AS refusals,
    max(greatest(devices, 1) * device_memory) FILTER (reason = 'too_large') AS outgrown,
    arg_max(reason, admitted_seq) AS reason, arg_max_null(detail, admitted_seq) AS detail,
    arg_max_null(engine_version, admitted_seq) AS engine_version, max(ended_at) AS ended_at
  FROM failed GROUP BY job_id
), due AS (
  SELECT *, CASE WHEN reason = 'infrastructure' THEN greatest(
    ended_at + to_minutes(CASE WHEN outages = 1 THEN 0 ELSE (5 * 2 ** (outages - 2))::BIGINT END),
    CASE WHEN outages_tonight >= 3 THEN date_trunc('day', getvariable('now') - INTERVAL 12 HOUR) + INTERVAL 36 HOUR END
  ) END AS next_at
  FROM trouble
), judged AS (
  SELECT asked.* REPLACE (coalesce(asked.blocked, CASE WHEN doomed.rule_id IS NOT NULL AND doomed.tried_at IS NULL
      THEN 'a standing rule withdraws its runs: ' || doomed.reason END) AS blocked),
    counted.run_id, counted.admitted_seq, coalesce(history.attempts, 0) AS attempts,
    coalesce(due.failures, 0) AS failures, due.outgrown, due.reason, due.detail, due.outages, due.next_at,
    retry.retried_at, retry.retried_for, withdrawn.withdrawn_at, withdrawn.withdrawal.reason AS withdrawn_for,
    CASE
      WHEN counted.run_id IS NOT NULL
        THEN {verdict: counted.verdict, reason: counted.verdict_reason, who: counted.verdict_who,
          decided_at: counted.verdict_at}
      WHEN doomed.rule_id IS NOT NULL
        THEN {verdict: 'withdrawn', reason: doomed.reason, who: doomed.who, decided_at: doomed.decided_at}
      WHEN withdrawn.withdrawn_at IS NOT NULL THEN {
        verdict: 'withdrawn', reason: withdrawn.withdrawal.reason, who: withdrawn.withdrawal.who,
        decided_at: withdrawn.withdrawal.decided_at
      }
    END AS ruling,
    CASE
      WHEN counted.run_id IS NOT NULL THEN 'counted'
      WHEN asked.job_id IS NULL OR asked.blocked IS NOT NULL THEN 'blocked'
      WHEN doomed.rule_id IS NOT NULL AND doomed.tried_at IS NULL THEN 'blocked'
      WHEN due.reason IS NULL AND doomed.tried_at > coalesce(retry.retried_at, '-infinity'::TIMESTAMPTZ) THEN 'failed'
      WHEN due.reason IS NULL THEN 'missing'
      WHEN due.reason = 'infrastructure' AND due.outages >= 6 THEN 'given_up'
      WHEN due.reason = 'infrastructure' AND due.next_at > getvariable('now') THEN 'waiting'
      WHEN due.reason = 'infrastructure' THEN 'missing'
      WHEN due.reason = 'too_large' AND due.failures < 6 AND due.outgrown < getvariable('largest') THEN 'missing'
      WHEN due.reason = 'unsupported' AND due.engine_version <> getvariable('image') THEN 'missing'
      WHEN due.reason = 'gated' AND due.refusals < 2 AND coalesce(getvariable('token'), false) THEN 'missing'
      ELSE 'failed'
    END AS state
  FROM asked
  LEFT JOIN counted USING (job_id) LEFT JOIN history USING (job_id)
  LEFT JOIN withdrawn USING (job_id) LEFT JOIN retry USING (job_id) LEFT JOIN due USING (job_id) LEFT JOIN model.doomed_job AS doomed USING (job_id)
  WHERE NOT asked.gone AND (asked.job_id IS NOT NULL OR asked.wanted)
), revision AS (
  SELECT variant_id, any_value(revision ORDER BY known_from DESC) AS revision
  FROM raw.models WHERE variant_id IS NOT NULL GROUP BY variant_id
), earlier AS (
  SELECT suite, benchmark, model, variant,
    arg_max({job_id: job_id, epoch: epoch, benchmark_id: benchmark_id, variant_id: variant_id}, known_from) AS job
  FROM judged WHERE state = 'counted' AND NOT wanted GROUP BY ALL
)
SELECT judged.suite, judged.benchmark, judged.benchmark_id, judged.epoch, judged.model, judged.variant,
  judged.variant_id, judged.job_id, judged.kind, judged.protocol, judged.wanted, judged.known_from, judged.state,
  judged.run_id, judged.admitted_seq,
  coalesce(judged.run_id IS NOT NULL AND judged.ruling.verdict = 'suspect', false) AS suspect,
  judged.attempts, judged.failures, judged.outgrown,
  CASE judged.state WHEN 'blocked' THEN judged.blocked WHEN 'counted' THEN NULL ELSE judged.reason END AS reason,
  CASE WHEN judged.state <> 'counted' THEN judged.detail WHEN suspect THEN judged.ruling.reason END AS detail,
  CASE judged.state WHEN 'waiting' THEN judged.next_at END AS next_at,
  CASE
    WHEN judged.state = 'counted' THEN 'counted'
    WHEN judged.state = 'blocked' THEN coalesce(judged.blocked, 'no job')
    WHEN judged.state = 'given_up' THEN 'given up after ' || judged.outages || ' infrastructure failures'
    WHEN judged.state = 'failed' AND judged.reason IS NULL
      THEN 'a standing rule withdrew its last run too: ' || judged.ruling.reason
    WHEN judged.state = 'failed' THEN concat_ws(': ', judged.reason, judged.detail)
    WHEN judged.reason = 'infrastructure' THEN
      'infrastructure failure, ' || ['second', 'third', 'fourth', 'fifth', 'sixth'][judged.outages] || ' try'
    WHEN judged.reason = 'too_large' THEN 'the next larger pool'
    WHEN judged.reason = 'unsupported' THEN 'the worker image has changed'
    WHEN judged.reason = 'gated' THEN 'a hub token is configured'
    WHEN judged.withdrawn_at > coalesce(judged.retried_at, '-infinity'::TIMESTAMPTZ)
      THEN 'withdrawn: ' || judged.withdrawn_for
    WHEN judged.retried_at IS NOT NULL THEN 'retry: ' || judged.retried_for
    WHEN earlier.job IS NULL THEN 'never evaluated'
    WHEN earlier.job.epoch < judged.epoch THEN 'epoch bumped'
    WHEN earlier.job.benchmark_id <> judged.benchmark_id THEN 'benchmark changed'
    WHEN earlier.job.variant_id = judged.variant_id THEN 'protocol changed'
    WHEN old.revision IS DISTINCT FROM new.revision THEN 'new revision'
    ELSE 'variant changed'
  END AS why,
  judged.ruling.verdict AS verdict, judged.ruling.reason AS verdict_reason, judged.ruling.who AS verdict_who,
  judged.ruling.decided_at AS verdict_at
FROM judged
LEFT JOIN earlier USING (suite, benchmark, model, variant)
LEFT JOIN revision AS old ON old.variant_id = earlier.job.variant_id
LEFT JOIN revision AS new ON new.variant_id = judged.variant_id
ORDER BY judged.suite, judged.model, judged.variant, judged.benchmark, judged.known_from
