"""Look over a whole lake: what is admitted, set aside, waiting or orphaned, and whether its bytes are still right."""

import uuid
from datetime import UTC, datetime, timedelta

from standings.suite import Record
from tasks import admission, verification
from tasks.lake import INBOX, Lake, RunKey

ORPHAN_AFTER = timedelta(days=7)  # no worker puts its commit record a week after its first object


class Inspection(Record):
    """What a look at the lake found."""

    admitted: int
    set_aside: dict[str, str]  # run_id to why
    compacted: int  # of those admitted
    waiting: tuple[str, ...]  # runs that the gate has not seen yet
    newer: dict[str, str]  # run_id of a waiting run that only a newer version can read to why
    unfinished: tuple[str, ...]  # runs without their commit record: a worker is at it, or died
    orphaned: tuple[str, ...]  # the same, for more than a week
    rotten: dict[str, str]  # run_id of an admitted run to what is wrong with its bytes now; only where all was verified


def inspect(lake: Lake, now: datetime, *, deep: bool = False) -> Inspection:
    """Look at the lake, and with `deep` read and verify every admitted object again. Writes nothing."""
    view = lake.view()
    log = view.log.to_pylist()
    seen = {row["run_id"] for row in log}
    held = {row["run_id"] for row in view.compacted.held()}
    runs = _runs(lake)
    # What a collector has not finished to delete is no orphan.
    without = [key.run_id for key, committed in runs.items() if not committed and key.run_id not in held]
    waiting = tuple(key.run_id for key, committed in runs.items() if committed and key.run_id not in seen)
    orphaned = {run_id for run_id in without if now - started(run_id) > ORPHAN_AFTER}
    return Inspection(
        admitted=sum(row["fault"] is None for row in log),
        compacted=len(held),
        set_aside={row["run_id"]: row["fault"] for row in log if row["fault"] is not None},
        waiting=waiting,
        newer=admission.not_readable_yet(lake) if waiting else {},
        unfinished=tuple(run_id for run_id in without if run_id not in orphaned),
        orphaned=tuple(sorted(orphaned)),
        rotten=verification.rotten(lake) if deep else {},
    )


def started(run_id: str) -> datetime:
    """Return the moment that a UUIDv7 was made at, on its worker's clock."""
    return datetime.fromtimestamp((uuid.UUID(run_id).int >> 80) / 1000, UTC)


def _runs(lake: Lake) -> dict[RunKey, bool]:
    """Find each run in the inbox, and whether it has its commit record."""
    found: dict[RunKey, bool] = {}
    for entry in lake.store.list(INBOX):
        if key := RunKey.named_by(entry.key):
            found[key] = found.get(key, False) or entry.key == key.of("run")
    return found
