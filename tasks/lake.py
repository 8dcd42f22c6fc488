"""Keep the facts: put runs and rows into a store, and read back those that the gate has admitted.

| key | object |
| --- | --- |
| `inbox/v1/<job_id>/<run_id>/{samples,scores,run}.parquet` | one run; `run` is put last and is the commit record |
| `admissions/v1/<number>.parquet` | one pass of the gate (tasks/admission.py), from 000000000001 without a gap |
| `facts/v1/<table>/<time>-<sha256>.parquet` | rows appended to a table (tasks/appended.py), a part's name before |
| `compacted/v1/` | the same rows in few files (tasks/compaction.py), after which runs leave the inbox |
| `quarantine/<job_id>/<run_id>/` | a copy of a run that the gate set aside, with the reason |
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from standings.facts import SCHEMAS
from standings.facts import table as fact_table
from tasks import appended, reading
from tasks.appended import CLOCKS
from tasks.faults import reach
from tasks.files import Rows
from tasks.inbox import INBOX, RunKey
from tasks.parallel import each
from tasks.parquet import Faulty, decode, encode
from tasks.reading import View
from tasks.segments import Compacted, newest
from tasks.store import Missing, Store

__all__ = ["INBOX", "LOG", "Lake", "RunKey", "log_key"]
LOG = "admissions/v1/"
Row = dict[str, Any]
Got = TypeVar("Got")


class Lake:
    """Read and write one lake."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def put_run(self, run: dict[str, Any], scores: pa.Table | None = None, samples: pa.Table | None = None) -> None:
        """Put a run's objects, the commit record last, filled in with the sha256 and rows of its siblings.

        Killed in between, the run was never there. A failed run has no scores and no samples.
        """
        key = RunKey(run["job_id"], run["run_id"])
        reach("put.before_samples")
        names = self._put_sibling(key, "samples", samples)
        reach("put.after_samples")
        names |= self._put_sibling(key, "scores", scores)
        reach("put.after_scores")
        self.store.create(key.of("run"), encode("run", fact_table("run", [{**run, **names}])))
        reach("put.after_run")

    def append(self, name: str, rows: pa.Table, part: str = "") -> None:
        """Append rows to a table; the same rows again change nothing, and none is no object.

        `part` marks their keys, so that `appended` can leave them out unread.
        """
        appended.put(self.store, name, rows, part)

    def facts(self, *names: str, admissions: pa.Table | None = None) -> dict[str, pa.Table]:
        """Read whole tables by name; of run, scores and outcomes only what the gate admitted.

        They come in the log's order, as their workers put them. `admissions` stands in for the gate's log, as
        `tasks.admission.preview` gives it. An admitted run whose bytes in the inbox have rotted or gone is left out and
        logged: its job becomes missing, and is asked again. A compacted file that has is an error: it holds many.
        """
        view = self.view()
        log = view.log if admissions is None else admissions
        tables = {name: self.appended(name) for name in names if name in CLOCKS}
        if "admissions" in names:
            tables["admissions"] = log
        of_runs = [name for name in reading.WHOLE if name in names]
        if of_runs:
            tables |= self.settled(view, lambda seen: self._of_runs(of_runs, log, seen))
        unread = set(names) - set(tables)
        if unread:
            raise ValueError(f"no such table to read whole: {', '.join(sorted(unread))}")
        return {name: tables[name] for name in names}

    def rows(self, *names: str, folder: Path) -> tuple[dict[str, Rows], list[str]]:
        """Have whole tables as files that DuckDB may read, and as little as can be in memory; in no order.

        Also returns the run_ids of what is admitted and left out, as `facts` leaves it. `folder` takes the files that
        are not on this machine, and has to stay as long as the rows are read.
        """
        return self.settled(self.view(), lambda seen: self._rows(names, seen, folder))

    def appended(self, name: str, without: str | None = None) -> pa.Table:
        """Read one table that rows are appended to, or all but a part; the gate's log is not looked at."""
        return appended.read(self.store, name, without)

    def coded(self, name: str) -> pa.Table:
        """Read the same with each text that repeats as a dictionary's number: for tables of millions of rows."""
        return appended.coded(self.store, name)

    def loose_runs(self, view: View, log: pa.Table) -> pa.Table:
        """Read the runs that a log admits and no compacted file holds, as `facts` does."""
        tables, faults = reading.loose(view, log, ["run"])
        self._require_still_there(view, faults)
        return tables["run"]

    def admissions(self) -> pa.Table:
        """Read the gate's log: every run it looked at, in order; those without a fault are admitted."""
        return self.view().log

    def log(self, hashes: bool = True) -> tuple[int, pa.Table]:
        """Read the gate's log, as `view` does, and the number of its last object."""
        view = self.view(hashes)
        return view.last_pass, view.log

    def view(self, hashes: bool = True) -> View:
        """Read the newest manifest, and the gate's log from there on; without hashes in half of the time."""
        compacted = Compacted(self.store, newest(self.store), hashes)
        keys, tables = self._passes(compacted)
        table = pa.concat_tables([SCHEMAS["admissions"].empty_table(), *tables])
        log = pa.concat_tables([compacted.log, table.filter(pc.greater(table["admitted_seq"], compacted.to))])
        whole = keys == [log_key(compacted.passes + number + 1) for number in range(len(keys))]
        if not whole or not _counts_up(log["admitted_seq"].combine_chunks()):
            raise Faulty(
                f"{LOG} has a gap: an object of the gate's log is gone. Restore it; nothing else has its order"
            )
        ends = {compacted.passes + place: pc.max(one["admitted_seq"]).as_py() for place, one in enumerate(tables, 1)}
        return View(self.store, compacted, ends, log)

    def backlog(self) -> int:
        """Count the rows of the gate's log that are not compacted; all others stay unread."""
        compacted = Compacted(self.store, newest(self.store))
        tables = self._passes(compacted)[1]
        return sum(pc.sum(pc.greater(table["admitted_seq"], compacted.to)).as_py() or 0 for table in tables)

    def revision(self) -> str:
        """Hash what was appended so far. Take it before the facts are read: a board then has at least what it says."""
        return appended.revision(self.store)

    def run(self, run_id: str) -> Row:
        """Read one admitted run."""
        view = self.view()
        for row in _admitted(_only(view.log, {run_id})):
            if row["run_id"] == run_id:
                [run] = self.settled(view, lambda seen: reading.run_of(seen, row)).to_pylist()  # noqa: B023
                return dict(run)
        raise Missing(f"run {run_id} is not admitted; `standings refresh` looks at what is new")

    def scores(self, *ids: str) -> pa.Table:
        """Read the scores of admitted runs, each named by its run_id or its job_id."""
        return self._siblings("scores", ids)

    def samples(self, *ids: str) -> pa.Table:
        """Read the samples of admitted runs, each named by its run_id or its job_id."""
        return self._siblings("samples", ids)

    def outcomes(self, *ids: str) -> pa.Table:
        """Read the outcomes of admitted runs' samples: a narrow table that is derived from them."""
        return self._siblings("outcomes", ids)

    def _siblings(self, name: str, ids: Sequence[str]) -> pa.Table:
        view = self.view()
        log = _admitted(_only(view.log, set(ids)))
        return self.settled(
            view, lambda seen: reading.joined(name, each(lambda row: reading.sibling_of(seen, row, name), log))
        )

    def settled(self, view: View, read: Callable[[View], Got]) -> Got:
        """Read, and again where an object is gone because a newer manifest took its place."""
        while True:
            try:
                return read(view)
            except Missing:
                again = self.view()
                if again.compacted.manifest == view.compacted.manifest:
                    raise
                view = again

    def _of_runs(self, names: Sequence[str], log: pa.Table, view: View) -> dict[str, pa.Table]:
        tables, faults = reading.whole(view, log, names)
        self._require_still_there(view, faults)
        if not view.compacted.to:
            return tables
        # The same facts in the same order, whatever is compacted: a board's bytes may follow from it.
        return {name: reading.in_order(table, log) for name, table in tables.items()}

    def _rows(self, names: Sequence[str], view: View, folder: Path) -> tuple[dict[str, Rows], list[str]]:
        tables = {
            name: Rows(tuple(appended.parts(self.store, name, folder)), SCHEMAS[name].empty_table())
            for name in CLOCKS
            if name in names
        }
        of_runs = [name for name in reading.WHOLE if name in names]
        parts = {name: tuple(view.compacted.parts(name, folder)) for name in of_runs}
        rest, faults = reading.loose(view, view.log, of_runs)
        self._require_still_there(view, faults)
        tables |= {name: Rows(parts[name], rest[name]) for name in of_runs}
        log = view.log.slice(view.compacted.to)
        tables["admissions"] = Rows(tuple(view.compacted.parts("admissions", folder)), log)
        left_out = [key.run_id for key in map(RunKey.named_by, faults) if key]
        return {name: tables[name] for name in names}, left_out

    def _require_still_there(self, view: View, faults: Mapping[str, Exception]) -> None:
        moved = any(isinstance(error, Missing) for error in faults.values())
        if moved and newest(self.store) != view.compacted.manifest:
            raise Missing("a run left the inbox while it was read")
        reading.warn(faults)

    def _put_sibling(self, key: RunKey, name: str, table: pa.Table | None) -> dict[str, Any]:
        """Put scores or samples, and return what the commit record says of them."""
        if table is None:
            return {}
        body = encode(name, table)
        self.store.create(key.of(name), body)
        return {f"{name}_sha256": hashlib.sha256(body).hexdigest(), f"{name}_rows": table.num_rows}

    def _passes(self, compacted: Compacted) -> tuple[list[str], list[pa.Table]]:
        """Read the objects of the gate's log that are not compacted."""
        keys = [entry.key for entry in self.store.list(LOG, log_key(compacted.passes))]
        return keys, each(self._read_pass, keys)

    def _read_pass(self, key: str) -> pa.Table:
        try:
            return decode("admissions", self.store.read(key))
        except Faulty as error:
            raise Faulty(f"{key}: {error}. Restore it; nothing else has the log's order") from error


def _counts_up(numbers: pa.Array) -> bool:
    """Say whether they are 1, 2, 3, …"""
    first = not len(numbers) or numbers[0].as_py() == 1
    return bool(first and pc.all(pc.equal(pc.pairwise_diff(numbers)[1:], 1), min_count=0).as_py())


def log_key(number: int) -> str:
    """Return the key of one pass of the gate."""
    return f"{LOG}{number:012d}.parquet"


def _admitted(log: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = log.filter(pc.field("fault").is_null()).to_pylist()
    return rows


def _only(log: pa.Table, ids: set[str]) -> pa.Table:
    wanted = pa.array(sorted(ids), pa.string())
    return log.filter(pc.or_(pc.is_in(log["run_id"], wanted), pc.is_in(log["job_id"], wanted)))
