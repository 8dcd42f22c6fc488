"""Fill a lake with runs of every sort, and say what its facts are."""

import hashlib
import random
from pathlib import Path
from typing import Any

import pyarrow as pa

from standings import facts
from tasks import admission
from tasks.lake import INBOX, Lake
from tasks.refresh import refresh
from tests.tasks import runs
from tests.tasks.runs import NOON

WHOLE = ("run", "scores", "outcomes", "admissions")


def samples(of: dict[str, Any], odd: bool = False) -> pa.Table:
    """Make samples whose prompts lie under their own hash; odd ones repeat one, lack one, or have another's."""
    rows = runs.samples(of).to_pylist()
    for place, row in enumerate(rows):
        row["prompt"] = f"What is {place} + {place}? {of['task']}"
        row["prompt_hash"] = hashlib.sha256(row["prompt"].encode()).hexdigest()
        row["response"], row["tokens"] = f"{of['model']} says {place}", place
    if odd:
        rows[1] |= {"prompt": None, "prompt_hash": rows[0]["prompt_hash"]}
        rows[2] |= {"prompt_hash": "of another harness", "outcomes": [("acc", 1.0), ("f1", None)]}
        rows[3] |= {"prompt": None, "outcomes": []}
    return facts.table("samples", rows)


def put(lake: Lake, number: int, **changes: Any) -> dict[str, Any]:
    """Put a run of one of seven models and three tasks; every fifth is a failed one, every third has odd samples."""
    changes = {"model": f"acme/model-{number % 7}", "task": f"quick_{number % 3}", **changes}
    if number % 5 == 4:
        run = runs.run(status="failed", reason="infrastructure", detail="the disk was full", **changes)
        lake.put_run(run)
        return run
    run = runs.run(seconds=random.Random(number).random(), **changes)
    lake.put_run(run, runs.scores(run), samples(run, odd=number % 3 == 1))
    return run


def everything(lake: Lake) -> dict[str, pa.Table]:
    """Read all that is admitted: whole tables, and each run's samples, outcomes and scores as one asks for them."""
    found = lake.facts(*WHOLE)
    ids = found["run"]["run_id"].to_pylist()
    for name in ("samples", "scores", "outcomes"):
        found[f"{name} by run"] = getattr(lake, name)(*ids)
    return found


def same(one: dict[str, pa.Table], other: dict[str, pa.Table]) -> bool:
    """Tell whether two readings are equal, cell for cell and in the same order."""
    return one.keys() == other.keys() and all(table.equals(other[name]) for name, table in one.items())


def inbox(lake: Lake) -> set[str]:
    """List the runs that have objects in the inbox."""
    return {entry.key.split("/")[3] for entry in lake.store.list(INBOX)}


def fill(lake: Lake, runs: int) -> None:
    """Put runs and admit them."""
    for number in range(runs):
        put(lake, number)
    admission.admit(lake, NOON)


def publish(lake: Lake, root: Path) -> None:
    """Publish what is admitted."""
    refresh(lake, root / "boards", NOON)


def keys(lake: Lake, prefix: str = "") -> list[str]:
    """List the keys that begin so."""
    return [entry.key for entry in lake.store.list(prefix)]
