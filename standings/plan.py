"""Decide what is run, and where: the jobs that are due, grouped so that each variant is loaded once.

What a job *is* (counted, missing, waiting, …) is decided in sql/model/job_state.sql; here only what follows from it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from math import ceil, log2
from typing import Any

from standings import estimate
from standings.pools import HERE, SPREADS, Pool, Share, largest, shares
from standings.suite import Record

Row = Mapping[str, Any]


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
    pool: str | None = None  # whose machines run it; None: whoever asks for it, outside of a plan
    gpus: int = 0  # that it takes; 0: it runs on the CPU
    start: float = 0.0  # estimated seconds until the first job begins
    primary: bool = True  # the variant that represents its model
    new: bool = False  # nothing of the variant is counted yet
    completes: bool = False  # with it no cell of the variant lacks its number
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
    state: str  # waiting, failed, given_up, blocked, or too_large for any machine
    why: str


class Plan(Record):
    """What would be run, what won't, and how much is there already."""

    assignments: tuple[Assignment, ...]
    unplanned: tuple[Unplanned, ...]
    counted: int  # cells that have their number
    cut: tuple[Assignment, ...] = ()  # what a night's budget leaves for another

    @property
    def jobs(self) -> int:
        """Count the jobs to run."""
        return sum(len(assignment.jobs) for assignment in self.assignments)


def plan(
    states: Iterable[Row],
    variants: Mapping[str, Row],
    benchmarks: Mapping[str, Row],
    pools: Sequence[Pool],
    beside: Mapping[str, int] | None = None,
) -> Plan:
    """Group the missing jobs by variant, smallest model first, and say of each other cell why it is not run.

    `states` are rows of model.job_state, `variants` rows of `models` by variant_id, `benchmarks` rows by benchmark_id;
    `beside` counts by variant_id the cells that have their number and are not among the states.
    """
    rows = list(states)
    # Two benchmarks that differ in the metric or filter of their score are one job: one run yields both.
    due = list({row["job_id"]: row for row in rows if row["state"] == "missing"}.values())
    counted = {row["variant_id"] for row in rows if row["state"] == "counted"} | set(beside or {})
    hindered = {row["variant_id"] for row in rows if row["state"] not in ("missing", "counted")}
    assignments, refused = [], []
    for variant_id, jobs in _grouped(due, "variant_id"):
        variant = variants[variant_id]
        able = [pool for pool in pools if variant["engine"] in pool.engines]
        if why := unmade(variant, able):
            refused += [{**job, "state": "blocked", "why": why} for job in jobs]
            continue
        placed, large = _placed(variant, jobs, able)
        refused += [{**job, "state": "too_large", "why": lacking(variant, job, able)} for job in large]
        made = _together(variant, placed, benchmarks)
        told = {
            "new": variant_id not in counted,
            "completes": len(made) == 1 and not large and variant_id not in hindered,
        }
        assignments += [assignment.model_copy(update=told) for assignment in made]
    # Small models first: a first row appears soon, and what is learnt from it is learnt cheaply.
    assignments.sort(key=lambda item: (item.memory or 0.0, item.model, item.variant))
    others = [row for row in rows if row["state"] not in ("missing", "counted")]
    return Plan(
        assignments=tuple(assignments),
        unplanned=tuple(_unplanned([*others, *refused])),
        counted=sum(row["state"] == "counted" for row in rows) + sum((beside or {}).values()),
    )


def unmade(variant: Row, able: Sequence[Pool]) -> str | None:
    """Say why a variant can't run, however large the machine; None where it can. `able` are pools with its engine."""
    if not able:
        return f"no worker for engine {variant['engine']} here"  # API and vLLM have machines of their own
    if variant["dtype"] is None:
        return "the entry names no dtype"
    if estimate.weights(variant) is None:
        return "its size is not known, so the memory it needs is not"  # never loaded on a guess
    return None


def needed(variant: Row, job: Row, share: Share) -> float:
    """Estimate the bytes that a job's peak takes, on each GPU of its share where there are any."""
    tokens = estimate.generated_tokens(_protocol(job["protocol"]))
    found = estimate.memory(variant, tokens, share.pool.batch_size, share.pool.device, share.devices)
    assert found is not None, f"{variant['model']}: of unknown size, which `unmade` refuses"
    return found


def fits(variant: Row, job: Row, share: Share) -> bool:
    """Say whether a job has room in a share: by the estimate, and by what it has outgrown where that was tried."""
    outgrown = job.get("outgrown") or 0  # bytes in all with which it was last too large
    return share.memory > outgrown and needed(variant, job, share) <= share.pool.memory


def lacking(variant: Row, job: Row, able: Sequence[Pool]) -> str:
    """Say what a job that fits nowhere would need: in powers of two, so that many models say the same."""
    pool = max(able, key=lambda pool: largest([pool]))
    where = "this machine" if pool.name == HERE else f"pool {pool.name}"
    if any(needed(variant, job, share) <= share.pool.memory for share in shares(able)):
        return f"ran out of memory with {job['outgrown'] / estimate.GIB:.0f} GiB, and {where} gives no more"
    there = f"{pool.memory / estimate.GIB:.0f}"
    if not pool.gpus:
        needs = 2 ** ceil(log2(needed(variant, job, Share(pool, 1)) / estimate.GIB))
        return f"needs up to {needs} GiB of memory, {where} gives {there}"
    enough = (count for count in SPREADS if needed(variant, job, Share(pool, count)) <= pool.memory)
    more = next(enough, None) or f"more than {SPREADS[-1]}"
    return f"needs {more} GPUs of {there} GiB, {where} gives {pool.gpus}"


def _placed(variant: Row, jobs: Sequence[Row], able: Sequence[Pool]) -> tuple[dict[Share, list[Row]], list[Row]]:
    """Give each job the first share that it fits in, smallest first; return also the jobs that fit in none."""
    offered = shares(able)
    found: dict[int | None, list[Row]] = {}
    known: dict[tuple[int, Any], int | None] = {}
    for job in jobs:  # thousands of jobs ask for the same few amounts
        asked = (estimate.generated_tokens(_protocol(job["protocol"])), job.get("outgrown"))
        if asked not in known:
            known[asked] = next((place for place, share in enumerate(offered) if fits(variant, job, share)), None)
        found.setdefault(known[asked], []).append(job)
    large = found.pop(None, [])
    return {offered[place]: found[place] for place in sorted(place for place in found if place is not None)}, large


def _together(variant: Row, placed: Mapping[Share, list[Row]], benchmarks: Mapping[str, Row]) -> list[Assignment]:
    """Make one assignment of the jobs of a variant, or several where another load is cheaper than the larger share.

    What they cost is their time, the load's included, by the price of what they take, or by its memory where a pool
    tells no price. From the smallest share on, each joins the next larger one unless that costs more.
    """
    priced = all(share.pool.slot_price is not None for share in placed)
    made: list[tuple[Share, list[Row], Assignment]] = []

    def cost(share: Share, assignment: Assignment) -> float:
        weight = share.devices * (share.pool.slot_price or 0.0) if priced else share.memory
        return weight * (assignment.seconds or 0.0)  # of unknown length: they stay together

    for share, jobs in placed.items():
        alone = _assignment(variant, jobs, benchmarks, share)
        if made:
            smaller, others, before = made[-1]
            joined = _assignment(variant, [*others, *jobs], benchmarks, share)
            apart = cost(smaller, before) + cost(share, alone)
            if all(fits(variant, job, share) for job in others) and cost(share, joined) <= apart:
                made[-1] = (share, [*others, *jobs], joined)
                continue
        made.append((share, jobs, alone))
    return [assignment for _, _, assignment in made]


def _assignment(variant: Row, jobs: Sequence[Row], benchmarks: Mapping[str, Row], share: Share) -> Assignment:
    made, pool = [], share.pool
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
                    variant, documents, _protocol(job["protocol"]), pool.threads, pool.batch_size, pool.device
                ),
            )
        )
    return Assignment(
        model=variant["model"],
        variant=variant["variant"],
        variant_id=variant["variant_id"],
        memory=max(needed(variant, job, share) for job in jobs),
        pool=pool.name,
        gpus=share.devices if pool.gpus else 0,
        start=estimate.start_seconds(variant),
        primary=variant["is_primary"],
        jobs=tuple(sorted(made, key=lambda job: (job.suite, job.benchmark))),
    )


@cache
def _protocol(text: str) -> Mapping[str, Any]:
    """Read a protocol: a suite has a handful, and thousands of jobs name them."""
    read: dict[str, Any] = json.loads(text)
    return read


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
