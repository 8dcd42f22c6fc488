"""Keep the facts: put runs and rows into a store, and read back those that the gate has admitted.

| key | object |
| --- | --- |
| `inbox/v1/<job_id>/<run_id>/{samples,scores,run}.parquet` | one run; `run` is put last and is the commit record |
| `admissions/v1/<number>.parquet` | one pass of the gate (tasks/admission.py), from 000000000001 without a gap |
| `facts/v1/<table>/<time>-<sha256>.parquet` | rows appended to models, benchmarks, wanted, verdicts, decisions |
| `quarantine/<job_id>/<run_id>/` | a copy of a run that the gate set aside, with the reason |
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from standings import identity
from standings.facts import SCHEMAS
from standings.facts import table as fact_table
from tasks.faults import reach
from tasks.parquet import Faulty, decode, encode
from tasks.store import Missing, Store

INBOX, LOG, APPENDED = "inbox/v1/", "admissions/v1/", "facts/v1/"
CLOCKS = {  # the column that says when a row was appended
    "models": "known_from",
    "benchmarks": "known_from",
    "wanted": "known_from",
    "verdicts": "decided_at",
    "decisions": "decided_at",
}
_THREADS = 8  # a reader waits for the store more than it computes
_logger = logging.getLogger(__name__)
Item = TypeVar("Item")
Got = TypeVar("Got")


@dataclass(frozen=True, slots=True)
class RunKey:
    """Name the objects of one run."""

    job_id: str
    run_id: str

    def of(self, name: str) -> str:
        """Return the key of samples, scores or run."""
        return f"{INBOX}{self.job_id}/{self.run_id}/{name}.parquet"


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

    def append(self, name: str, rows: pa.Table) -> None:
        """Append rows to a table; the same rows again change nothing, and none is no object."""
        if not rows.num_rows:
            return
        body = encode(name, rows)
        moment: datetime = pc.max(rows[CLOCKS[name]]).as_py()
        stamp = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        self.store.create(f"{APPENDED}{name}/{stamp}-{hashlib.sha256(body).hexdigest()}.parquet", body)

    def facts(self, *names: str, admissions: pa.Table | None = None) -> dict[str, pa.Table]:
        """Read whole tables by name; of run and scores only what the gate admitted.

        `admissions` stands in for the gate's log, as `tasks.admission.preview` gives it. An admitted run whose bytes
        have rotted or gone is left out and logged: its job becomes missing, and is asked again.
        """
        log = self.admissions() if admissions is None else admissions
        tables = {name: self._appended(name) for name in names if name in CLOCKS}
        if "admissions" in names:
            tables["admissions"] = log
        of_runs = [name for name in ("run", "scores") if name in names]
        if of_runs:
            tables |= self._of_runs(of_runs, log)
        unread = set(names) - set(tables)
        if unread:
            raise ValueError(f"no such table to read whole: {', '.join(sorted(unread))}")
        return {name: tables[name] for name in names}

    def admissions(self) -> pa.Table:
        """Read the gate's log: every run it looked at, in order; those without a fault are admitted."""
        return self.log()[1]

    def log(self) -> tuple[int, pa.Table]:
        """Read the gate's log and the number of its last object."""
        keys = [entry.key for entry in self.store.list(LOG)]
        table = _joined("admissions", self._each(self._read_pass, keys))
        whole = keys == [log_key(number + 1) for number in range(len(keys))]
        if not whole or table["admitted_seq"].to_pylist() != list(range(1, table.num_rows + 1)):
            raise Faulty(
                f"{LOG} has a gap: an object of the gate's log is gone. Restore it; nothing else has its order"
            )
        return len(keys), table

    def revision(self) -> str:
        """Hash what was appended so far. Take it before the facts are read: a board then has at least what it says."""
        return identity.digest([entry.key for entry in self.store.list(APPENDED)])

    def run(self, run_id: str) -> dict[str, Any]:
        """Read one admitted run."""
        rows: list[dict[str, Any]] = self._of_runs(["run"], _only(self.admissions(), {run_id}))["run"].to_pylist()
        if not rows:
            raise Missing(f"run {run_id} is not admitted; `standings refresh` looks at what is new")
        return rows[0]

    def scores(self, *ids: str) -> pa.Table:
        """Read the scores of admitted runs, each named by its run_id or its job_id."""
        return self._siblings("scores", ids)

    def samples(self, *ids: str) -> pa.Table:
        """Read the samples of admitted runs, each named by its run_id or its job_id."""
        return self._siblings("samples", ids)

    def _siblings(self, name: str, ids: Sequence[str]) -> pa.Table:
        log = _admitted(_only(self.admissions(), set(ids)))
        runs = [run for run in self._each(self._read_run, log) if run is not None]
        return _joined(name, self._each(lambda run: self._sibling(name, run), runs))

    def _put_sibling(self, key: RunKey, name: str, table: pa.Table | None) -> dict[str, Any]:
        """Put scores or samples, and return what the commit record says of them."""
        if table is None:
            return {}
        body = encode(name, table)
        self.store.create(key.of(name), body)
        return {f"{name}_sha256": hashlib.sha256(body).hexdigest(), f"{name}_rows": table.num_rows}

    def _read_pass(self, key: str) -> pa.Table:
        try:
            return decode("admissions", self.store.read(key))
        except Faulty as error:
            raise Faulty(f"{key}: {error}. Restore it; nothing else has the log's order") from error

    def _read_run(self, row: dict[str, Any]) -> pa.Table | None:
        key = RunKey(row["job_id"], row["run_id"]).of("run")
        try:
            body = self.store.read(key)
            _require_sha256(body, row["run_sha256"])
            return decode("run", body)
        except (Faulty, Missing) as error:
            _logger.warning("%s was admitted and is left out: %s. Restore the object's bytes.", key, error)
            return None

    def _sibling(self, name: str, run: pa.Table) -> pa.Table:
        """Read the scores or samples that a run names: an empty table where it names none."""
        [named] = run.select(["job_id", "run_id", f"{name}_sha256"]).to_pylist()
        if named[f"{name}_sha256"] is None:
            return SCHEMAS[name].empty_table()
        body = self.store.read(RunKey(named["job_id"], named["run_id"]).of(name))
        _require_sha256(body, named[f"{name}_sha256"])
        return decode(name, body)

    def _of_runs(self, names: Sequence[str], log: pa.Table) -> dict[str, pa.Table]:
        def read(row: dict[str, Any]) -> dict[str, pa.Table] | None:
            run = self._read_run(row)
            if run is None:
                return None
            try:
                return {"run": run, **({"scores": self._sibling("scores", run)} if "scores" in names else {})}
            except (Faulty, Missing) as error:
                _logger.warning("run %s was admitted and is left out: its scores: %s", row["run_id"], error)
                return None

        found = [tables for tables in self._each(read, _admitted(log)) if tables is not None]
        return {name: _joined(name, [tables[name] for tables in found]) for name in names}

    def _appended(self, name: str) -> pa.Table:
        def read(key: str) -> pa.Table:
            body = self.store.read(key)
            try:
                _require_sha256(body, key.rpartition("-")[2].removesuffix(".parquet"))
                return decode(name, body)
            except Faulty as error:
                # No board is built on half a registry; the next sync writes again what is not there.
                raise Faulty(f"{key}: {error}. Move it away and run `standings refresh`.") from error

        return _joined(name, self._each(read, [entry.key for entry in self.store.list(f"{APPENDED}{name}/")]))

    def _each(self, read: Callable[[Item], Got], items: Iterable[Item]) -> list[Got]:
        with ThreadPoolExecutor(_THREADS) as pool:
            return list(pool.map(read, items))


def log_key(number: int) -> str:
    """Return the key of one pass of the gate."""
    return f"{LOG}{number:012d}.parquet"


def _admitted(log: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = log.filter(pc.field("fault").is_null()).to_pylist()
    return rows


def _only(log: pa.Table, ids: set[str]) -> pa.Table:
    wanted = pa.array(sorted(ids), pa.string())
    return log.filter(pc.or_(pc.is_in(log["run_id"], wanted), pc.is_in(log["job_id"], wanted)))


def _joined(name: str, tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables([SCHEMAS[name].empty_table(), *tables]).combine_chunks()


def _require_sha256(body: bytes, right: str) -> None:
    found = hashlib.sha256(body).hexdigest()
    if found != right:
        raise Faulty(f"the bytes' sha256 is {found}, and must be {right}")
