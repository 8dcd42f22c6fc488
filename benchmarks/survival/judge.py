"""Compare a lake with what it must hold: acknowledged runs once and whole, others once and whole or not at all."""

import hashlib
import sys
import traceback
from collections import Counter, defaultdict
from collections.abc import Set
from dataclasses import dataclass

from tasks.inspection import inspect
from tasks.lake import Lake
from tasks.snapshots import BOARD, latest, listed, manifests, read_manifest, read_verified
from tasks.store import Missing
from tests.tasks.lakes import everything
from tests.tasks.publishing import board_of
from tests.tasks.runs import NOON

WRONG = ("lost", "doubled", "torn")


@dataclass(frozen=True)
class Look:
    """A run's cells, of every table and in every way of reading."""

    rows: int
    sha256: str


def look(lake: Lake) -> dict[str, Look]:
    """Read all that is admitted, by run."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, table in sorted(everything(lake).items()):
        for row in table.to_pylist():
            if name != "admissions":
                found[row["run_id"]].append(f"{name} {row!r}")
    return {run: Look(len(rows), hashlib.sha256("".join(rows).encode()).hexdigest()) for run, rows in found.items()}


def judge(lake: Lake, right: dict[str, Look], must: Set[str], *, deep: bool = True) -> Counter[str]:
    """Count what is wrong: `right` says how each run looks that may be there, `must` which are to be there.

    `deep` has every object read and verified again, past any cache.
    """
    wrong = Counter[str](dict.fromkeys(WRONG, 0))
    try:
        found = look(lake)
        wrong["lost"] = len(must - found.keys())
        for run, it in found.items():
            if run not in right or it != right[run]:
                what = "doubled" if run in right and it.rows > right[run].rows else "torn"
                print(f"{run} is {what}: {it}, and should be {right.get(run)}", file=sys.stderr)
                wrong[what] += 1
        wrong["torn"] += len(inspect(lake, NOON, deep=deep).rotten) + torn_snapshots(lake)
    except Exception:  # noqa: BLE001 - a reader that can't read is what is looked for
        traceback.print_exc()
        wrong["torn"] += 1
    return wrong


def torn_snapshots(lake: Lake) -> int:
    """Count listed snapshots, and what the pointer names, that are not whole or not what they say."""
    store = lake.store
    pointer = latest(store)
    wrong = 0 if pointer is None else int(read_manifest(store, pointer.id)[1] != pointer.manifest_sha256)
    for manifest in manifests(store, listed(store)):
        try:
            keys = {name: f"snapshots/{manifest.id}/{name}" for name in manifest.files}
            bodies = {name: read_verified(store, key, manifest.files[name].sha256) for name, key in keys.items()}
        except Missing:
            wrong += 1
        else:
            wrong += bodies[BOARD] != board_of(manifest.inputs)
    return wrong
