"""Collect old snapshots: delete those that no rule keeps, never one that a publisher or an operator is pointing to.

What is to go is first named in the pointer, then looked at again: who claimed it meanwhile keeps it, and who claims it
later finds it named (tasks/publish.py). A snapshot's manifest goes first, so that what is half deleted is not listed.
"""

import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from standings.retention import Rule, Snapshot, kept
from standings.suite import Record
from tasks.faults import reach
from tasks.snapshots import (
    CLAIM,
    CLAIMED,
    MANIFEST,
    POINTER,
    Collection,
    Pointer,
    key_of,
    manifests,
    objects,
    read_pointer,
)
from tasks.store import Conflict, Store

# Then another may take over. Two clocks that are two hours off, each to its side, take four of these.
ABANDONED = timedelta(hours=6)
ENOUGH = 1800.0  # seconds after which one stops by itself, long before that


class Collecting(RuntimeError):
    """Say that another collection is at it."""


class Collected(Record):
    """What a collection kept, and what it deleted or would."""

    kept: dict[str, str]  # id to why
    collected: dict[str, int]  # id to bytes


@dataclass
class _Found:
    """What lies under one snapshot's folder."""

    bytes: int = 0
    whole: bool = False
    claimed_at: datetime | None = None

    def add(self, name: str, size: int) -> None:
        """Add an object; names come in order, and so the last claim last."""
        self.bytes += size
        self.whole = self.whole or name == MANIFEST
        if name.startswith(CLAIM):
            stamp = name.removeprefix(CLAIM).partition("-")[0]
            self.claimed_at = datetime.strptime(stamp, CLAIMED).replace(tzinfo=UTC)


def collect(store: Store, rule: Rule, now: datetime, *, dry_run: bool = False) -> Collected:
    """Delete the snapshots that `rule` doesn't keep; `dry_run` only says which. Raises Collecting."""
    began = time.monotonic()
    while True:
        current, body = read_pointer(store)
        if current is None:
            return Collected(kept={}, collected={})
        _require_alone(current, now, dry_run)
        first = _survey(store, current, rule, now)
        if dry_run or not (first.collected or current.collection):
            return first
        mine = Collection(ids=tuple(first.collected), since=now)
        try:
            store.swap(POINTER, current.moved(collection=mine).json_bytes(), body)
        except Conflict:
            continue
        reach("gc.after_mark")
        again = _survey(store, current, rule, now)
        gone = {snapshot: size for snapshot, size in again.collected.items() if snapshot in mine.ids}
        for snapshot in gone:
            _delete(store, snapshot, began)
        _unmark(store, mine)
        return Collected(kept=again.kept, collected=gone)


def _require_alone(current: Pointer, now: datetime, dry_run: bool) -> None:
    running = current.collection
    if running and running.since > now - ABANDONED and not dry_run:
        told = f"another collection runs since {running.since:%Y-%m-%d %H:%M} UTC"
        raise Collecting(f"{told}. If it died, another can take over {ABANDONED.seconds // 3600} hours after that")


def _survey(store: Store, current: Pointer, rule: Rule, now: datetime) -> Collected:
    found: dict[str, _Found] = {}
    for snapshot, name, size in objects(store):
        found.setdefault(snapshot, _Found()).add(name, size)
    whole = manifests(store, [snapshot for snapshot, it in found.items() if it.whole])
    made = {it.id: it.made_at for it in whole}
    known = [
        Snapshot(id=snapshot, made_at=made.get(snapshot), claimed_at=it.claimed_at, whole=snapshot in made)
        for snapshot, it in found.items()
    ]
    whys = kept(known, _used(current), rule, now)
    return Collected(
        kept=whys, collected={snapshot: it.bytes for snapshot, it in found.items() if snapshot not in whys}
    )


def _used(current: Pointer) -> dict[str, str]:
    waiting = {current.hold.next.id: "waits behind a hold"} if current.hold else {}
    return {**waiting, current.id: "readers are held at it" if current.hold else "readers have it"}


def _delete(store: Store, snapshot: str, began: float) -> None:
    names = [entry.key.rpartition("/")[2] for entry in store.list(key_of(snapshot, ""))]
    for name in sorted(names, key=lambda name: (name != MANIFEST, name.startswith(CLAIM), name)):
        if time.monotonic() - began > ENOUGH:
            raise Collecting(f"stopped after {ENOUGH / 60:.0f} minutes, before another takes over. Run it again")
        store.delete(key_of(snapshot, name))
        reach("gc.in_deletion")


def _unmark(store: Store, mine: Collection) -> None:
    """Take one's own mark away, whatever else has changed in the pointer."""
    while True:
        current, body = read_pointer(store)
        if current is None or current.collection != mine:
            return
        with contextlib.suppress(Conflict):
            store.swap(POINTER, current.moved(collection=None).json_bytes(), body)
            return
