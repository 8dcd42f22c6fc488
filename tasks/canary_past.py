"""Read what the lake knows of the canary: its runs, which of them are the baseline, and what each answered."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import fmean
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings import canary_jobs
from standings.canary import CanaryPolicy
from standings.canary import faults as faults_of
from standings.canary_jobs import ACCEPT, Asking
from standings.drift import Asked, Document
from tasks import verdicts
from tasks.lake import Lake
from tasks.registry_files import read_canary, read_suites
from tasks.settings import Settings
from tasks.workplace import BrokenRegistry, Workplace

__all__ = ["ACCEPT", "Past", "Perch", "answers", "perch", "read_past"]
Row = Mapping[str, Any]
Metrics = Mapping[str, tuple[str, str]]  # job_id to metric and filter of its benchmark's score


@dataclass(frozen=True)
class Perch:
    """The canary as the registry has it, with the workplace it is asked in."""

    policy: CanaryPolicy
    workplace: Workplace
    asking: Asking


@dataclass(frozen=True)
class Past:
    """Its runs in the lake, in the order in which they began."""

    runs: tuple[Row, ...]  # succeeded, and not withdrawn
    failures: tuple[Row, ...]
    baselines: Mapping[str, Row]  # job_id to run


def perch(settings: Settings) -> Perch | None:
    """Read who is asked what; None where the registry has no canary. Raises BrokenRegistry."""
    policy, faults = read_canary(settings.registry)
    if faults:
        raise BrokenRegistry(faults)
    if policy is None:
        return None
    suites = read_suites(settings.registry)[0]
    whole = Workplace.open(settings)
    if faults := faults_of(policy, whole.registry, suites):
        raise BrokenRegistry(faults)
    suite, _ = policy.chosen(suites)
    workplace = replace(whole, suites=(suite,), models=(policy.model,), whole=False)
    return Perch(policy, workplace, canary_jobs.asking(policy, whole.registry, suites))


def read_past(perch: Perch, now: datetime, *, write: bool = True) -> Past:
    """Read the runs of the canary's jobs; `write` lets the gate admit what is new, else it is looked at only."""
    lake, jobs = perch.workplace.lake, pa.array(perch.asking.names, pa.string())
    log = verdicts.look(lake, now, write=write)
    mine = log.filter(pc.is_in(log["job_id"], jobs))
    facts = verdicts.read_facts(lake, mine, "decisions")
    run = facts["run"]
    run = run.filter(pc.and_(pc.equal(run["purpose"], "canary"), pc.is_in(run["job_id"], jobs)))
    facts["run"] = run
    withdrawn = {name for name, row in verdicts.in_force(facts).items() if row["verdict"] == "withdrawn"}
    rows: list[Row] = sorted(run.to_pylist(), key=lambda row: (row["started_at"], row["run_id"]))
    runs = [row for row in rows if row["status"] == "succeeded" and row["run_id"] not in withdrawn]
    return Past(
        runs=tuple(runs),
        failures=tuple(row for row in rows if row["status"] == "failed"),
        baselines=canary_jobs.baselines(runs, facts["decisions"].to_pylist()),
    )


def answers(lake: Lake, runs: Iterable[Row], metrics: Metrics) -> dict[str, Asked]:
    """Read what runs answered, by run_id."""
    wanted = {run["run_id"]: run for run in runs}
    held: dict[str, list[Row]] = defaultdict(list)
    for row in lake.samples(*wanted).drop_columns(["response", "target", "doc_hash"]).to_pylist() if wanted else ():
        held[row["run_id"]].append(row)
    return {name: Asked(run, documents(held[name], *metrics[run["job_id"]])) for name, run in wanted.items()}


def documents(rows: Iterable[Row], metric: str, filter_: str) -> dict[str, Document]:
    """Gather the repeats of each document; one without an outcome of the metric is left out."""
    repeats: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["repeat"]):  # packed or not, the same answers are told in one order
        outcome = dict(row["outcomes"]).get(metric)
        if row["filter"] == filter_ and outcome is not None:
            place = f"{row['task']}/{row['doc_id']}"
            repeats[place].append((outcome, str(row["answer"]), row["prompt_hash"]))
    return {
        place: Document(
            outcome=fmean(outcome for outcome, _, _ in same),
            answer="\n".join(answer for _, answer, _ in same),
            prompt=same[0][2],
        )
        for place, same in repeats.items()
    }
