"""Make runs that the gate admits; a test names only what it changes."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pyarrow as pa

from standings import facts, identity

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
_counter = count(1)


def new_run_id() -> str:
    """Make a UUIDv7 that no other call makes, in any process."""
    return str(uuid.UUID(int=(next(_counter) << 80) | (7 << 76) | (2 << 62) | (uuid.uuid4().int & ((1 << 62) - 1))))


def run(**changes: Any) -> dict[str, Any]:
    """Make a run whose ids are the hashes of what it spells out, whatever is changed of that."""
    row: dict[str, Any] = {
        "run_id": new_run_id(),
        "purpose": "board",
        "attempt": 1,
        "status": "succeeded",
        "model": "acme/tiny-1",
        "revision": "a" * 40,
        "variant": "primary",
        "kind": "instruct",
        "dtype": "float32",
        "engine": "hf",
        "reasoning": "off",
        "suite": "quick",
        "benchmark": "sums",
        "task": "quick_sums",
        "lock": hashlib.sha256(b"sums").hexdigest(),
        "epoch": 1,
        "protocol": '{"output":"multiple_choice"}',
        "scorer": "shared",
        "started_at": NOON,
        "finished_at": NOON + timedelta(minutes=1),
        "seconds": 60.0,
        "documents_attempted": 4,
        "documents_scored": 4,
        **changes,
    }
    variant = identity.variant_id(
        model=row["model"],
        revision=row["revision"],
        dtype=row["dtype"],
        engine=row["engine"],
        quantisation=row.get("quantisation"),
        reasoning=row["reasoning"],
        weights=row.get("weights"),
    )
    benchmark = identity.benchmark_id(lock=row["lock"], document_limit=row.get("document_limit"), epoch=row["epoch"])
    job = identity.job_id(variant=variant, benchmark=benchmark, protocol={"output": "multiple_choice"})
    return {"variant_id": variant, "benchmark_id": benchmark, "job_id": job, **row}


def scores(of: dict[str, Any], **changes: Any) -> pa.Table:
    """Make one score of a run: 3 of 4 right."""
    row = {
        "run_id": of["run_id"],
        "task": of["task"],
        "is_aggregate": False,
        "metric": "acc",
        "filter": "none",
        "value": 0.75,
        "stderr": 0.25,
        "n": 4,
        "n_docs": 4,
        "repeats": 1,
        "n_correct": 3,
        "higher_is_better": True,
        **changes,
    }
    return facts.table("scores", [row])


def samples(of: dict[str, Any], **changes: Any) -> pa.Table:
    """Make the four documents behind `scores`."""
    rows = [
        {
            "run_id": of["run_id"],
            "task": of["task"],
            "doc_id": place,
            "repeat": 0,
            "filter": "none",
            "doc_hash": hashlib.sha256(b"document %d" % place).hexdigest(),
            "prompt_hash": hashlib.sha256(b"prompt %d" % place).hexdigest(),
            "target_hash": hashlib.sha256(b"target %d" % place).hexdigest(),
            "prompt": f"What is {place} + {place}?",
            "outcomes": [("acc", float(place < 3))],
            **changes,
        }
        for place in range(4)
    ]
    return facts.table("samples", rows)
