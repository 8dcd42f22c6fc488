"""Know what a snapshot is, and read it: fetched once, verified, kept in a cache.

| key | object |
| --- | --- |
| `snapshots/<id>/claim-<time>-<hex>` | empty: when somebody was about to point to it |
| `snapshots/<id>/standings.duckdb` | the leaderboard, checkpointed |
| `snapshots/<id>/<table>.parquet`, `<table>.csv` | each leaderboard table |
| `snapshots/<id>/manifest.json` | what it was built from, each file's sha256; put last: then it is whole |
| `latest.json` | the pointer: the only object that is ever replaced |

The file is not named after its schema: DuckDB calls a file by its stem, and `leaderboard.overall` in a file
`leaderboard.duckdb` is an "ambiguous reference to catalog or schema".
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from standings import identity
from tasks.durable import sync
from tasks.inbox import require_sha256
from tasks.parallel import each
from tasks.parquet import Faulty
from tasks.store import Body, FolderStore, Missing, Store, sha256

FOLDER, POINTER = "snapshots/", "latest.json"
BOARD, MANIFEST, CLAIM = "standings.duckdb", "manifest.json", "claim-"
CLAIMED = "%Y%m%dT%H%M%SZ"  # time of a claim
_KEPT = 5  # boards in a cache: who was just told of the one before can still open it


class Record(BaseModel):
    """A frozen record that reads what a later version has added to it."""

    model_config = ConfigDict(frozen=True)

    def json_bytes(self) -> bytes:
        """Write canonical JSON."""
        return identity.canonical(self.model_dump(mode="json")).encode()


class Inputs(Record):
    """Say what a leaderboard was built from; the same inputs are the same snapshot."""

    watermark: int  # the last admitted_seq that it includes
    appended: int = 0  # rows of the tables that are appended to; follows from `registry`, and puts revisions in order
    left_out: tuple[str, ...] = ()  # run_ids that are admitted and could not be read
    code: str  # commit of this project
    registry: str  # Lake.revision(): of the appended facts
    sql: str  # sha256 of what turns facts into a board

    @property
    def id(self) -> str:
        """Return the snapshot's id, so that a changed SQL file publishes on unchanged facts."""
        follows = {"appended"} if self.left_out else {"appended", "left_out"}
        return identity.digest(self.model_dump(mode="json", exclude=follows))


class Stored(Record):
    """Describe one file of a snapshot."""

    sha256: str
    bytes: int
    rows: int | None = None  # of an exported table


class Manifest(Record):
    """Describe a snapshot whole."""

    id: str
    inputs: Inputs
    files: dict[str, Stored]
    made_at: datetime | None = None  # by the clock of its first publisher
    made_with: dict[str, str] = {}  # versions of the libraries

    @property
    def bytes(self) -> int:
        """Add up its files."""
        return sum(file.bytes for file in self.files.values())


class Target(Record):
    """Name a snapshot, and how many facts it has."""

    id: str
    watermark: int
    appended: int = 0
    manifest: str  # key
    manifest_sha256: str
    published_at: datetime


class Hold(Record):
    """Say why readers are held at a snapshot, whatever is built meanwhile."""

    reason: str
    who: str
    since: datetime
    next: Target  # where a release lets the pointer go: the newest that was built


class Collection(Record):
    """Name the snapshots that are being deleted: nobody may point to one."""

    ids: tuple[str, ...]
    since: datetime


class Pointer(Target):
    """Name the snapshot that readers get."""

    seq: int  # swaps so far
    hold: Hold | None = None
    collection: Collection | None = None

    @property
    def front(self) -> Target:
        """Return the newest snapshot: that of the readers, or the one that waits behind a hold."""
        return self.hold.next if self.hold else self

    def moved(self, **changes: Any) -> "Pointer":
        """Return the pointer of the next swap."""
        return self.model_copy(update={**changes, "seq": self.seq + 1})


def includes(one: Inputs | Target, other: Inputs | Target) -> bool:
    """Tell whether one has all facts of the other. Facts are only ever added, so their numbers say."""
    return one.watermark >= other.watermark and one.appended >= other.appended


def latest(store: Store) -> Pointer | None:
    """Return the pointer, or None where nothing was published yet."""
    return read_pointer(store)[0]


def read_pointer(store: Store) -> tuple[Pointer | None, bytes | None]:
    """Return the pointer and its bytes, which a swap has to name."""
    try:
        body = store.read(POINTER)
    except Missing:
        return None, None
    return Pointer.model_validate_json(body), body


def key_of(snapshot: str, name: str) -> str:
    """Return the key of a snapshot's file."""
    return f"{FOLDER}{snapshot}/{name}"


def read_manifest(store: Store, snapshot: str) -> tuple[Manifest, str]:
    """Return a snapshot's manifest and its sha256. Raises Missing, or Faulty where it is not its own."""
    key = key_of(snapshot, MANIFEST)
    body = store.read(key)
    manifest = Manifest.model_validate_json(body)
    if manifest.id != snapshot or manifest.inputs.id != snapshot:
        raise Faulty(f"{key}: it describes another snapshot, {manifest.id}. Restore it from a copy")
    return manifest, sha256(body)


def listed(store: Store, beginning: str = "") -> list[str]:
    """List the ids of whole snapshots that begin so."""
    keys = (entry.key.removeprefix(FOLDER).split("/") for entry in store.list(FOLDER + beginning))
    return [parts[0] for parts in keys if parts[1:] == [MANIFEST]]


def manifests(store: Store, ids: list[str]) -> list[Manifest]:
    """Read manifests, the oldest first; one that is being deleted is left out."""

    def read(snapshot: str) -> Manifest | None:
        try:
            return read_manifest(store, snapshot)[0]
        except Missing:
            return None

    found = [manifest for manifest in each(read, ids) if manifest]
    return sorted(found, key=lambda it: (it.made_at is not None and it.made_at.timestamp(), it.id))


def fetch(store: Store, manifest: Manifest, cache: Path, name: str = BOARD) -> Path:
    """Return the path of a snapshot's file in `cache`: downloaded once, and there only where its sha256 is right."""
    right = manifest.files[name]
    path = cache / manifest.id / name
    # It was verified before it got its name, and nobody may write to it: its size tells a cut one.
    if not path.exists() or path.stat().st_size != right.bytes:
        _have(path, store, key_of(manifest.id, name), right.sha256)
        _forget_old(cache)
    os.utime(path.parent)  # the cache keeps what was asked for last
    return path


def open_latest(store: Store, cache: Path) -> Path:
    """Return the path of the latest board in `cache`, fetched once and verified; open it read-only.

    Raises `Missing` where nothing was published, `Faulty` where the bytes are not those of the manifest.
    """
    pointer = latest(store)
    if pointer is None:
        raise Missing("no leaderboard was published yet; `standings refresh` builds one")
    return fetch(store, manifest_of(store, pointer), cache)


def manifest_of(store: Store, target: Target) -> Manifest:
    """Return the manifest that a pointer names, verified by it."""
    return Manifest.model_validate_json(read_verified(store, target.manifest, target.manifest_sha256))


def read_verified(store: Store, key: str, right: str) -> bytes:
    """Read an object whose sha256 is known."""
    body = store.read(key)
    require(key, body, right)
    return body


def require(key: str, body: Body, right: str) -> None:
    """Raise Faulty, which names the object and the remedy, where its bytes are not those that were named."""
    try:
        require_sha256(body, right)
    except Faulty as error:
        raise Faulty(f"{key}: {error}. Restore it from a copy") from error


def objects(store: Store) -> Iterator[tuple[str, str, int]]:
    """Go through all objects of all snapshots: id, name, bytes."""
    for entry in store.list(FOLDER):
        snapshot, _, name = entry.key.removeprefix(FOLDER).partition("/")
        yield snapshot, name, entry.bytes


def _forget_old(cache: Path) -> None:
    """Delete all but the newest folders of a cache, those of killed builds among them; the lake has every snapshot."""
    folders = [path for path in cache.iterdir() if path.is_dir()]
    for old in sorted(folders, key=lambda path: path.stat().st_mtime_ns, reverse=True)[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _have(path: Path, store: Store, key: str, right: str) -> None:
    """Have an object as a file that nobody writes to, under its name once its sha256 is right.

    Never a link: a reader that is root could write through it into the lake.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{uuid.uuid4().hex}.part")
    try:
        _copy(store, key, part)
        require(key, part, right)
        sync(part)
        part.chmod(0o444)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _copy(store: Store, key: str, target: Path) -> None:
    if not isinstance(store, FolderStore):
        target.write_bytes(store.read(key))
        return
    source = store.path(key)
    if not source.is_file():
        raise Missing(f"{key}: nothing is there")
    shutil.copyfile(source, target)
