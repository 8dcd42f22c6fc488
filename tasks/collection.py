"""Delete what compaction has made superfluous: a run's own objects, then the files of superseded manifests.

Nothing beyond the gate's log is touched, nor what the gate set aside, nor what no published snapshot includes.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from standings.compacted import SCHEMAS
from standings.suite import Record
from tasks.cache import behind
from tasks.faults import reach
from tasks.inbox import INBOX, RunKey
from tasks.inspection import started
from tasks.lake import Lake
from tasks.parallel import each
from tasks.parquet import Faulty
from tasks.reading import View
from tasks.segments import COMPACTED, MANIFESTS, Manifest, Shard, read_file, read_manifest
from tasks.snapshots import latest
from tasks.snapshots import read_manifest as read_snapshot
from tasks.store import Entry, Missing, Store

GRACE = timedelta(days=1)  # a reader may hold a superseded manifest so long
ORPHAN_AFTER = timedelta(days=7)  # a compactor gives up long before its files are so old
Row = dict[str, Any]


class Collected(Record):
    """What a collection deleted, and what it had to leave."""

    originals: int  # objects of runs that are compacted and published
    superseded: int  # compacted files and manifests that newer ones replaced
    bytes: int  # that both took
    unpublished: int  # compacted runs that no published snapshot includes: their objects stay
    rotten: dict[str, str]  # key of a compacted file that can't be read to why: the objects of its runs stay


def collect(lake: Lake, now: datetime) -> Collected:
    """Delete the objects of runs that are compacted and in the published snapshot, and superseded files.

    Each compacted file is read and verified again before an object that it replaces is deleted. Safe beside writers,
    gates, compactors and other collectors, and beside readers: one that finds an object gone reads the newest manifest.
    """
    store = behind(lake.store)
    view = Lake(store).view()
    held = {RunKey(row["job_id"], row["run_id"]): row for row in view.compacted.held()}
    published = _published(store)
    ready = {key: row for key, row in held.items() if published(row)}
    rotten: dict[str, str] = {}
    originals = _delete_originals(view, ready, rotten)
    reach("collect.after_originals")
    superseded = _delete_superseded(store, view.compacted.manifest, now)
    return Collected(
        originals=len(originals),
        superseded=len(superseded),
        bytes=sum(originals) + sum(superseded),
        unpublished=len(held) - len(ready),
        rotten=rotten,
    )


def _published(store: Store) -> Callable[[Row], bool]:
    """Return what tells whether the newest snapshot includes a run."""
    pointer = latest(store)
    if pointer is None:
        return lambda _: False
    # Readers may be held at an older one; what was built last is published as well, and has all that that has.
    inputs = read_snapshot(store, pointer.front.id)[0].inputs
    left_out = set(inputs.left_out)
    return lambda row: row["admitted_seq"] <= inputs.watermark and row["run_id"] not in left_out


def _delete_originals(view: View, ready: Mapping[RunKey, Row], rotten: dict[str, str]) -> list[int]:
    """Delete objects shard by shard, each verified first; return their sizes."""
    objects: dict[int, list[Entry]] = defaultdict(list)
    shards: dict[int, Shard] = {}
    for entry in view.store.list(INBOX):
        key = RunKey.named_by(entry.key)
        if key is not None and (row := ready.get(key)):
            shard = view.compacted.shard(row)
            assert shard is not None, f"{entry.key} is compacted and in no shard"
            shards[id(shard)] = shard
            objects[id(shard)].append(entry)
    deleted: list[int] = []
    for number, entries in objects.items():
        if _is_sound(view.store, shards[number], rotten):
            deleted += _delete(view.store, entries, lambda: reach("collect.in_originals"))
    return deleted


def _is_sound(store: Store, shard: Shard, rotten: dict[str, str]) -> bool:
    """Read a shard's files as they lie in the store."""
    sound = True
    for name, file in shard.files.items():
        try:
            read_file(store, name, file)
        except (Faulty, Missing) as error:
            rotten[file.key] = str(error)
            sound = False
    return sound


def _delete_superseded(store: Store, newest: Manifest, now: datetime) -> list[int]:
    """Delete what only manifests name that were superseded long ago, those manifests, and what dead attempts left."""
    listed = list(store.list(MANIFESTS))
    manifests = each(lambda entry: _manifest(store, entry.key), listed)
    needed, old, past = {file.key for segment in newest.segments for file in segment.files}, set[str](), list[Entry]()
    for (entry, manifest), (_, successor) in pairwise(zip(listed, manifests, strict=True)):
        if manifest is None or successor is None or manifest.number >= newest.number:
            continue
        named = {file.key for segment in manifest.segments for file in segment.files}
        if now - successor.made_at > GRACE:
            old |= named
            past.append(entry)
        else:
            needed |= named
    files = [entry for name in SCHEMAS for entry in store.list(f"{COMPACTED}{name}/") if entry.key not in needed]
    gone = [entry for entry in files if entry.key in old or now - _began(entry.key) > ORPHAN_AFTER]
    # Manifests last: a file that no manifest names any more would wait for a week.
    return _delete(store, gone, lambda: reach("collect.in_files")) + _delete(store, past)


def _manifest(store: Store, key: str) -> Manifest | None:
    try:
        return read_manifest(store, key)
    except Missing:  # another collector was faster
        return None


def _began(key: str) -> datetime:
    """Return when the attempt began that put a file."""
    return started(key.rpartition("/")[2][:36])


def _delete(store: Store, entries: Sequence[Entry], after_first: Callable[[], None] = lambda: None) -> list[int]:
    """Delete objects and return their sizes."""
    for entry in entries[:1]:
        store.delete(entry.key)
        after_first()
    each(lambda entry: store.delete(entry.key), entries[1:])
    return [entry.bytes for entry in entries]
