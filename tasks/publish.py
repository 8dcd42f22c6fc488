"""Publish a leaderboard: an immutable snapshot, then one small pointer that is swapped to it.

Each publisher makes sure that its snapshot is whole, then swaps the pointer that it read before; who swapped meanwhile
makes it start over. Who is about to point to a snapshot first leaves a claim, then reads the pointer; who collects old
snapshots first names them in the pointer, then reads the claims. So at least one of the two sees the other, and the
pointer never names half of a snapshot.
"""

import contextlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tasks import machine
from tasks.faults import reach
from tasks.snapshots import (
    BOARD,
    CLAIM,
    CLAIMED,
    FOLDER,
    MANIFEST,
    POINTER,
    Inputs,
    Manifest,
    Pointer,
    Stored,
    Target,
    includes,
    key_of,
    latest,
    read_manifest,
    read_pointer,
)
from tasks.store import Conflict, Store, sha256

LIBRARIES = ("duckdb", "pyarrow")


class BeingCollected(RuntimeError):
    """Say that a snapshot is being deleted, and can't be pointed to."""


def publish(
    store: Store,
    folder: Path,
    inputs: Inputs,
    now: datetime,
    rows: Mapping[str, int] | None = None,
    seen: Target | None = None,
) -> Pointer:
    """Publish the files of a folder as one snapshot, and return the pointer as it then is.

    `rows` says how many rows a file has, `seen` which front the pointer had before the facts were read. The pointer
    moves from there to whatever was read later, and from elsewhere only to a snapshot that has all the facts of the one
    before. Otherwise it stays: where its front has more this one is superseded, and where neither has all of the
    other's facts the caller has to read them again.
    """
    if logs := [*folder.glob("*.wal")]:
        raise ValueError(f"{logs[0]} is there: checkpoint and close the board before it is published, or rows are lost")
    current = latest(store)
    if current is not None and _is_done(current, inputs, seen):
        return current
    claim(store, inputs.id, now)
    while True:
        current, body = read_pointer(store)
        if current is not None:
            require_kept(current, inputs.id)
            if _is_done(current, inputs, seen):
                return current
        target = _target(inputs, _put(store, folder, inputs, now, rows or {}), now)
        try:
            new = _swap(store, current, body, target)
        except Conflict:
            continue
        reach("publish.after_pointer")
        return new


def _is_done(current: Pointer, inputs: Inputs, seen: Target | None) -> bool:
    front = current.front
    return front.id == inputs.id or not (includes(inputs, front) or (seen and front.id == seen.id))


def claim(store: Store, snapshot: str, now: datetime) -> None:
    """Say that one is about to point to a snapshot. Read the pointer after it."""
    store.create(key_of(snapshot, f"{CLAIM}{now.astimezone(UTC):{CLAIMED}}-{uuid.uuid4().hex[:8]}"), b"")


def require_kept(current: Pointer, snapshot: str) -> None:
    """Raise BeingCollected where a collection has chosen the snapshot."""
    if current.collection and snapshot in current.collection.ids:
        told = f"snapshot {snapshot} is being deleted since {current.collection.since:%Y-%m-%d %H:%M} UTC"
        raise BeingCollected(f"{told}. Let `standings snapshot gc` end, or run it to its end, and try again")


def target_of(manifest: Manifest, sha256: str, now: datetime) -> Target:
    """Make what a pointer says of a snapshot."""
    return _target(manifest.inputs, sha256, now)


def _target(inputs: Inputs, sha256: str, now: datetime) -> Target:
    return Target(
        id=inputs.id,
        watermark=inputs.watermark,
        appended=inputs.appended,
        manifest=key_of(inputs.id, MANIFEST),
        manifest_sha256=sha256,
        published_at=now,
    )


def _swap(store: Store, current: Pointer | None, body: bytes | None, target: Target) -> Pointer:
    """Let readers have the snapshot, or let it wait behind a hold."""
    if current is None:
        new = Pointer(**target.model_dump(), seq=1)
    elif current.hold:
        new = current.moved(hold=current.hold.model_copy(update={"next": target}))
    else:
        new = current.moved(**dict(target))
    store.swap(POINTER, new.json_bytes(), body)
    return new


def _put(store: Store, folder: Path, inputs: Inputs, now: datetime, rows: Mapping[str, int]) -> str:
    """Make sure that the whole snapshot is there, the manifest put last; return the manifest's sha256."""
    prefix = f"{FOLDER}{inputs.id}/"
    there = {entry.key.removeprefix(prefix) for entry in store.list(prefix)}
    if MANIFEST not in there:
        reach("publish.before_board")

        def put(name: str) -> Stored:
            return _create_or_keep(store, key_of(inputs.id, name), folder / name, rows.get(name), name in there)

        files = {BOARD: put(BOARD)}
        reach("publish.after_board")
        for name in sorted({path.name for path in folder.iterdir()} - {BOARD}):
            files[name] = put(name)
            reach("publish.after_table")
        made = {library: machine.version(library) or "unknown" for library in LIBRARIES}
        manifest = Manifest(id=inputs.id, inputs=inputs, files=files, made_at=now, made_with=made)
        with contextlib.suppress(Conflict):  # of another publisher, who came at another time
            store.create(key_of(inputs.id, MANIFEST), manifest.json_bytes())
        reach("publish.after_manifest")
    return read_manifest(store, inputs.id)[1]


def _create_or_keep(store: Store, key: str, path: Path, rows: int | None, is_there: bool) -> Stored:
    """Put a file, or keep the one that another publisher of the same inputs put there.

    Two builds of the same rows differ in DuckDB's bytes, so either is right, and the first stays.
    """
    if not is_there:
        with contextlib.suppress(Conflict):
            store.create(key, path)
            return Stored(sha256=sha256(path), bytes=path.stat().st_size, rows=rows)
    body = store.read(key)
    return Stored(sha256=sha256(body), bytes=len(body), rows=rows)
