"""Decide what is run: the jobs that are due, grouped so that each variant is loaded once.

What a job *is* (counted, missing, waiting, …) is decided in sql/model/job_state.sql; here only what follows from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from standings import estimate
from standings.suite import Record

Row = Mapping[str, Any]


class Machine(Record):
    """What the planner knows of the machine that would run the plan."""

    memory: int  # bytes
    threads: int
    device: str = "cpu"
    engines: tuple[str, ...] = ("hf",)


class Job(Record):
    """One variant's way through one benchmark, to be attempted now."""

    job_id: str
    suite: str
    benchmark: str
    benchmark_id: str
    protocol: str  # canonical JSON
    documents: int
    attempt: int
    why: str
    seconds: float | None  # estimated


class Assignment(Record):
    """The jobs of one variant that a worker does in one model load."""

    model: str
    variant: str
    variant_id: str
    memory: float | None  # estimated bytes
    jobs: tuple[Job, ...]

    @property
    def seconds(self) -> float | None:
        """Sum the jobs' estimates; None where one is not known."""
        known = [job.seconds for job in self.jobs if job.seconds is not None]
        return sum(known) if len(known) == len(self.jobs) else None


class Unplanned(Record):
    """Cells that won't be run now, and why."""

    model: str
    variant: str
    suite: str
    cells: int
    state: str  # waiting, failed, given_up, blocked, or too_large for this machine
    why: str


class Plan(Record):
    """What would be run, what won't, and how much is there already."""

    assignments: tuple[Assignment, ...]
    unplanned: tuple[Unplanned, ...]
    counted: int  # cells that have their number

    @property
    def jobs(self) -> int:
        """Count the jobs to run."""
        return sum(len(assignment.jobs) for assignment in self.assignments)


def plan(states: Iterable[Row], variants: Mapping[str, Row], benchmarks: Mapping[str, Row], machine: Machine) -> Plan:
    """Group the missing jobs by variant, smallest model first, and say of each other cell why it is not run.

    `states` are rows of model.job_state, `variants` rows of `models` by variant_id, `benchmarks` rows by benchmark_id.
    """
    rows = list(states)
    # Two benchmarks that differ in the metric or filter of their score are one job: one run yields both.
    due = list({row["job_id"]: row for row in rows if row["state"] == "missing"}.values())
    assignments, refused = [], []
    for variant_id, jobs in _grouped(due, "variant_id"):
        variant = variants[variant_id]
        if found := unfit(variant, machine):
            state, why = found
            refused += [{**job, "state": state, "why": why} for job in jobs]
        else:
            assignments.append(_assignment(variant, jobs, benchmarks, machine))
    # Small models first: a first row appears soon, and what is learnt from it is learnt cheaply.
    assignments.sort(key=lambda item: (item.memory or 0.0, item.model, item.variant))
    others = [row for row in rows if row["state"] not in ("missing", "counted")]
    return Plan(
        assignments=tuple(assignments),
        unplanned=tuple(_unplanned([*others, *refused])),
        counted=sum(row["state"] == "counted" for row in rows),
    )


def unfit(variant: Row, machine: Machine) -> tuple[str, str] | None:
    """Return the state of a variant that can't run on this machine, and why; None where it can."""
    if variant["engine"] not in machine.engines:
        return "blocked", f"no worker for engine {variant['engine']} here"  # API and vLLM have machines of their own
    if variant["dtype"] is None:
        return "blocked", "the entry names no dtype"
    needed = estimate.memory(variant["total_b"], variant["dtype"])
    if needed is None:
        return "blocked", "its size is not known, so the memory it needs is not"  # never loaded on a guess
    if needed > machine.memory:
        there = f"this machine gives {machine.memory / estimate.GIB:.0f}"
        return "too_large", f"needs {needed / estimate.GIB:.0f} GiB of memory, {there}"
    return None


def _assignment(variant: Row, jobs: Sequence[Row], benchmarks: Mapping[str, Row], machine: Machine) -> Assignment:
    made = []
    for job in jobs:
        documents = benchmarks[job["benchmark_id"]]["documents"]
        made.append(
            Job(
                job_id=job["job_id"],
                suite=job["suite"],
                benchmark=job["benchmark"],
                benchmark_id=job["benchmark_id"],
                protocol=job["protocol"],
                documents=documents,
                attempt=job["attempts"] + 1,
                why=job["why"],
                seconds=estimate.seconds(variant["active_b"], documents, machine.threads, machine.device),
            )
        )
    return Assignment(
        model=variant["model"],
        variant=variant["variant"],
        variant_id=variant["variant_id"],
        memory=estimate.memory(variant["total_b"], variant["dtype"]),
        jobs=tuple(sorted(made, key=lambda job: (job.suite, job.benchmark))),
    )


def _unplanned(rows: Sequence[Row]) -> Iterable[Unplanned]:
    named = [
        (row["model"], row["variant"], row["suite"], row["state"], row["why"] or row["reason"] or row["state"])
        for row in rows
    ]
    for (model, variant, suite, state, why), cells in groupby(sorted(named)):
        yield Unplanned(model=model, variant=variant, suite=suite, cells=len(list(cells)), state=state, why=why)


def _grouped(rows: Sequence[Row], key: str) -> Iterable[tuple[str, list[Row]]]:
    for value, group in groupby(sorted(rows, key=lambda row: row[key]), key=lambda row: row[key]):
        yield value, list(group)
