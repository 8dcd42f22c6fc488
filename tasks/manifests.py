"""Name what is compacted: manifests of segments, and the one that holds now."""

from datetime import UTC, datetime

from pydantic import ValidationError

from standings import identity
from standings.suite import Record
from tasks.parquet import Faulty
from tasks.store import Missing, Store

COMPACTED = "compacted/v1/"
MANIFESTS = f"{COMPACTED}manifests/"


class File(Record):
    """One compacted file."""

    key: str
    sha256: str
    bytes: int
    rows: int


class Segment(Record):
    """The runs of a range of the gate's log."""

    after: int  # admitted_seq before the first
    to: int  # the last admitted_seq
    passes: int  # number of the last object of the gate's log that lies wholly in or before the range
    runs: int
    log: File
    shards: tuple[dict[str, File], ...]  # table to file

    @property
    def files(self) -> list[File]:
        """Return all its files."""
        return [self.log, *(file for shard in self.shards for file in shard.values())]


class Manifest(Record):
    """What is compacted: segments without a gap, from the log's beginning."""

    number: int
    made_at: datetime
    segments: tuple[Segment, ...]

    def json_bytes(self) -> bytes:
        """Write it as it is stored."""
        return identity.canonical(self.model_dump(mode="json")).encode()


NOTHING = Manifest(number=0, made_at=datetime(1970, 1, 1, tzinfo=UTC), segments=())


def manifest_key(number: int) -> str:
    """Return the key of a manifest."""
    return f"{MANIFESTS}{number:012d}.json"


def newest(store: Store) -> Manifest:
    """Read the manifest that holds now; number 0 where nothing was ever compacted."""
    while True:
        keys = [entry.key for entry in store.list(MANIFESTS)]
        if not keys:
            return NOTHING
        try:
            return read_manifest(store, keys[-1])
        except Missing:
            continue  # a newer one took its place, and a collector the old one away


def read_manifest(store: Store, key: str) -> Manifest:
    """Read one manifest. Raises Faulty where this version can't."""
    try:
        return Manifest.model_validate_json(store.read(key))
    except ValidationError as error:
        raise Faulty(f"{key}: {error.errors()[0]['msg']}. Restore it, or use the version that wrote it.") from error
