"""Write what became of a night's assignments as tables that a person reads beside the run."""

from collections.abc import Sequence
from typing import Any

from flows.serverlog import tell_table
from standings.failure import REMEDIES
from standings.plan import Assignment, Plan
from tasks.evaluate import Outcome

Table = list[dict[str, Any]]


def tell_outcomes(assignments: Sequence[Assignment], outcomes: Sequence[Outcome]) -> None:
    """Leave both tables with the run."""
    tell_table("results", results_table(assignments, outcomes), "What became of the assignments.")
    tell_table("failures", failures_table(assignments, outcomes), "What failed, and what to do about it.")


def tell_cut(plan: Plan, budget: str | None) -> None:
    """Leave a table of what the night's budget leaves for another night, where there is one."""
    if budget:
        tell_table("cut", cut_table(plan), f"What a budget of {budget} left for another night.")


def cut_table(plan: Plan) -> Table:
    """Write a row an assignment that was cut: its jobs, and how long they would take on how many GPUs."""
    return [
        {
            "model": item.model,
            "variant": item.variant,
            "jobs": len(item.jobs),
            "hours": None if item.seconds is None else round(item.seconds / 3600, 2),
            "gpus": item.gpus,
            "pool": item.pool,
        }
        for item in plan.cut
    ]


def results_table(assignments: Sequence[Assignment], outcomes: Sequence[Outcome]) -> Table:
    """Write a row an assignment: how many of its jobs are stored, failed, or were not reached."""
    return [
        {
            "model": item.model,
            "variant": item.variant,
            "jobs": len(item.jobs),
            "stored": len(outcome.stored),
            "failed": len(outcome.failed),
            "unfinished": len(unfinished(item, outcome)),
        }
        for item, outcome in zip(assignments, outcomes, strict=True)
    ]


def failures_table(assignments: Sequence[Assignment], outcomes: Sequence[Outcome]) -> Table:
    """Write a row a job that failed, or that no worker came to the end of, with the reason and what to do."""
    rows = []
    for item, outcome in zip(assignments, outcomes, strict=True):
        left = dict.fromkeys(unfinished(item, outcome), ("unfinished", "nothing: the next plan finds it"))
        failed = {job: (reason.value, REMEDIES[reason]) for job, reason in outcome.failed.items()} | left
        for job in item.jobs:
            if job.job_id in failed:
                reason, remedy = failed[job.job_id]
                what = {"model": item.model, "variant": item.variant, "benchmark": job.benchmark}
                rows.append({**what, "reason": reason, "remedy": remedy})
    return rows


def unfinished(assignment: Assignment, outcome: Outcome) -> list[str]:
    """Return the jobs that neither succeeded nor failed."""
    return [job.job_id for job in assignment.jobs if job.job_id not in {*outcome.stored, *outcome.failed}]
