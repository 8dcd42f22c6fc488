"""What was decided of runs: the gate's log, verdicts, rules and an operator's acts."""

from standings.facts.schema import FLAG, INT, NULLABLE, TEXT, UTC, schema

# One row is one run that the gate looked at. The log's order is the only clock that decides which run counts.
ADMISSIONS = schema(
    ("admitted_seq", INT, "place in the gate's log, from 1"),
    ("admitted_at", UTC, "when the gate looked"),
    ("job_id", TEXT, "job in the object's key"),
    ("run_id", TEXT, "run in the object's key"),
    ("run_sha256", TEXT, "sha256 of run.parquet as admitted"),
    ("fault", TEXT, "why it was set aside; null where it was admitted", NULLABLE),
)

# One row is a ruling on one run.
VERDICTS = schema(
    ("run_id", TEXT, "run"),
    ("verdict", TEXT, "withdrawn, suspect or cleared"),
    ("reason", TEXT, "why"),
    ("who", TEXT, "person or rule"),
    ("decided_at", UTC, "when"),
)

# One row is a ruling on all runs that match its conditions; a condition that is null is none.
RULES = schema(
    ("rule_id", TEXT, "hash of the rest"),
    ("verdict", TEXT, "withdrawn, suspect or cleared"),
    ("reason", TEXT, "why"),
    ("who", TEXT, "person"),
    ("decided_at", UTC, "when"),
    ("standing", FLAG, "runs that are admitted later are covered too"),
    ("admitted_to", INT, "last place in the gate's log when it was decided: runs up to there are covered"),
    ("suite", TEXT, "suite that asks the run's benchmark", NULLABLE),
    ("benchmark", TEXT, "name of the run's benchmark in a suite", NULLABLE),
    ("model", TEXT, "model id", NULLABLE),
    ("revision", TEXT, "model's revision", NULLABLE),
    ("lock", TEXT, "sha256 of the task's lock: which data set, and how it was asked", NULLABLE),
    ("harness", TEXT, "lm-eval's version", NULLABLE),
    ("engine_version", TEXT, "engine's library and version", NULLABLE),
    ("worker", TEXT, "machine's name", NULLABLE),
    ("device", TEXT, "cpu or the GPU's name", NULLABLE),
    ("finished_after", UTC, "runs that ended then or later", NULLABLE),
    ("finished_before", UTC, "runs that ended before", NULLABLE),
)

# One row is an operator's act.
DECISIONS = schema(
    ("decision", TEXT, "retry, flip_epoch, accept_canary, rollback, release; of a hub's model accept, review, reject"),
    ("target", TEXT, "job_id, suite/benchmark/epoch, run_id, snapshot, or model@commit"),
    ("reason", TEXT, "why"),
    ("who", TEXT, "person, or policy"),
    ("decided_at", UTC, "when"),
    ("kind", TEXT, "how an accepted model is asked: base, instruct or reasoning", NULLABLE),
)
