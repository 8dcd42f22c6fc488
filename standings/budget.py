"""Decide what a night's budget is spent on, and what is cut."""

import re
from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from standings.plan import Assignment, Plan
from standings.pools import Pool, by_name
from standings.suite import Record

WRITTEN = re.compile(r"(?:\$\s*(?P<dollars>\d+(?:\.\d+)?)|(?P<hours>\d+(?:\.\d+)?)\s*h)")


class Budget(Record):
    """What a night may take: hours of GPUs (a machine without one counts as one), or US dollars."""

    hours: float | None = Field(None, gt=0)
    dollars: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if (self.hours is None) == (self.dollars is None):
            raise ValueError("give hours or dollars")
        return self

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `40h` or `$200`. Raises ValueError."""
        if (found := WRITTEN.fullmatch(text.strip())) is None or not float(found["dollars"] or found["hours"]):
            raise ValueError(f"'{text}' is no budget. Write 40h for hours of GPUs, or $200 for US dollars")
        return cls.model_validate({key: value for key, value in found.groupdict().items() if value})

    @property
    def amount(self) -> float:
        """Return how much it is, in its own unit."""
        return self.hours or self.dollars or 0.0


class NoPrice(ValueError):
    """A budget in dollars was given, and a pool tells no price."""


def afforded(plan: Plan, budget: Budget | None, pools: Sequence[Pool]) -> Plan:
    """Cut a plan to what a night may take. Raises NoPrice."""
    kept, cut = within_budget(plan.assignments, budget, pools)
    return plan.model_copy(update={"assignments": tuple(kept), "cut": tuple(cut)})


def within_budget(
    assignments: Sequence[Assignment], budget: Budget | None, pools: Sequence[Pool]
) -> tuple[list[Assignment], list[Assignment]]:
    """Keep what is worth most for what a night may take; return also what is cut, for another night.

    In order of `worth`, each takes what it costs as long as it is there. Of the first that has not enough left, and of
    those after it, the shortest jobs that fit are kept, or a model that costs more than a night would never be begun.
    What takes nobody knows how long is cut. Raises NoPrice.
    """
    if budget is None:
        return list(assignments), []
    require_prices(budget, pools)
    left, kept, cut = budget.amount, list[Assignment](), list[Assignment]()
    for assignment in sorted(assignments, key=lambda it: worth(it, budget, pools)):
        taken, rest = _divided(assignment, left, rate(assignment, budget, pools))
        if taken:
            kept.append(taken)
            left -= cost(taken, budget, pools) or 0.0
        if rest:
            cut.append(rest)
    return kept, cut


def worth(assignment: Assignment, budget: Budget, pools: Sequence[Pool]) -> tuple[bool, int, float, str, str]:
    """Order by what a number gives to the board, the first first.

    The variant that represents its model before others; of these a model of which nothing is counted yet, which is
    news; then one that becomes complete, and so is ranked; then the rest; the cheapest first, so that most is done.
    """
    gain = 0 if assignment.new else 1 if assignment.completes else 2
    price = cost(assignment, budget, pools)
    return (
        not assignment.primary,
        gain,
        float("inf") if price is None else price,
        assignment.model,
        assignment.variant,
    )


def cost(assignment: Assignment, budget: Budget, pools: Sequence[Pool]) -> float | None:
    """Estimate what an assignment takes of a budget, in its unit; None where its time is not known."""
    seconds = assignment.seconds
    return None if seconds is None else seconds / 3600 * rate(assignment, budget, pools)


def rate(assignment: Assignment, budget: Budget, pools: Sequence[Pool]) -> float:
    """Return what an hour of an assignment takes of a budget: its GPUs, or the price of its part of a machine."""
    slots = max(1, assignment.gpus)
    if budget.dollars is None:
        return float(slots)
    price = by_name(pools)[str(assignment.pool)].slot_price
    assert price is not None, f"{assignment.pool} tells no price, which require_prices refuses"
    return slots * price


def require_prices(budget: Budget, pools: Sequence[Pool]) -> None:
    """Raise NoPrice where a budget in dollars can't be counted."""
    lacking = [pool.name for pool in pools if pool.price is None]
    if budget.dollars is not None and lacking:
        raise NoPrice(
            f"a budget in dollars needs the price of every pool, and {', '.join(lacking)} tells none. "
            "Write `price` into the file of STANDINGS_POOLS, or give hours, such as 40h"
        )


def _divided(assignment: Assignment, left: float, hourly: float) -> tuple[Assignment | None, Assignment | None]:
    """Split an assignment into what `left` pays for and the rest; either may be none."""
    if assignment.seconds is None:
        return None, assignment
    seconds = left / hourly * 3600 if hourly else float("inf")
    if assignment.seconds <= seconds:
        return assignment, None
    spent, taken = assignment.start, set[str]()
    for job in sorted(assignment.jobs, key=lambda job: (job.seconds or 0.0, job.job_id)):
        spent += job.seconds or 0.0
        if spent > seconds:
            break
        taken.add(job.job_id)
    if not taken:
        return None, assignment
    return _with_jobs(assignment, taken, True), _with_jobs(assignment, taken, False)


def _with_jobs(assignment: Assignment, ids: set[str], inside: bool) -> Assignment:
    jobs = tuple(job for job in assignment.jobs if (job.job_id in ids) == inside)
    return assignment.model_copy(update={"jobs": jobs, "completes": False})
