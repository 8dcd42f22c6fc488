"""Define the lake's fact tables: one Arrow schema each, explicit types, every column with its meaning.

Facts are appended and never edited. A column may be added if it is nullable; nothing is renamed or retyped.
Times are UTC in microseconds. Shares lie in 0 to 1. Identifiers that end in `_id` are lower-case hex of a sha256,
but for `run_id`, a UUIDv7 in its canonical form.
"""

import pyarrow as pa

UTC = pa.timestamp("us", tz="UTC")
STATUSES = ("succeeded", "failed", "cancelled")
PURPOSES = ("board", "canary", "reproduce", "imported")


def _schema(*fields: tuple[str, pa.DataType, str] | tuple[str, pa.DataType, str, bool]) -> pa.Schema:
    """Build a schema whose fields are required unless the fourth item says nullable."""
    return pa.schema(
        pa.field(name, kind, nullable=bool(rest and rest[0]), metadata={"meaning": meaning})
        for name, kind, meaning, *rest in fields
    )


NULLABLE = True
TEXT, INT, REAL, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()

# One row is one attempt at a job. The object is put last: it is the commit record of its siblings.
RUN = _schema(
    ("run_id", TEXT, "UUIDv7 of the attempt"),
    (
        "job_id",
        TEXT,
        "hash of all that could change the answers; null where an imported identity is incomplete",
        NULLABLE,
    ),
    ("purpose", TEXT, "board, canary, reproduce or imported"),
    ("attempt", INT, "1 for the job's first attempt"),
    ("status", TEXT, "succeeded, failed or cancelled"),
    ("reason", TEXT, "why it did not succeed, a word of standings.failure", NULLABLE),
    ("detail", TEXT, "what happened, in a sentence", NULLABLE),
    # The identity, spelled out
    ("model", TEXT, "model id"),
    ("revision", TEXT, "commit sha, sha256:… of the weights, or the API's dated id and asked month", NULLABLE),
    ("variant", TEXT, "variant's name in the registry"),
    ("variant_id", TEXT, "hash of model, revision, precision, engine, reasoning and foreign weights"),
    ("kind", TEXT, "base, instruct, reasoning or api"),
    ("dtype", TEXT, "arithmetic, such as float32", NULLABLE),
    ("quantisation", TEXT, "what the weights were quantised to, such as Q4_K_M", NULLABLE),
    ("engine", TEXT, "hf, vllm or api"),
    ("reasoning", TEXT, "off, on, or a token budget"),
    ("weights", TEXT, "sha256 of the weights manifest where it is not the model's own repository", NULLABLE),
    ("suite", TEXT, "suite's name"),
    ("benchmark", TEXT, "benchmark's name in the suite"),
    ("task", TEXT, "lm-eval task"),
    ("benchmark_id", TEXT, "hash of lock, document limit, seeds and epoch"),
    ("lock", TEXT, "sha256 of the task's lock"),
    ("document_limit", INT, "only so many first documents were asked", NULLABLE),
    ("epoch", INT, "benchmark's counter"),
    ("protocol", TEXT, "how the kind was asked, canonical JSON"),
    # Where it came from; none of it is in the identity
    ("scorer", TEXT, "stock, shared, or none where nothing was scored by log-likelihood", NULLABLE),
    ("scorer_reason", TEXT, "why the shared scorer stepped back", NULLABLE),
    ("harness", TEXT, "lm-eval's version", NULLABLE),
    ("engine_version", TEXT, "engine's library and version", NULLABLE),
    ("torch", TEXT, "torch's version", NULLABLE),
    ("driver", TEXT, "GPU driver", NULLABLE),
    ("device", TEXT, "cpu or the GPU's name", NULLABLE),
    ("threads", INT, "torch threads", NULLABLE),
    ("batch_size", INT, "batch size of the stock path", NULLABLE),
    ("code_sha", TEXT, "commit of this project, +dirty where files differed", NULLABLE),
    ("worker", TEXT, "machine's name", NULLABLE),
    ("started_at", UTC, "when the job began"),
    ("finished_at", UTC, "when it ended"),
    ("seconds", REAL, "wall time of the job, model load not included"),
    ("load_seconds", REAL, "wall time of loading the model, shared by the assignment's jobs", NULLABLE),
    ("tokens_in", INT, "tokens that the model read", NULLABLE),
    ("tokens_out", INT, "tokens that the model wrote", NULLABLE),
    ("forwards", INT, "forward passes of the model", NULLABLE),
    ("documents_attempted", INT, "documents asked", NULLABLE),
    ("documents_scored", INT, "documents with an outcome", NULLABLE),
    ("unanswered", INT, "empty answers and thoughts without one, over all repeats", NULLABLE),
    ("truncated", INT, "answers and thoughts cut at the token budget, over all repeats", NULLABLE),
    # What it commits
    ("scores_sha256", TEXT, "sha256 of scores.parquet", NULLABLE),
    ("scores_rows", INT, "rows of scores.parquet", NULLABLE),
    ("samples_sha256", TEXT, "sha256 of samples.parquet", NULLABLE),
    ("samples_rows", INT, "rows of samples.parquet", NULLABLE),
    # Added later, so last
    (
        "peak_memory",
        INT,
        "bytes that the process had needed at most by the job's end: resident, or reserved on GPUs",
        NULLABLE,
    ),
    ("loaded_sha256", TEXT, "hash of the files that were loaded: file to sha256, as canonical JSON", NULLABLE),
    ("prompts_cut", INT, "prompts that lost their beginning for want of context, over all repeats", NULLABLE),
)

# One row is one metric of one (sub)task of one successful run.
SCORES = _schema(
    ("run_id", TEXT, "run"),
    ("task", TEXT, "lm-eval task, or the group for an aggregate"),
    ("is_aggregate", FLAG, "the group's own row"),
    ("metric", TEXT, "acc, exact_match, …"),
    ("filter", TEXT, "lm-eval's filter, none where there is one way to read an answer"),
    ("value", REAL, "as the harness gives it"),
    ("stderr", REAL, "standard error as the harness gives it", NULLABLE),
    ("n", INT, "outcomes behind the value: documents times repeats"),
    ("n_docs", INT, "documents behind the value"),
    ("repeats", INT, "times each document was asked"),
    ("n_correct", INT, "ones among the outcomes; null where the metric is no 0/1 metric", NULLABLE),
    ("higher_is_better", FLAG, "direction of the metric"),
)

# One row is one document, one repeat, one filter of one run.
SAMPLES = _schema(
    ("run_id", TEXT, "run"),
    ("task", TEXT, "lm-eval task"),
    ("doc_id", INT, "document's place in the task"),
    ("repeat", INT, "0 for the first time it was asked"),
    ("filter", TEXT, "lm-eval's filter"),
    ("doc_hash", TEXT, "sha256 of the document, free of any template"),
    ("prompt_hash", TEXT, "sha256 of the prompt as the model read it"),
    ("target_hash", TEXT, "sha256 of the target"),
    ("prompt", TEXT, "prompt's text, only in the run's first row with this prompt_hash", NULLABLE),
    ("target", TEXT, "right answer as text", NULLABLE),
    (
        "response",
        TEXT,
        "as the model gave it: generated text without its thought, or the choices' log-likelihoods as JSON; in the "
        "first row of a document and repeat",
        NULLABLE,
    ),
    ("answer", TEXT, "generated text as the filter reads it, or the number of the likeliest choice", NULLABLE),
    ("outcomes", pa.map_(TEXT, REAL), "metric to outcome"),
    ("tokens", INT, "tokens of the answer and its thought", NULLABLE),
    ("finish_reason", TEXT, "stop, length, empty, or thought where it was cut in its thought", NULLABLE),
)

# One row is one version of a registry entry's primary or other variant, as sync saw it.
MODELS = _schema(
    ("model", TEXT, "model id"),
    ("variant", TEXT, "variant's name"),
    ("variant_id", TEXT, "null where the entry can't be evaluated for want of a revision", NULLABLE),
    ("is_primary", FLAG, "the variant that represents the model"),
    ("name", TEXT, "name for readers"),
    ("organisation", TEXT, "organisation's id"),
    ("organisation_name", TEXT, "organisation's name"),
    (
        "origin",
        TEXT,
        "releasing organisation's countries, ISO 3166-1 alpha-2, sorted and joined by +; null where no source says",
        NULLABLE,
    ),
    ("origin_countries", pa.list_(TEXT), "the same, one by one"),
    ("origin_name", TEXT, "the countries' names", NULLABLE),
    ("origin_disputed", FLAG, "sources differ"),
    ("origin_note", TEXT, "what is disputed", NULLABLE),
    (
        "origin_base",
        TEXT,
        "origin of the organisations whose weights it carries, joined by +; null where unknown",
        NULLABLE,
    ),
    ("origin_teacher", TEXT, "origin of those whose outputs taught it", NULLABLE),
    ("revision", TEXT, "pinned revision", NULLABLE),
    ("kind", TEXT, "base, instruct, reasoning or api"),
    ("access", TEXT, "weights or api"),
    ("dtype", TEXT, "arithmetic", NULLABLE),
    ("quantisation", TEXT, "what the weights were quantised to", NULLABLE),
    ("engine", TEXT, "hf, vllm or api"),
    ("reasoning", TEXT, "off, on, or a token budget"),
    ("weights", TEXT, "sha256 of the weights manifest where it is not the model's own repository", NULLABLE),
    ("weights_note", TEXT, "what a reader must know of the weights, such as a third party's file", NULLABLE),
    ("licence", TEXT, "licence id as declared", NULLABLE),
    ("licence_class", TEXT, "osi_approved, content, custom_permissive, community, noncommercial, unknown, undeclared"),
    ("commercial_use", FLAG, "null where not known", NULLABLE),
    ("user_cap", FLAG, "a cap on users; null where not known", NULLABLE),
    ("excluded_territories", pa.list_(TEXT), "ISO codes or EU; null where not known", NULLABLE),
    ("naming_duty", FLAG, "derivatives must carry a name", NULLABLE),
    ("covers_outputs", FLAG, "terms reach the model's outputs", NULLABLE),
    ("lineage_class", TEXT, "least open class over the release and the ancestors whose weights it carries"),
    ("lineage_commercial_use", FLAG, "three-valued AND over the same", NULLABLE),
    ("lineage_differs", FLAG, "an ancestor's declared class differs"),
    ("data_open", FLAG, "training data are published", NULLABLE),
    ("code_open", FLAG, "training code is published", NULLABLE),
    ("released", pa.date32(), "day of release, only where a release source says", NULLABLE),
    ("total_b", REAL, "total parameters in billions", NULLABLE),
    ("active_b", REAL, "active parameters in billions", NULLABLE),
    ("blocked", TEXT, "why it can't be evaluated, such as no pinned revision; null where it can", NULLABLE),
    ("removed", FLAG, "the entry has left the registry"),
    ("valid_from", pa.date32(), "day from which the entry holds"),
    ("known_from", UTC, "when sync wrote it"),
    ("family", TEXT, "family of models, all sizes and years together, such as Qwen", NULLABLE),
    ("loaded_b", REAL, "parameters in memory in billions, where the file holds more than the model", NULLABLE),
    ("layers", INT, "layers that keep keys and values", NULLABLE),
    ("kv_values", INT, "values kept of a token in one layer", NULLABLE),
    ("vocabulary", INT, "words that the model tells apart", NULLABLE),
)

# One row is one version of a suite's benchmark.
BENCHMARKS = _schema(
    ("suite", TEXT, "suite's name"),
    ("benchmark", TEXT, "benchmark's name"),
    ("benchmark_id", TEXT, "hash of lock, document limit, seeds and epoch"),
    ("task", TEXT, "lm-eval task"),
    ("title", TEXT, "name for readers"),
    ("category", TEXT, "reasoning, mathematics, tool_use, instruction_following, language, knowledge"),
    ("metric", TEXT, "metric that is the score"),
    ("filter", TEXT, "filter that is the score"),
    ("chance", REAL, "score of a uniform chooser, a share"),
    ("documents", INT, "documents in the task, or the limit"),
    ("document_limit", INT, "only so many first documents are asked", NULLABLE),
    ("epoch", INT, "benchmark's counter"),
    ("released", pa.date32(), "day the benchmark was published", NULLABLE),
    ("licence", TEXT, "licence of its data", NULLABLE),
    ("removed", FLAG, "it has left the suite"),
    ("valid_from", pa.date32(), "day from which the entry holds"),
    ("known_from", UTC, "when sync wrote it"),
)

# One row is one job that the registry and a suite ask for, or a cell that they can't and why.
WANTED = _schema(
    ("suite", TEXT, "suite's name"),
    ("benchmark", TEXT, "benchmark's name"),
    ("benchmark_id", TEXT, "benchmark's hash"),
    ("model", TEXT, "model id"),
    ("variant", TEXT, "variant's name"),
    ("variant_id", TEXT, "null where the entry has no revision", NULLABLE),
    ("job_id", TEXT, "null where the cell can't be asked", NULLABLE),
    ("kind", TEXT, "base, instruct, reasoning or api"),
    ("protocol", TEXT, "canonical JSON; null where the suite has none for this kind", NULLABLE),
    ("blocked", TEXT, "why the cell can't be asked; null where it can", NULLABLE),
    ("removed", FLAG, "no longer asked for"),
    ("valid_from", pa.date32(), "day from which the entry holds"),
    ("known_from", UTC, "when sync wrote it"),
)

# One row is one run that the gate looked at. The log's order is the only clock that decides which run counts.
ADMISSIONS = _schema(
    ("admitted_seq", INT, "place in the gate's log, from 1"),
    ("admitted_at", UTC, "when the gate looked"),
    ("job_id", TEXT, "job in the object's key"),
    ("run_id", TEXT, "run in the object's key"),
    ("run_sha256", TEXT, "sha256 of run.parquet as admitted"),
    ("fault", TEXT, "why it was set aside; null where it was admitted", NULLABLE),
)

# One row is a ruling on one run.
VERDICTS = _schema(
    ("run_id", TEXT, "run"),
    ("verdict", TEXT, "withdrawn, suspect or cleared"),
    ("reason", TEXT, "why"),
    ("who", TEXT, "person or rule"),
    ("decided_at", UTC, "when"),
)

# One row is a ruling on all runs that match its conditions; a condition that is null is none.
RULES = _schema(
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
DECISIONS = _schema(
    ("decision", TEXT, "retry, flip_epoch, rollback or release"),
    ("target", TEXT, "job_id, suite/benchmark/epoch, or snapshot"),
    ("reason", TEXT, "why"),
    ("who", TEXT, "person"),
    ("decided_at", UTC, "when"),
)

# One row is one version of a number that somebody else published or measured: never pooled with ours.
REPORTED = _schema(
    ("reported_id", TEXT, "hash of where in its source the number stands; the latest known_from of it holds"),
    ("evidence", TEXT, "reported (by the model's maker or a board) or measured_elsewhere (a harness that others ran)"),
    ("model", TEXT, "model id in the registry, only where it is certain", NULLABLE),
    ("model_told", TEXT, "model as the source calls it"),
    ("organisation_told", TEXT, "organisation as the source calls it", NULLABLE),
    ("revision", TEXT, "model's revision, as told", NULLABLE),
    ("benchmark_told", TEXT, "benchmark as the source calls it"),
    ("task", TEXT, "lm-eval task, where it is one", NULLABLE),
    ("task_version", TEXT, "task's version, as told", NULLABLE),
    ("is_aggregate", FLAG, "the number is a group's; null where the source does not say", NULLABLE),
    ("metric", TEXT, "metric, as told", NULLABLE),
    ("filter", TEXT, "lm-eval's filter", NULLABLE),
    ("value", REAL, "as told, in `unit`"),
    ("unit", TEXT, "share (0 to 1) or percent; null where it is neither or not certain", NULLABLE),
    ("higher_is_better", FLAG, "direction of the metric", NULLABLE),
    ("stderr", REAL, "standard error as told, in `unit`", NULLABLE),
    ("n", INT, "documents behind the value", NULLABLE),
    ("n_correct", INT, "ones among them, where the metric is a 0/1 metric", NULLABLE),
    ("document_limit", INT, "only so many first documents were asked", NULLABLE),
    ("shots", INT, "examples in the prompt", NULLABLE),
    ("settings", TEXT, "what else the source says of how it was asked", NULLABLE),
    ("harness", TEXT, "what measured it, such as lm-eval", NULLABLE),
    ("harness_version", TEXT, "its version", NULLABLE),
    ("comparability", pa.list_(TEXT), "what is in the way of a comparison, words of standings.importing.marks"),
    ("source", TEXT, "where it is from: an address, or a sentence"),
    ("source_commit", TEXT, "commit of the source at which it was first read so", NULLABLE),
    ("date", pa.date32(), "day it was measured or published, as told", NULLABLE),
    ("format", TEXT, "format of the file that was read"),
    ("file", TEXT, "its name"),
    ("file_sha256", TEXT, "its sha256"),
    ("known_from", UTC, "when it was imported"),
)

SCHEMAS: dict[str, pa.Schema] = {
    "run": RUN,
    "scores": SCORES,
    "samples": SAMPLES,
    "models": MODELS,
    "benchmarks": BENCHMARKS,
    "wanted": WANTED,
    "admissions": ADMISSIONS,
    "verdicts": VERDICTS,
    "rules": RULES,
    "decisions": DECISIONS,
    "reported": REPORTED,
}

# Rows of these are versions of an entry: the latest known_from of a key holds.
KEYS: dict[str, tuple[str, ...]] = {
    "models": ("model", "variant"),
    "benchmarks": ("suite", "benchmark"),
    "wanted": ("suite", "benchmark", "model", "variant"),
    "reported": ("reported_id",),
}


def table(name: str, rows: list[dict[str, object]]) -> pa.Table:
    """Build a fact table from rows; a missing nullable column is null, a missing required one raises."""
    schema = SCHEMAS[name]
    unknown = {key for row in rows for key in row} - set(schema.names)
    if unknown:
        raise ValueError(f"{name}: no such column: {', '.join(sorted(unknown))}")
    made = pa.Table.from_pylist([{**dict.fromkeys(schema.names), **row} for row in rows], schema=schema)
    for field in schema:
        if not field.nullable and made[field.name].null_count:
            raise ValueError(f"{name}.{field.name} is required and null in {made[field.name].null_count} rows")
    return made
