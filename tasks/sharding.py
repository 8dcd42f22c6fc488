"""Write shards: the rows of sorted runs into one file a table, each read back and compared before it counts."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from standings.compacted import PROMPTS, SCHEMAS, outcomes_of, put_back, take_out
from tasks.attempt import run_id as new_attempt
from tasks.inbox import read_sibling
from tasks.parallel import each
from tasks.parquet import Faulty, encode
from tasks.segments import COMPACTED, Compacted, File, read_file, rows_of
from tasks.store import Missing, Store

ROWS_AT_MOST = 250_000  # of one shard: they are held in memory,
BYTES_AT_MOST = 64 * 2**20  # and so are these, five times over while they are written and compared
ROWS_AT_ONCE = 5_000  # that are read together, with all their prompts
LEVEL = 9  # zstd's
Row = dict[str, Any]
Got = TypeVar("Got")


@dataclass(frozen=True)
class Run:
    """A run in hand."""

    row: Row  # of the log
    named: Row  # what its commit record says of its siblings
    order: tuple[str, ...]
    place: int  # among the runs in hand

    @property
    def weight(self) -> int:
        """Return its rows."""
        return 1 + rows_of(self.named, "scores") + rows_of(self.named, "samples")


@dataclass(frozen=True)
class _Rows:
    """The rows of one run, or of many."""

    scores: pa.Table
    samples: pa.Table  # without their prompts
    prompts: pa.Table

    @property
    def size(self) -> int:
        """Return the bytes that they take in memory."""
        return int(self.scores.nbytes + self.samples.nbytes + self.prompts.nbytes)


@dataclass
class Attempt:
    """One attempt at a segment, and what it has written."""

    store: Store
    name: str = field(default_factory=new_attempt)
    began: float = field(default_factory=time.monotonic)
    written: list[File] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def undo(self) -> None:
        """Delete what was written and nobody can have named."""
        for file in self.written:
            self.store.delete(file.key)

    def held(self, compacted: Compacted, row: Row, read: Callable[[], Got]) -> Got | None:
        """Read of a run; one whose objects in the inbox can't be read is left there. Raises for a compacted file."""
        if compacted.shard(row) is not None:
            return read()
        try:
            return read()
        except (Faulty, Missing) as error:
            self.left_out[row["run_id"]] = str(error)
            return None

    def write(self, table: str, rows: pa.Table) -> File:
        """Put a file, and read it back."""
        body = encode(table, rows, SCHEMAS[table], LEVEL)
        sha256 = hashlib.sha256(body).hexdigest()
        file = File(
            key=f"{COMPACTED}{table}/{self.name}-{sha256}.parquet", sha256=sha256, bytes=len(body), rows=len(rows)
        )
        self.store.create(file.key, body)
        self.written.append(file)
        if not read_file(self.store, table, file).equals(rows):
            raise Faulty(f"{file.key}: its rows are not those that were put there; nothing was deleted")
        return file


def _cut(runs: Sequence[Run], rows: int) -> Iterator[list[Run]]:
    """Cut runs into parts of so many rows; a run is never cut."""
    part: list[Run] = []
    held = 0
    for run in runs:
        if part and held + run.weight > rows:
            yield part
            part, held = [], 0
        part.append(run)
        held += run.weight
    if part:
        yield part


def shards(
    attempt: Attempt, compacted: Compacted, table: pa.Table, runs: Sequence[Run]
) -> Iterator[tuple[list[Run], dict[str, File]]]:
    """Write shard by shard; yield the runs that each holds, and its files."""
    held: list[Run] = []
    parts: list[_Rows] = []
    for batch in _cut(runs, min(ROWS_AT_ONCE, ROWS_AT_MOST)):
        if held and sum(run.weight for run in (*held, *batch)) > ROWS_AT_MOST:
            yield held, _written(attempt, table, held, parts)
            held, parts = [], []
        found = each(lambda run: attempt.held(compacted, run.row, lambda: _rows(compacted, run)), batch)
        held += [run for run, rows in zip(batch, found, strict=True) if rows is not None]
        parts.append(_together([rows for rows in found if rows is not None]))
        if held and sum(part.size for part in parts) > BYTES_AT_MOST:
            yield held, _written(attempt, table, held, parts)
            held, parts = [], []
    if held:
        yield held, _written(attempt, table, held, parts)


def _written(attempt: Attempt, table: pa.Table, held: Sequence[Run], parts: list[_Rows]) -> dict[str, File]:
    """Write the tables of one shard, and empty `parts`."""
    rows = _together(parts)
    parts.clear()
    asked = rows.samples.filter(rows.samples["has_prompt"])["prompt_hash"]
    if not pc.all(pc.is_in(asked, rows.prompts["prompt_hash"].combine_chunks()), min_count=0).as_py():
        raise Faulty("a prompt of a compacted run is not in its shard; nothing was changed")
    return {
        "run": attempt.write("run", table.take(pa.array([run.place for run in held]))),
        "scores": attempt.write("scores", rows.scores),
        "samples": attempt.write("samples", rows.samples),
        "prompts": attempt.write("prompts", rows.prompts.sort_by("prompt_hash")),
        "outcomes": attempt.write("outcomes", outcomes_of(rows.samples)),
    }


def _rows(compacted: Compacted, run: Run) -> _Rows:
    """Read one run's rows. Raises Faulty where they would not come back from a compacted file as they are."""
    shard = compacted.shard(run.row)
    if shard is not None:
        samples = shard.rows("samples", run.row["run_id"])
        wanted = samples.filter(samples["has_prompt"])["prompt_hash"].combine_chunks()
        prompts = shard.prompts.filter(pc.is_in(shard.prompts["prompt_hash"], wanted))
        return _Rows(shard.rows("scores", run.row["run_id"]), samples, prompts)
    scores, full = (read_sibling(compacted.store, name, run.named) for name in ("scores", "samples"))
    for name, table in (("scores", scores), ("samples", full)):
        if table.num_rows != rows_of(run.named, name):
            raise Faulty(f"{name} has {table.num_rows} rows, and run names {rows_of(run.named, name)}")
    samples, prompts = take_out(full)
    if not put_back(samples, prompts).equals(full):
        raise Faulty("its samples can't be compacted without loss")
    return _Rows(scores, samples, prompts)


def _together(parts: Sequence[_Rows]) -> _Rows:
    """Join the rows of runs; a prompt that several were asked is kept once."""
    prompts = pa.concat_tables([PROMPTS.empty_table(), *(part.prompts for part in parts)])
    return _Rows(
        _joined("scores", [part.scores for part in parts]),
        _joined("samples", [part.samples for part in parts]),
        # The same hash is the same text: only such prompts are taken out.
        pa.table(_first(prompts).columns, schema=PROMPTS),
    )


def _first(prompts: pa.Table) -> pa.Table:
    return prompts.group_by("prompt_hash", use_threads=False).aggregate([("prompt", "first")])


def _joined(name: str, tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables([SCHEMAS[name].empty_table(), *tables]).combine_chunks()
