"""Define the lake's fact tables: one Arrow schema each, explicit types, every column with its meaning.

Facts are appended and never edited. A column may be added if it is nullable; nothing is renamed or retyped.
Times are UTC in microseconds. Shares lie in 0 to 1. Identifiers that end in `_id` are lower-case hex of a sha256,
but for `run_id`, a UUIDv7 in its canonical form.
"""

import pyarrow as pa

from standings.facts.hub import HUB_OBSERVATIONS
from standings.facts.others import REPORTED
from standings.facts.registry import BENCHMARKS, MODELS, WANTED
from standings.facts.rulings import ADMISSIONS, DECISIONS, RULES, VERDICTS
from standings.facts.runs import RUN, SAMPLES, SCORES

STATUSES = ("succeeded", "failed", "cancelled")
PURPOSES = ("board", "canary", "reproduce", "imported")

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
    "hub_observations": HUB_OBSERVATIONS,
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
