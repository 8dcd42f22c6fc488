"""Read runs from wherever their rows lie: compacted, or still in the inbox."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings.compacted import OUTCOMES, outcomes_of
from standings.facts import SCHEMAS
from tasks.inbox import RunKey, read_run, read_sibling
from tasks.parallel import each
from tasks.parquet import Faulty, Newer
from tasks.segments import Compacted
from tasks.store import Missing, Store

OF_RUNS = {"run": SCHEMAS["run"], "scores": SCHEMAS["scores"], "samples": SCHEMAS["samples"], "outcomes": OUTCOMES}
WHOLE = ("run", "scores", "outcomes")  # samples are too many to be read whole
_BATCH = 500  # a run's own table takes 10 KB beside its rows, so not too many are kept apart
_logger = logging.getLogger(__name__)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class View:
    """Show the lake as one manifest of what is compacted and the gate's log have it."""

    store: Store
    compacted: Compacted
    passes: Mapping[int, int]  # object of the gate's log to its last admitted_seq, of those that are not compacted
    log: pa.Table

    @property
    def last_pass(self) -> int:
        """Return the number of the log's last object."""
        return max(self.passes, default=self.compacted.passes)


def run_of(view: View, row: Row) -> pa.Table:
    """Read the run of a row of the log. Raises Missing or Faulty."""
    shard = view.compacted.shard(row)
    return read_run(view.store, row) if shard is None else shard.one(row["run_id"])


def sibling_of(view: View, row: Row, name: str) -> pa.Table:
    """Read the scores, samples or outcomes of a row of the log. Raises Missing or Faulty."""
    shard = view.compacted.shard(row)
    if shard is not None:
        return shard.sibling(name, row["run_id"])
    [run] = read_run(view.store, row).to_pylist()
    return _in_inbox(view.store, name, run)


def whole(view: View, log: pa.Table, names: Sequence[str]) -> tuple[dict[str, pa.Table], dict[str, Exception]]:
    """Read tables of all runs that a log admits; and of each in the inbox that can't be read, why.

    Raises Missing or Faulty for a compacted file, and Newer for a run that this version can't read.
    """
    found = {name: view.compacted.whole(name) for name in names}
    if view.compacted.to > log.num_rows:  # it was compacted after the log was read
        found = {name: [_of(table, log["run_id"]) for table in tables] for name, tables in found.items()}
    rest, faults = loose(view, log, names)
    return {name: joined(name, [*tables, rest[name]]) for name, tables in found.items()}, faults


def loose(view: View, log: pa.Table, names: Sequence[str]) -> tuple[dict[str, pa.Table], dict[str, Exception]]:
    """Read the same of those runs alone that are in no compacted file."""
    found: dict[str, list[pa.Table]] = {name: [] for name in names}
    faults: dict[str, Exception] = {}

    def read(row: Row) -> dict[str, pa.Table] | None:
        try:
            run = read_run(view.store, row)
            [named] = run.to_pylist()
            return {name: run if name == "run" else _in_inbox(view.store, name, named) for name in names}
        except Newer as error:  # a newer gate admitted it: a board without it would be wrong and not just late
            raise Newer(f"{RunKey(row['job_id'], row['run_id']).of('run')}: {error} Install that one.") from error
        except (Faulty, Missing) as error:
            faults[RunKey(row["job_id"], row["run_id"]).of("run")] = error
            return None

    left = view.compacted.not_held(log)
    for start in range(0, left.num_rows, _BATCH):
        runs = [tables for tables in each(read, left.slice(start, _BATCH).to_pylist()) if tables is not None]
        for name in names:
            found[name].append(joined(name, [tables[name] for tables in runs]))
    return {name: joined(name, tables) for name, tables in found.items()}, faults


def in_order(table: pa.Table, log: pa.Table) -> pa.Table:
    """Sort rows as the log has their runs; those of one run stay in their order."""
    admitted = log.filter(pc.is_null(log["fault"]))["run_id"].combine_chunks()
    place = pc.index_in(table["run_id"].combine_chunks(), value_set=admitted)
    return table.take(pc.array_sort_indices(place))


def warn(faults: Mapping[str, Exception]) -> None:
    """Log what is left out."""
    for key, error in faults.items():
        _logger.warning("%s was admitted and is left out: %s. Restore the object's bytes.", key, error)


def joined(name: str, tables: Sequence[pa.Table]) -> pa.Table:
    """Join tables of runs into one."""
    return pa.concat_tables([OF_RUNS[name].empty_table(), *tables]).combine_chunks()


def _in_inbox(store: Store, name: str, run: Row) -> pa.Table:
    if name == "outcomes":
        return outcomes_of(read_sibling(store, "samples", run))
    return read_sibling(store, name, run)


def _of(table: pa.Table, ids: pa.ChunkedArray) -> pa.Table:
    return table.filter(pc.is_in(table["run_id"], ids.combine_chunks()))
