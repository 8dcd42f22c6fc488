"""Rule on runs, one by one or by a rule, and say what is ruled. What a ruling comes to is decided in sql/ alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from standings.facts import table
from standings.identity import digest
from standings.paths import folder
from standings.suite import Record
from tasks import admission, materialise
from tasks.lake import Lake

CONDITIONS = (
    "suite", "benchmark", "model", "revision", "lock", "harness", "engine_version", "worker", "device",
    "finished_after", "finished_before",
)  # fmt: skip
KNOWN = ("run", "benchmarks", "verdicts", "rules", "admissions")
Facts = Mapping[str, pa.Table]
Row = dict[str, Any]


class Ruling(Record):
    """What is ruled, why, by whom and when."""

    verdict: str  # withdrawn, suspect or cleared
    reason: str
    who: str
    decided_at: datetime


def read_facts(lake: Lake, log: pa.Table, *more: str) -> dict[str, pa.Table]:
    """Read what tells of runs and of the rulings on them, and `more` tables, as a state of the gate's log has it."""
    return lake.facts(*KNOWN, *more, admissions=log)


def look(lake: Lake, now: datetime, *, write: bool) -> pa.Table:
    """Return the gate's log with all that is in the inbox by now; `write` lets the gate admit it."""
    if not write:
        return admission.preview(lake, now)
    admission.admit(lake, now)  # a rule covers what is admitted: what ended before it must not slip in after it
    return lake.admissions()


def make_rule(ruling: Ruling, conditions: Mapping[str, Any], standing: bool, log: pa.Table) -> Row:
    """Make a rule's row: it covers what the log has admitted by now, and where it stands also what comes later."""
    if unknown := sorted(set(conditions) - set(CONDITIONS)):
        raise ValueError(f"no such condition: {', '.join(unknown)}; there are {', '.join(CONDITIONS)}")
    asked = {name: value for name, value in conditions.items() if value is not None}
    if not asked:
        raise ValueError("a rule without a condition would be about every run")
    covers = {"standing": standing, "admitted_to": max(log["admitted_seq"].to_pylist(), default=0)}
    row = {**ruling.model_dump(), **covers, **asked}
    hashed = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    return {"rule_id": digest(hashed), **row}


def covered(facts: Facts, rules: Sequence[Row]) -> list[str]:
    """Name the runs that rules cover, be they in the lake or not yet."""
    asked = {"rules": table("rules", list(rules)), "verdicts": table("verdicts", [])}
    return sorted(set(_ask({**facts, **asked}, "model.ruling")["run_id"].to_pylist()))


def in_force(facts: Facts) -> dict[str, Row]:
    """Return the ruling that holds, of each run that was ruled on."""
    if not facts["verdicts"].num_rows and not facts["rules"].num_rows:
        return {}
    return {row["run_id"]: row for row in _ask(facts, "model.verdict").to_pylist()}


def listed(facts: Facts) -> list[Row]:
    """List all rulings that were ever made, with how many runs each covers: the rows of leaderboard.verdicts."""
    rows: list[Row] = _ask(facts, "leaderboard.verdicts").to_pylist()
    return rows


def rulings(ruling: Ruling, run_ids: Sequence[str]) -> list[Row]:
    """Make the rows of a ruling on runs one by one."""
    return [{"run_id": run_id, **ruling.model_dump()} for run_id in dict.fromkeys(run_ids)]


def append(lake: Lake, name: str, rows: Sequence[Row]) -> None:
    """Let verdicts or rules hold from the next refresh on."""
    lake.append(name, table(name, list(rows)))


def _ask(facts: Facts, name: str) -> pa.Table:
    known = {key: facts[key] for key in KNOWN}
    now = max(facts["admissions"]["admitted_at"].to_pylist(), default=datetime.fromisoformat("1970-01-01T00:00Z"))
    return materialise.one_table(known, name, folder("sql"), now=now)
