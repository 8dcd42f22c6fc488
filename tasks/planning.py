"""Compare what the registry asks for with what the lake holds: write the difference, or plan what is missing."""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from standings import sync
from standings.facts import SCHEMAS
from standings.plan import Plan, plan
from standings.pools import Pool
from standings.registry import Registry
from standings.suite import Record, Suite
from tasks import admission, materialise
from tasks.faults import reach
from tasks.lake import Lake
from tasks.machine import engine_version

WRITTEN_BY_SYNC = ("models", "benchmarks", "wanted")
READ_BY_PLAN = ("run", *WRITTEN_BY_SYNC, "verdicts", "rules", "decisions", "admissions")


class Scope(Record):
    """What a plan or a run is about; None is everything."""

    suites: tuple[str, ...]
    models: tuple[str, ...] | None = None


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


def pending_rows(
    lake: Lake, registry: Registry, suites: Iterable[Suite], now: datetime, whole: bool = False
) -> dict[str, pa.Table]:
    """Return the rows that sync would append: entries of the registry that are new, changed or gone."""
    asked = list(suites)
    known = lake.facts(*WRITTEN_BY_SYNC)
    rows = sync.rows(registry, asked, now.date(), now)
    return sync.changes(rows, known, [suite.suite for suite in asked], now, whole)


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
    asked = list(suites)
    facts = dict(lake.facts(*READ_BY_PLAN, admissions=admission.preview(lake, now)))
    for name, rows in pending_rows(lake, registry, asked, now).items():
        facts[name] = pa.concat_tables([facts[name], rows.cast(SCHEMAS[name])])
    token = "HF_TOKEN" in os.environ  # what a gated model waits for
    states = materialise.job_state(facts, now=now, image=engine_version(), token=token).to_pylist()
    variants = {row["variant_id"]: row for row in facts["models"].to_pylist() if row["variant_id"]}
    benchmarks = {row["benchmark_id"]: row for row in facts["benchmarks"].to_pylist()}
    return plan([row for row in states if _is_in(scope, row)], variants, benchmarks, pools)


def _is_in(scope: Scope, row: Mapping[str, Any]) -> bool:
    return row["suite"] in scope.suites and (scope.models is None or row["model"] in scope.models)
