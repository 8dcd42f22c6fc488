"""What a worker measured: one attempt at a job, its scores, and each document's answer."""

import pyarrow as pa

from standings.facts.schema import FLAG, INT, NULLABLE, REAL, TEXT, UTC, schema

# One row is one attempt at a job. The object is put last: it is the commit record of its siblings.
RUN = schema(
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
    ("pool", TEXT, "pool that it was planned for; `here` where no pools are described", NULLABLE),
    ("devices", INT, "GPUs that it ran on; 0: on the CPU", NULLABLE),
    ("device_memory", INT, "bytes of each of them, or of the machine or its container", NULLABLE),
    ("platform", TEXT, "operating system, Python, and CUDA as torch was built for, such as Linux-6.8 …", NULLABLE),
)

# One row is one metric of one (sub)task of one successful run.
SCORES = schema(
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
SAMPLES = schema(
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
