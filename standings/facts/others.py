"""What others published or measured."""

import pyarrow as pa

from standings.facts.schema import FLAG, INT, NULLABLE, REAL, TEXT, UTC, schema

# One row is one version of a number that somebody else published or measured: never pooled with ours.
REPORTED = schema(
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
