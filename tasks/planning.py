"""Compare what the registry asks for with what the lake holds: write the difference, or plan what is missing."""

import gc
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from standings import sync
from standings.cells import Cells, Sorted, sort_out
from standings.coding import decoded
from standings.plan import Plan, plan
from standings.pools import Pool, largest
from standings.registry import Registry
from standings.suite import Record, Suite
from tasks import admission, materialise
from tasks.faults import reach
from tasks.lake import Lake
from tasks.machine import engine_version
from tasks.overview import Overview
from tasks.reading import View

WRITTEN_BY_SYNC = ("models", "benchmarks", "wanted")


class Scope(Record):
    """What a plan or a run is about; None is everything."""

    suites: tuple[str, ...]
    models: tuple[str, ...] | None = None

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Say whether a cell is in it."""
        return row["suite"] in self.suites and (self.models is None or row["model"] in self.models)


class NotLocked(ValueError):
    """A suite has benchmarks without a lock; the message names them and the remedy."""


class EmptyRegistry(ValueError):
    """The registry holds no suite or no model: a sync would take everything off the board."""


def require_content(registry: Registry, suites: Iterable[Suite]) -> None:
    """Raise EmptyRegistry where nothing would be asked: more likely it is the wrong folder than meant."""
    lacking = [what for what, held in (("suite", list(suites)), ("model", registry.models)) if not held]
    if lacking:
        raise EmptyRegistry(
            f"holds no {' and no '.join(lacking)}: a sync would take everything off the board. "
            "Set STANDINGS_REGISTRY to the folder that holds suites/ and models/"
        )


def require_locks(suites: Iterable[Suite]) -> None:
    """Raise NotLocked where a suite could not be asked whole.

    Its board would lose the benchmark in silence, and another index would stand under the same name.
    """
    lacking = {suite.suite: [item.id for item in suite.benchmarks if suite.lock(item) is None] for suite in suites}
    if said := [f"{name}: {', '.join(ids)}" for name, ids in lacking.items() if ids]:
        raise NotLocked(f"not locked: {'; '.join(said)}. Run: standings suite lock NAME, and review what it writes")


class Known(NamedTuple):
    """What sync has written."""

    tables: dict[str, pa.Table]  # models and benchmarks
    cells: Cells  # wanted

    @classmethod
    def read(cls, lake: Lake) -> "Known":
        """Read it."""
        cells = Cells(lake.coded("wanted"))
        cells.latest  # noqa: B018 — computed where it was read, which is beside Python
        return cls({name: lake.appended(name) for name in ("models", "benchmarks")}, cells)

    def plus(self, rows: Mapping[str, pa.Table]) -> "Known":
        """Return the same with what sync would append."""
        tables = {name: pa.concat_tables([table, rows[name].cast(table.schema)]) for name, table in self.tables.items()}
        return Known(tables, self.cells.plus(rows["wanted"]))


def pending_rows(
    lake: Lake, registry: Registry, suites: Iterable[Suite], now: datetime, whole: bool = False
) -> dict[str, pa.Table]:
    """Return the rows that sync would append: entries of the registry that are new, changed or gone."""
    of_suites = list(suites)
    return _changes(Known.read(lake), sync.rows(registry, of_suites, now.date(), now), of_suites, now, whole)


def _changes(
    known: Known, rows: sync.Current, suites: Sequence[Suite], now: datetime, whole: bool = False
) -> dict[str, pa.Table]:
    return sync.changes(rows, known.tables, known.cells, [suite.suite for suite in suites], now, whole)


def write_pending(lake: Lake, registry: Registry, suites: Iterable[Suite], now: datetime, whole: bool = False) -> int:
    """Append what sync finds to the lake; return the number of rows. Run twice, the second appends nothing.

    `whole` says that these are all suites of the registry: one that is missing has left the board.
    Raises EmptyRegistry or NotLocked, and then nothing is written.
    """
    asked = list(suites)
    require_content(registry, asked)
    require_locks(asked)
    pending = pending_rows(lake, registry, asked, now, whole)
    lake.append("models", pending["models"])
    reach("sync.after_models")
    lake.append("benchmarks", pending["benchmarks"])
    lake.append("wanted", pending["wanted"])
    return sum(rows.num_rows for rows in pending.values())


def make_plan(
    lake: Lake, registry: Registry, suites: Iterable[Suite], scope: Scope, pools: Sequence[Pool], now: datetime
) -> Plan:
    """Plan from the lake as it would be after a sync and a look of the gate. Writes nothing."""
    of_suites = list(suites)
    with _undisturbed(), ThreadPoolExecutor(2) as aside:  # Arrow reads beside what Python makes of the registry
        view, written = aside.submit(lake.view, hashes=False), aside.submit(Known.read, lake)
        rows = sync.rows(registry, of_suites, now.date(), now)
        known = written.result()
        known = known.plus(_changes(known, rows, of_suites, now))
    rulings = {name: lake.appended(name) for name in ("verdicts", "rules", "decisions")}
    cells, of_runs = lake.settled(view.result(), partial(looked_up, lake, known.cells, rulings, scope, now))
    states = _states({**known.tables, **rulings, **of_runs, "wanted": decoded(cells.open)}, pools, now)
    asked = pa.array({row["variant_id"] for row in states}, pa.string())
    models = known.tables["models"].filter(pc.is_in(known.tables["models"]["variant_id"], value_set=asked))
    variants = {row["variant_id"]: row for row in models.to_pylist() if row["variant_id"]}
    benchmarks = {row["benchmark_id"]: row for row in known.tables["benchmarks"].to_pylist()}
    return plan([row for row in states if scope.holds(row)], variants, benchmarks, pools, cells.counted)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the garbage collector out: it would walk through 10,000 models again and again, and find nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def looked_up(
    lake: Lake, cells: Cells, rulings: Mapping[str, pa.Table], scope: Scope, now: datetime, view: View
) -> tuple[Sorted, dict[str, pa.Table]]:
    """Sort out the cells, and read the runs of those that SQL must be asked about."""
    overview = Overview.read(lake, view, admission.foreseen(lake, view.log, now))
    covered, named = overview.ruled(rulings["rules"])
    plain = overview.plain(pa.concat_arrays([covered, rulings["verdicts"]["run_id"].combine_chunks()]))
    chosen = sort_out(cells.within(scope.suites, scope.models), lambda jobs: materialise.lacking(jobs, plain))
    return chosen, overview.facts(chosen.jobs, named)


def _states(facts: Mapping[str, pa.Table], pools: Sequence[Pool], now: datetime) -> list[dict[str, Any]]:
    if not facts["wanted"].num_rows:
        return []
    token = "HF_TOKEN" in os.environ  # what a gated model waits for
    states = materialise.job_state(facts, now=now, image=engine_version(), token=token, largest=largest(pools))
    rows: list[dict[str, Any]] = states.to_pylist()
    return rows
