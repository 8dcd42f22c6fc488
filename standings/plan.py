"""Decide what is run: the jobs that are due, grouped so that each variant is loaded once.

What a job *is* (counted, missing, waiting, …) is decided in sql/model/job_state.sql; here only what follows from it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from math import ceil, log2
from typing import Any

from standings import estimate
from standings.suite import Record

Row = Mapping[str, Any]
SPREADS = (1, 2, 4, 8)  # a model's heads divide by powers of two, and a node holds eight GPUs


class Machine(Record):
    """What the planner knows of the machine that would run the plan."""

    memory: int  # bytes that a model may take; with GPUs, of each of them
    threads: int
    gpus: int = 0  # over which one model may be spread; 0: it computes on the CPU
    batch_size: int = 8
    engines: tuple[str, ...] = ("hf",)

    @property
    def device(self) -> str:
        """Name what it computes on."""
        return "cuda" if self.gpus else "cpu"


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
    memory: float | None  # estimated bytes, on each GPU where there are any
    gpus: int = 0  # that it takes; 0: it runs on the CPU
    start: float = 0.0  # estimated seconds until the first job begins
    jobs: tuple[Job, ...]

    @property
    def seconds(self) -> float | None:
        """Sum the estimates of the start and of the jobs; None where one is not known."""
        known = [job.seconds for job in self.jobs if job.seconds is not None]
        return self.start + sum(known) if len(known) == len(self.jobs) else None


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
        if why := unmade(variant, machine):
            refused += [{**job, "state": "blocked", "why": why} for job in jobs]
            continue
        fitting = [job for job in jobs if fits(variant, job, machine)]
        refused += [
            {**job, "state": "too_large", "why": lacking(variant, job, machine)} for job in jobs if job not in fitting
        ]
        if fitting:
            assignments.append(_assignment(variant, fitting, benchmarks, machine))
    # Small models first: a first row appears soon, and what is learnt from it is learnt cheaply.
    assignments.sort(key=lambda item: (item.memory or 0.0, item.model, item.variant))
    others = [row for row in rows if row["state"] not in ("missing", "counted")]
    return Plan(
        assignments=tuple(assignments),
        unplanned=tuple(_unplanned([*others, *refused])),
        counted=sum(row["state"] == "counted" for row in rows),
    )


def unmade(variant: Row, machine: Machine) -> str | None:
    """Say why a variant can't run on any machine like this one, however large; None where it can."""
    if variant["engine"] not in machine.engines:
        return f"no worker for engine {variant['engine']} here"  # API and vLLM have machines of their own
    if variant["dtype"] is None:
        return "the entry names no dtype"
    if estimate.weights(variant) is None:
        return "its size is not known, so the memory it needs is not"  # never loaded on a guess
    return None


def needed(variant: Row, job: Row, machine: Machine, gpus: int) -> float:
    """Estimate the bytes that a job's peak takes, on each of so many GPUs where the machine has any."""
    tokens = estimate.generated_tokens(json.loads(job["protocol"]))
    found = estimate.memory(variant, tokens, machine.batch_size, machine.device, gpus)
    assert found is not None, f"{variant['model']}: of unknown size, which `unmade` refuses"
    return found


def fits(variant: Row, job: Row, machine: Machine) -> int | None:
    """Return over how many devices a job's model must be spread, a power of two; None where it does not fit."""
    for gpus in (count for count in SPREADS if count <= max(1, machine.gpus)):
        if needed(variant, job, machine, gpus) <= machine.memory:
            return gpus
    return None


def lacking(variant: Row, job: Row, machine: Machine) -> str:
    """Say what a job that does not fit would need: in powers of two, so that many models say the same."""
    there = f"{machine.memory / estimate.GIB:.0f}"
    if not machine.gpus:
        needs = 2 ** ceil(log2(needed(variant, job, machine, 1) / estimate.GIB))
        return f"needs up to {needs} GiB of memory, this machine gives {there}"
    enough = (count for count in SPREADS if needed(variant, job, machine, count) <= machine.memory)
    more = next(enough, None) or f"more than {SPREADS[-1]}"
    return f"needs {more} GPUs of {there} GiB, this machine gives {machine.gpus}"


def _assignment(variant: Row, jobs: Sequence[Row], benchmarks: Mapping[str, Row], machine: Machine) -> Assignment:
    made = []
    spread = max(fits(variant, job, machine) or 1 for job in jobs)
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
                seconds=estimate.seconds(
                    variant,
                    documents,
                    json.loads(job["protocol"]),
                    machine.threads,
                    machine.batch_size,
                    machine.device,
                ),
            )
        )
    return Assignment(
        model=variant["model"],
        variant=variant["variant"],
        variant_id=variant["variant_id"],
        memory=max(needed(variant, job, machine, spread) for job in jobs),
        gpus=spread if machine.gpus else 0,
        start=estimate.start_seconds(variant),
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
