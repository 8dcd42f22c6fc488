"""Compact the lake: the rows of admitted runs, from an object or three each, into few files per table and shard.

Nothing is deleted here (tasks/collection.py does), and nothing is read through a manifest before each of its files was
read back and found equal to the rows that were put into it.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from standings.compacted import PROMPTS, SCHEMAS, outcomes_of, put_back, take_out
from standings.suite import Record
from tasks.attempt import run_id as new_attempt
from tasks.cache import behind
from tasks.faults import reach
from tasks.inbox import read_run, read_sibling
from tasks.lake import Lake
from tasks.parquet import Faulty, encode
from tasks.reading import View, joined
from tasks.segments import (
    COMPACTED,
    Compacted,
    File,
    Manifest,
    Segment,
    each,
    manifest_key,
    newest,
    read_file,
    rows_of,
)
from tasks.store import Conflict, Missing, Store

RUNS_AT_MOST = 50_000  # of one segment: their rows of run are sorted in memory
ROWS_AT_MOST = 250_000  # of one shard's scores and samples: they are held in memory
RATIO = 2  # a segment with fewer than so many times the new one's runs is merged into it
PATIENCE = 86_400.0  # seconds; long before a collector takes an attempt's files for those of a dead one
LEVEL = 9  # zstd's
_BATCH = 500  # runs whose tables are held apart
_NAMED = [
    *("task", "model", "variant_id", "job_id", "run_id"),
    *("scores_sha256", "scores_rows", "samples_sha256", "samples_rows"),
]
Row = dict[str, Any]
Got = TypeVar("Got")


class Compaction(Record):
    """What a compaction did."""

    runs: int  # runs that came out of the inbox
    segments: int  # segments that hold now
    files: int  # their files
    left_out: dict[str, str]  # run_id to why: it stays where it is


@dataclass(frozen=True)
class _Run:
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


@dataclass
class _Attempt:
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


def compact(lake: Lake, now: datetime) -> Compaction:
    """Compact what the gate has admitted since, and merge small segments into bigger ones.

    Safe beside writers, gates and other compactors: a manifest's number is created once, and who loses deletes what it
    wrote and looks again. Raises Faulty where a compacted file can't be read or a written one is not what it should be.
    """
    lake = Lake(behind(lake.store))
    runs, left_out = 0, dict[str, str]()
    while True:
        view = lake.view()
        held = view.compacted.manifest.segments
        if view.log.num_rows == view.compacted.to:
            files = sum(len(segment.files) for segment in held)
            return Compaction(runs=runs, segments=len(held), files=files, left_out=left_out)
        attempt = _Attempt(lake.store)
        try:
            segments = _segments(attempt, view)
        except Missing:
            if newest(lake.store) == view.compacted.manifest:
                raise
            attempt.undo()  # a collector took a file away that a newer manifest does without
            continue
        number = view.compacted.manifest.number + 1
        if _commit(attempt, Manifest(number=number, made_at=now, segments=segments)):
            runs += sum(segment.runs for segment in segments) - sum(segment.runs for segment in held)
            left_out |= attempt.left_out


def _commit(attempt: _Attempt, manifest: Manifest) -> bool:
    """Create the manifest, unless somebody else made one meanwhile."""
    assert time.monotonic() - attempt.began < PATIENCE, f"attempt {attempt.name} took more than a day"
    reach("compact.before_manifest")
    try:
        if newest(attempt.store).number >= manifest.number:
            raise Conflict(f"manifest {manifest.number} is another's")
        attempt.store.create(manifest_key(manifest.number), manifest.json_bytes())
    except Conflict:
        attempt.undo()
        return False
    reach("compact.after_manifest")
    return True


def _segments(attempt: _Attempt, view: View) -> tuple[Segment, ...]:
    """Write a segment of what is new and of the small segments before it; return it after those that stay."""
    kept = list(view.compacted.manifest.segments)
    to = min(view.log.num_rows, view.compacted.to + RUNS_AT_MOST)
    new = view.log.slice(view.compacted.to, to - view.compacted.to)["fault"].null_count
    while kept and kept[-1].runs < RATIO * new and kept[-1].runs + new <= RUNS_AT_MOST:
        new += kept.pop().runs
    after = kept[-1].to if kept else 0
    log = view.log.slice(after, to - after)
    shards: list[dict[str, File]] = []
    place: dict[int, int] = {}  # admitted_seq to shard
    table, runs = _runs(attempt, view.compacted, log)
    for part in _cut(runs):
        held, files = _shard(attempt, view.compacted, table, part)
        place |= {run.row["admitted_seq"]: len(shards) for run in held}
        shards += [files] if held else []
        view.compacted.release()
        reach("compact.after_shard")
    numbers = pa.array([place.get(seq) for seq in log["admitted_seq"].to_pylist()], pa.int64())
    places = pa.table([*log.columns, numbers], schema=SCHEMAS["admissions"])
    passes = max((number for number, last in view.passes.items() if last <= to), default=view.compacted.passes)
    file = attempt.write("admissions", places)
    return *kept, Segment(after=after, to=to, passes=passes, runs=len(place), log=file, shards=tuple(shards))


def _runs(attempt: _Attempt, compacted: Compacted, log: pa.Table) -> tuple[pa.Table, list[_Run]]:
    """Read each admitted run of a part of the log; and sort: task by task, model by model."""
    rows: list[Row] = log.filter(pc.is_null(log["fault"])).to_pylist()
    tables: list[pa.Table] = []
    found: list[Row] = []
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        runs = each(lambda row: attempt.held(compacted, row, lambda: _run(compacted, row)), batch)
        found += [row for row, run in zip(batch, runs, strict=True) if run is not None]
        tables.append(joined("run", [run for run in runs if run is not None]))
    table = joined("run", tables)
    named = table.select(_NAMED).to_pylist()
    placed = [
        _Run(row, of, (of["task"], of["model"], of["variant_id"], of["run_id"]), place)
        for place, (row, of) in enumerate(zip(found, named, strict=True))
    ]
    return table, sorted(placed, key=lambda run: run.order)


def _run(compacted: Compacted, row: Row) -> pa.Table:
    shard = compacted.shard(row)
    return read_run(compacted.store, row) if shard is None else shard.one(row["run_id"])


def _cut(runs: Sequence[_Run]) -> Iterator[list[_Run]]:
    """Cut sorted runs into shards of so many rows; a run is never cut."""
    shard: list[_Run] = []
    rows = 0
    for run in runs:
        if shard and rows + run.weight > ROWS_AT_MOST:
            yield shard
            shard, rows = [], 0
        shard.append(run)
        rows += run.weight
    if shard:
        yield shard


def _shard(
    attempt: _Attempt, compacted: Compacted, table: pa.Table, runs: Sequence[_Run]
) -> tuple[list[_Run], dict[str, File]]:
    """Write one shard; return the runs that it holds, and its files."""
    held: list[_Run] = []
    parts: list[_Rows] = []
    for start in range(0, len(runs), _BATCH):
        batch = runs[start : start + _BATCH]
        found = each(lambda run: attempt.held(compacted, run.row, lambda: _rows(compacted, run)), batch)
        held += [run for run, rows in zip(batch, found, strict=True) if rows is not None]
        parts.append(_together([rows for rows in found if rows is not None]))
    if not held:
        return [], {}
    rows = _together(parts)
    asked = rows.samples.filter(rows.samples["has_prompt"])["prompt_hash"]
    if not pc.all(pc.is_in(asked, rows.prompts["prompt_hash"].combine_chunks()), min_count=0).as_py():
        raise Faulty("a prompt of a compacted run is not in its shard; nothing was changed")
    tables = {
        "run": table.take(pa.array([run.place for run in held])),
        "scores": rows.scores,
        "samples": rows.samples,
        "prompts": rows.prompts.sort_by("prompt_hash"),
        "outcomes": outcomes_of(rows.samples),
    }
    return held, {name: attempt.write(name, rows) for name, rows in tables.items()}


def _rows(compacted: Compacted, run: _Run) -> _Rows:
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
