"""Read compacted facts: what the newest manifest names, and nothing else.

| key | object |
| --- | --- |
| `compacted/v1/manifests/<number>.json` | the segments that hold from then on; each number is created once |
| `compacted/v1/<table>/<attempt>-<sha256>.parquet` | one table of one shard of a segment |

A segment holds the runs of a range of the gate's log, by task, model and run, cut into shards of so many rows. The rows
of a run lie together and in the order in which its worker put them. A file belongs to one attempt at compacting (a
UUIDv7), so that nobody comes to name one that somebody else is about to delete.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings.compacted import SCHEMAS, put_back
from standings.facts import SCHEMAS as FACTS
from tasks.files import Part, part
from tasks.inbox import require_sha256
from tasks.manifests import (
    COMPACTED,
    MANIFESTS,
    NOTHING,
    File,
    Manifest,
    Segment,
    manifest_key,
    newest,
    read_manifest,
)
from tasks.parallel import each
from tasks.parquet import Faulty, Newer, Slices, decode, decode_narrow
from tasks.store import Store

__all__ = [  # what is named by a manifest is read here: nobody has to know that they lie in two files
    "COMPACTED",
    "MANIFESTS",
    "NOTHING",
    "Compacted",
    "File",
    "Manifest",
    "Segment",
    "Shard",
    "manifest_key",
    "newest",
    "read_file",
    "read_manifest",
    "rows_of",
]


def read_file(store: Store, name: str, file: File) -> pa.Table:
    """Read a compacted file, verified. Raises Missing or Faulty, which name it."""
    return table_of(name, file, body_of(store, file))


def body_of(store: Store, file: File) -> bytes:
    """Read a compacted file's bytes, verified. Raises Missing or Faulty, which name it."""
    with _named(file):
        return _body(store, file)


def table_of(name: str, file: File, body: bytes, without: Collection[str] = (), coded: Sequence[str] = ()) -> pa.Table:
    """Read a table from a compacted file's bytes; columns `without` are null. Raises Faulty, which names the file."""
    with _named(file):
        schema = SCHEMAS[name]
        narrow = partial(decode_narrow, without=without, coded=coded) if without else decode
        table = narrow(name, body, schema)
        _require_rows(name, file, table.num_rows)
        return table


def _require_rows(name: str, file: File, rows: int) -> None:
    if rows != file.rows:
        raise Faulty(f"{name} has {rows} rows, and its manifest says {file.rows}")


def _body(store: Store, file: File) -> bytes:
    body = store.read(file.key)
    require_sha256(body, file.sha256)
    return body


@contextmanager
def _named(file: File) -> Iterator[None]:
    try:
        yield
    except Newer as error:
        raise Newer(f"{file.key}: {error} Install that one.") from error
    except Faulty as error:
        raise Faulty(f"{file.key}: {error}. Restore the object's bytes.") from error


def rows_of(run: Mapping[str, Any], name: str) -> int:
    """Return how many rows of scores or samples a run names."""
    return (run[f"{name}_rows"] or 0) if run[f"{name}_sha256"] else 0


class Shard:
    """Read one shard's runs."""

    def __init__(self, store: Store, files: dict[str, File]) -> None:
        self.store, self.files = store, files

    @cached_property
    def run(self) -> pa.Table:
        """Read its runs, in the order in which the rows of scores and samples lie."""
        return read_file(self.store, "run", self.files["run"])

    @cached_property
    def prompts(self) -> pa.Table:
        """Read its prompts."""
        return read_file(self.store, "prompts", self.files["prompts"])

    def one(self, run_id: str) -> pa.Table:
        """Return one run."""
        return self.run.slice(self._starts["run"][run_id][0], 1)

    def rows(self, name: str, run_id: str) -> pa.Table:
        """Read one run's scores or samples, these as they lie: without their prompts."""
        start, stop = self._starts[name][run_id]
        if start == stop:
            return SCHEMAS[name].empty_table()
        with _named(self.files[name]):
            return self._slices[name].rows(start, stop)

    def sibling(self, name: str, run_id: str) -> pa.Table:
        """Read one run's scores or samples as its worker put them, or its outcomes."""
        if name == "outcomes":
            found = read_file(self.store, name, self.files[name])
            return found.filter(pc.equal(found["run_id"], run_id))
        rows = self.rows(name, run_id)
        if name != "samples":
            return rows
        if not rows.num_rows:
            return FACTS["samples"].empty_table()
        with _named(self.files["prompts"]):
            try:
                return put_back(rows, self.prompts)
            except ValueError as error:
                raise Faulty(str(error)) from error

    def release(self) -> None:
        """Forget what was read."""
        for name in ("run", "prompts", "_slices"):
            self.__dict__.pop(name, None)

    @cached_property
    def _starts(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Return by table and run where its rows begin and end."""
        named = ["run_id", *(f"{name}_{what}" for name in ("scores", "samples") for what in ("rows", "sha256"))]
        found: dict[str, dict[str, tuple[int, int]]] = {"run": {}, "scores": {}, "samples": {}}
        ends = dict.fromkeys(found, 0)
        for run in self.run.select(named).to_pylist():
            for name, places in found.items():
                start, ends[name] = ends[name], ends[name] + (1 if name == "run" else rows_of(run, name))
                places[run["run_id"]] = start, ends[name]
        return found

    @cached_property
    def _slices(self) -> "_Slices":
        return _Slices(self.store, self.files)


class _Slices(dict[str, Slices]):
    """Open a shard's files when they are first asked for."""

    def __init__(self, store: Store, files: dict[str, File]) -> None:
        super().__init__()
        self.store, self.files = store, files

    def __missing__(self, name: str) -> Slices:
        self[name] = Slices(name, _body(self.store, self.files[name]), SCHEMAS[name])
        return self[name]


class Compacted:
    """Read what one manifest names."""

    def __init__(self, store: Store, manifest: Manifest, hashes: bool = True) -> None:
        """Read nothing yet; without `hashes` the log's run_sha256 is null wherever nobody needs it."""
        self.store = store
        self.manifest = manifest
        self.hashes = hashes
        self.shards = [[Shard(store, files) for files in segment.shards] for segment in manifest.segments]

    @property
    def to(self) -> int:
        """The last admitted_seq that it covers."""
        return self.manifest.segments[-1].to if self.manifest.segments else 0

    @property
    def passes(self) -> int:
        """The last object of the gate's log that need not be read any more."""
        return self.manifest.segments[-1].passes if self.manifest.segments else 0

    @cached_property
    def places(self) -> pa.Table:
        """Read the rows of the gate's log that it covers, each with its shard."""
        logs = self._files("admissions")
        bodies = each(lambda file: body_of(self.store, file), logs)
        # One after the other: decoding allocates so much that threads take twice the time of one.
        tables = [self._places(file, body) for file, body in zip(logs, bodies, strict=True)]
        return pa.concat_tables([SCHEMAS["admissions"].empty_table(), *tables])

    def _places(self, file: File, body: bytes) -> pa.Table:
        if not self.hashes:
            found = table_of("admissions", file, body, without=["run_sha256"])
            if not pc.any(pc.and_(pc.is_null(found["shard"]), pc.is_null(found["fault"]))).as_py():
                return pa.table(found.columns, schema=SCHEMAS["admissions"])
        return table_of("admissions", file, body)  # a run that lies in the inbox is known by its hash

    @property
    def log(self) -> pa.Table:
        """Return the same as rows of the gate's log."""
        return pa.table([self.places[name] for name in FACTS["admissions"].names], schema=FACTS["admissions"])

    def held(self) -> list[dict[str, Any]]:
        """List the rows of the log whose runs it holds."""
        rows: list[dict[str, Any]] = self.places.filter(pc.is_valid(self.places["shard"])).to_pylist()
        return rows

    def shard(self, row: Mapping[str, Any]) -> Shard | None:
        """Return the shard that holds the run of a row of the log; None where its objects in the inbox do."""
        seq = row["admitted_seq"]
        if seq > self.to:
            return None
        number = self.places["shard"][seq - 1].as_py()
        segment = bisect_left([segment.to for segment in self.manifest.segments], seq)
        return None if number is None else self.shards[segment][number]

    def not_held(self, log: pa.Table) -> pa.Table:
        """Return the admitted rows of a log whose runs are read from the inbox."""
        held = pc.fill_null(pc.is_valid(self.places["shard"]), False).combine_chunks()
        rest = pa.repeat(False, max(log.num_rows - len(held), 0))
        open_ = pc.invert(pa.concat_arrays([held, rest]))[: log.num_rows]
        return log.filter(pc.and_(open_, pc.is_null(log["fault"])))

    def release(self) -> None:
        """Forget what was read of its shards."""
        for shards in self.shards:
            for shard in shards:
                shard.release()

    def whole(self, name: str) -> list[pa.Table]:
        """Read a table of all shards."""
        return each(lambda file: read_file(self.store, name, file), self._files(name))

    def narrow(self, name: str, columns: Collection[str]) -> list[pa.Table]:
        """Read some columns of a table of all shards, their texts coded; the others are null."""
        schema, coded = SCHEMAS[name], [column for column in columns if column != "run_id"]
        without = set(schema.names) - set(columns)

        def one(file: File) -> pa.Table:
            return table_of(name, file, body_of(self.store, file), without, coded)

        return each(one, self._files(name))

    def parts(self, name: str, folder: Path) -> list[Part]:
        """Have a table of all shards, or the log that it covers, as verified files of this machine.

        Raises Missing or Faulty, which name it.
        """

        def one(file: File) -> Part:
            with _named(file):
                found = part(self.store, name, file.key, file.sha256, folder, SCHEMAS[name])
                _require_rows(name, file, found.rows)
                return found

        return each(one, self._files(name))

    def _files(self, name: str) -> list[File]:
        if name == "admissions":
            return [segment.log for segment in self.manifest.segments]
        return [shard.files[name] for shards in self.shards for shard in shards]
