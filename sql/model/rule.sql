-- One row is a rule, ready to be held against runs.
-- benchmark_ids: versions of benchmarks that it is about, by any name that a suite ever gave them; null: of all
-- on_machine: it asks something of the machine, which is known only once a run is there
-- conditions: all of them, in words
-- assert unique: rule_id
WITH named AS (
  SELECT benchmark_id, suite, benchmark FROM raw.benchmarks UNION SELECT benchmark_id, suite, benchmark FROM raw.run
), versions AS (
  -- A run counts in every suite that asks its job, and suites are renamed: the name that a run carries is one of several.
  SELECT rule.rule_id, list(DISTINCT named.benchmark_id) AS benchmark_ids
  FROM raw.rules AS rule LEFT JOIN named
    ON coalesce(rule.suite = named.suite, true) AND coalesce(rule.benchmark = named.benchmark, true)
  WHERE rule.suite IS NOT NULL OR rule.benchmark IS NOT NULL
  GROUP BY rule.rule_id
)
SELECT rule.*, versions.benchmark_ids,
  coalesce(rule.harness, rule.engine_version, rule.worker, rule.device) IS NOT NULL AS on_machine,
  concat_ws(', ', 'suite ' || rule.suite, 'benchmark ' || rule.benchmark, 'model ' || rule.model,
    'revision ' || rule.revision, 'lock ' || rule.lock, 'harness ' || rule.harness, 'engine ' || rule.engine_version,
    'worker ' || rule.worker, 'device ' || rule.device,
    'finished from ' || strftime(rule.finished_after, '%Y-%m-%d %H:%M:%S UTC'),
    'finished before ' || strftime(rule.finished_before, '%Y-%m-%d %H:%M:%S UTC')) AS conditions
FROM raw.rules AS rule LEFT JOIN versions ON versions.rule_id = rule.rule_id
