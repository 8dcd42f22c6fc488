"""Publish a leaderboard: an immutable snapshot, then one small pointer that is swapped to it.

| key | object |
| --- | --- |
| `snapshots/<id>/standings.duckdb` | the leaderboard, checkpointed |
| `snapshots/<id>/manifest.json` | its sha256 and size, and what it was built from |
| `latest.json` | the pointer: the only object that is ever replaced |

The file is not named after its schema: DuckDB calls a file by its stem, and `leaderboard.overall` in a file
`leaderboard.duckdb` is an "ambiguous reference to catalog or schema".
"""

import hashlib
import os
import shutil
import uuid
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from standings import identity
from tasks.faults import reach
from tasks.parquet import Faulty
from tasks.store import Conflict, Missing, Store

BOARD = "standings.duckdb"
_POINTER = "latest.json"
_KEPT = 5  # boards in a cache: who was just told of the one before can still open it


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)

    def json_bytes(self) -> bytes:
        return identity.canonical(self.model_dump(mode="json")).encode()


class Inputs(_Record):
    """Say what a leaderboard was built from; the same inputs are the same snapshot."""

    watermark: int  # the last admitted_seq that it includes
    code: str  # commit of this project
    registry: str  # Lake.revision(), taken before its facts were read
    sql: str  # sha256 of the SQL files

    @property
    def id(self) -> str:
        """Return the snapshot's id, so that a changed SQL file publishes on unchanged facts."""
        return identity.digest(self.model_dump(mode="json"))


class Stored(_Record):
    """Describe one file of a snapshot."""

    sha256: str
    bytes: int


class Manifest(_Record):
    """Describe a snapshot whole."""

    id: str
    inputs: Inputs
    files: dict[str, Stored]


class Pointer(_Record):
    """Name the snapshot that readers get."""

    id: str
    seq: int  # swaps so far
    watermark: int
    manifest: str  # key
    manifest_sha256: str
    published_at: datetime


def publish(store: Store, board: Path, inputs: Inputs, now: datetime) -> Pointer:
    """Publish a board and return the pointer as it then is.

    Its id is another's where somebody published a later watermark first: this board is superseded, and nothing lost.
    """
    current = latest(store)
    if current is not None and current.id == inputs.id:
        return current
    wal = board.with_name(f"{board.name}.wal")
    if wal.exists():
        raise ValueError(f"{wal} is there: checkpoint and close {board} before it is published, or its rows are lost")
    folder = f"snapshots/{inputs.id}"
    stored = _create_or_keep(store, f"{folder}/{BOARD}", board.read_bytes())
    reach("publish.after_board")
    manifest = Manifest(id=inputs.id, inputs=inputs, files={BOARD: stored}).json_bytes()
    store.create(f"{folder}/manifest.json", manifest)
    reach("publish.after_manifest")
    pointer = Pointer(
        id=inputs.id,
        seq=1,
        watermark=inputs.watermark,
        manifest=f"{folder}/manifest.json",
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        published_at=now,
    )
    return _point(store, pointer)


def latest(store: Store) -> Pointer | None:
    """Return the pointer, or None where nothing was published yet."""
    return _current(store)[0]


def open_latest(store: Store, cache: Path) -> Path:
    """Return the path of the latest board in `cache`, fetched once and verified; open it read-only.

    Raises `Missing` where nothing was published, `Faulty` where the bytes are not those of the manifest.
    """
    pointer = latest(store)
    if pointer is None:
        raise Missing("no leaderboard was published yet; `standings refresh` builds one")
    manifest = Manifest.model_validate_json(_read(store, pointer.manifest, pointer.manifest_sha256))
    right = manifest.files[BOARD]
    path = cache / pointer.id / BOARD
    # It was verified before it got its name, and nobody may write to it: its size tells a cut one.
    if not path.exists() or path.stat().st_size != right.bytes:
        _write(path, _read(store, f"snapshots/{pointer.id}/{BOARD}", right.sha256))
        _forget_old(cache)
    return path


def _point(store: Store, pointer: Pointer) -> Pointer:
    """Swap the pointer, never to an earlier watermark; who loses the race reads it again."""
    while True:
        current, body = _current(store)
        if current is not None and (current.id == pointer.id or current.watermark > pointer.watermark):
            return current
        new = pointer.model_copy(update={"seq": current.seq + 1 if current else 1})
        try:
            store.swap(_POINTER, new.json_bytes(), body)
        except Conflict:
            continue
        return new


def _current(store: Store) -> tuple[Pointer | None, bytes | None]:
    try:
        body = store.read(_POINTER)
    except Missing:
        return None, None
    return Pointer.model_validate_json(body), body


def _create_or_keep(store: Store, key: str, body: bytes) -> Stored:
    """Put a board, or keep the one that another publisher of the same inputs put there.

    Two builds of the same rows differ in DuckDB's bytes, so either is right, and the first stays.
    """
    try:
        store.create(key, body)
    except Conflict:
        body = store.read(key)
    return Stored(sha256=hashlib.sha256(body).hexdigest(), bytes=len(body))


def _read(store: Store, key: str, sha256: str) -> bytes:
    body = store.read(key)
    found = hashlib.sha256(body).hexdigest()
    if found != sha256:
        raise Faulty(f"{key}: the bytes' sha256 is {found}, and must be {sha256}. Restore it from a copy")
    return body


def _forget_old(cache: Path) -> None:
    """Delete all but the newest folders of a cache, those of killed builds among them; the lake has every snapshot."""
    folders = [path for path in cache.iterdir() if path.is_dir()]
    for old in sorted(folders, key=lambda path: path.stat().st_mtime_ns, reverse=True)[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{uuid.uuid4().hex}.part")
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.chmod(0o444)
    part.replace(path)
