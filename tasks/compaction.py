"""Compact the lake: the rows of admitted runs, from an object or three each, into few files per table and shard.

Nothing is deleted here (tasks/collection.py does), and nothing is read through a manifest before each of its files was
read back and found equal to the rows that were put into it.
"""

import time
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings.compacted import SCHEMAS, succeeded
from standings.suite import Record
from tasks.cache import behind
from tasks.faults import reach
from tasks.inbox import read_run
from tasks.lake import Lake
from tasks.parallel import each
from tasks.reading import View, joined
from tasks.segments import (
    Compacted,
    File,
    Manifest,
    Segment,
    manifest_key,
    newest,
)
from tasks.sharding import Attempt, Run, shards
from tasks.store import Conflict, Missing

RUNS_AT_MOST = 50_000  # of one segment: their rows of run are sorted in memory
RATIO = 2  # a segment with fewer than so many times the new one's runs is merged into it
PATIENCE = 86_400.0  # seconds; long before a collector takes an attempt's files for those of a dead one
_BATCH = 500  # runs whose tables are held apart
_NAMED = [
    *("task", "model", "variant_id", "job_id", "run_id"),
    *("purpose", "status"),
    *("scores_sha256", "scores_rows", "samples_sha256", "samples_rows"),
]
Row = dict[str, Any]


class Compaction(Record):
    """What a compaction did."""

    runs: int  # runs that came out of the inbox
    segments: int  # segments that hold now
    files: int  # their files
    left_out: dict[str, str]  # run_id to why: it stays where it is


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
        attempt = Attempt(lake.store)
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


def _commit(attempt: Attempt, manifest: Manifest) -> bool:
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


def _segments(attempt: Attempt, view: View) -> tuple[Segment, ...]:
    """Write a segment of what is new and of the small segments before it; return it after those that stay."""
    kept = list(view.compacted.manifest.segments)
    to = min(view.log.num_rows, view.compacted.to + RUNS_AT_MOST)
    new = view.log.slice(view.compacted.to, to - view.compacted.to)["fault"].null_count
    while kept and kept[-1].runs < RATIO * new and kept[-1].runs + new <= RUNS_AT_MOST:
        new += kept.pop().runs
    after = kept[-1].to if kept else 0
    log = view.log.slice(after, to - after)
    written: list[dict[str, File]] = []
    place: dict[int, tuple[int, bool]] = {}  # admitted_seq to shard, and whether the run succeeded
    table, runs = _runs(attempt, view.compacted, log)
    for held, files in shards(attempt, view.compacted, table, runs):
        place |= {run.row["admitted_seq"]: (len(written), succeeded(run.named)) for run in held}
        written.append(files)
        view.compacted.release()
        reach("compact.after_shard")
    found = [place.get(seq, (None, None)) for seq in log["admitted_seq"].to_pylist()]
    derived = [pa.array([row[0] for row in found], pa.int64()), pa.array([row[1] for row in found], pa.bool_())]
    places = pa.table([*log.columns, *derived], schema=SCHEMAS["admissions"])
    passes = max((number for number, last in view.passes.items() if last <= to), default=view.compacted.passes)
    file = attempt.write("admissions", places)
    return *kept, Segment(after=after, to=to, passes=passes, runs=len(place), log=file, shards=tuple(written))


def _runs(attempt: Attempt, compacted: Compacted, log: pa.Table) -> tuple[pa.Table, list[Run]]:
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
        Run(row, of, (of["task"], of["model"], of["variant_id"], of["run_id"]), place)
        for place, (row, of) in enumerate(zip(found, named, strict=True))
    ]
    return table, sorted(placed, key=lambda run: run.order)


def _run(compacted: Compacted, row: Row) -> pa.Table:
    shard = compacted.shard(row)
    return read_run(compacted.store, row) if shard is None else shard.one(row["run_id"])
