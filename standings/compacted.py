"""Say how facts lie in compacted files: the same rows, a prompt's text once, and beside them what is derived.

Nothing is lost: `put_back` of what `take_out` gave is the table it was given, cell for cell.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings.facts.rulings import ADMISSIONS
from standings.facts.runs import RUN, SAMPLES, SCORES
from standings.facts.schema import FLAG, INT, REAL, TEXT

# One row is one prompt; a file has each once.
PROMPTS = pa.schema([pa.field("prompt_hash", TEXT, nullable=False), pa.field("prompt", TEXT, nullable=False)])
# A prompt that is not the text of its hash stays in its row, as it was found.
SLIM_SAMPLES = SAMPLES.append(pa.field("has_prompt", FLAG, nullable=False))
# One row is one outcome of one document, by one metric as one filter reads the answer: derived from samples.
OUTCOMES = pa.schema(
    [
        pa.field("run_id", TEXT, nullable=False),
        pa.field("task", TEXT, nullable=False),
        pa.field("doc_hash", TEXT, nullable=False),
        pa.field("repeat", INT, nullable=False),
        pa.field("filter", TEXT, nullable=False),
        pa.field("metric", TEXT, nullable=False),
        pa.field("outcome", REAL, nullable=True),
    ]
)
# Rows of the gate's log, each with the shard that holds its run; null where the run was set aside or is not readable.
# Derived from the run: whether it succeeded and is for the board; null where it is in no shard, or in an older file.
PLACES = ADMISSIONS.append(pa.field("shard", INT, nullable=True)).append(pa.field("succeeded", FLAG, nullable=True))
SCHEMAS: dict[str, pa.Schema] = {
    "admissions": PLACES,
    "run": RUN,
    "scores": SCORES,
    "samples": SLIM_SAMPLES,
    "prompts": PROMPTS,
    "outcomes": OUTCOMES,
}
_PAIRS = pa.list_(pa.struct([pa.field("key", TEXT, nullable=False), pa.field("value", REAL)]))


def succeeded(run: Mapping[str, Any]) -> bool:
    """Say whether a run is one of those that may count: unless it is ruled on, or another of its job came first."""
    return run["status"] == "succeeded" and run["purpose"] == "board" and run["job_id"] is not None


def take_out(samples: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return samples without the prompts that lie under their own hash, and those prompts, each once."""
    texts: dict[str, str] = {}
    kept: list[bool] = []
    for name, text in zip(samples["prompt_hash"].to_pylist(), samples["prompt"].to_pylist(), strict=True):
        right = text is not None and (texts.get(name) == text or hashlib.sha256(text.encode()).hexdigest() == name)
        if right:
            texts[name] = text
        kept.append(right)
    has = pa.array(kept, FLAG)
    bare = pc.if_else(has, pa.scalar(None, TEXT), samples["prompt"])
    slim = samples.set_column(SAMPLES.get_field_index("prompt"), SAMPLES.field("prompt"), bare)
    slim = pa.table([*slim.columns, has], schema=SLIM_SAMPLES)
    prompts = pa.table([pa.array(texts, TEXT), pa.array(texts.values(), TEXT)], schema=PROMPTS)
    return slim, prompts.sort_by("prompt_hash")


def put_back(slim: pa.Table, prompts: pa.Table) -> pa.Table:
    """Return samples as `take_out` was given them. Raises ValueError where a prompt is not there."""
    found = pc.index_in(slim["prompt_hash"], value_set=prompts["prompt_hash"].combine_chunks())
    lacking = pc.sum(pc.and_(slim["has_prompt"], pc.is_null(found))).as_py()
    if lacking:
        raise ValueError(f"{lacking} samples name a prompt that is not there")
    index = pc.if_else(slim["has_prompt"], found, pa.scalar(None, pa.int32()))
    texts = pc.if_else(slim["has_prompt"], prompts["prompt"].take(index), slim["prompt"])
    full = slim.drop_columns("has_prompt")
    return full.set_column(SAMPLES.get_field_index("prompt"), SAMPLES.field("prompt"), texts).cast(SAMPLES)


def outcomes_of(samples: pa.Table) -> pa.Table:
    """Derive the outcomes of samples, slim or whole: one row a document, repeat, filter and metric, in their order."""
    if not samples.num_rows:
        return OUTCOMES.empty_table()
    # list_parent_indices of a map ends the process, in pyarrow 26
    pairs = samples["outcomes"].combine_chunks().cast(_PAIRS)
    rows, flat = pc.list_parent_indices(pairs), pairs.flatten()
    columns = [samples[name].take(rows) for name in ("run_id", "task", "doc_hash", "repeat", "filter")]
    return pa.table([*columns, flat.field("key"), flat.field("value")], schema=OUTCOMES)
