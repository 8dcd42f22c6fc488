"""Give flows their steps as Prefect tasks: each touches the world, says what it did, and may be run again.

Retries stand here and nowhere inside: a step that raises is tried again as a whole, which its idempotent writes allow.
A failed job is no exception but a fact, and the next plan decides what follows from it.
"""

import time
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from standings.budget import Budget, afforded
from standings.plan import Assignment, Plan
from standings.work import Purpose, make_work
from tasks import attempt, planning
from tasks.evaluate import Outcome, evaluate
from tasks.observer import observer
from tasks.refresh import Refreshed, refresh
from tasks.s3 import require_shared
from tasks.workplace import Workplace


@task(name="sync the registry", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5)
def sync_registry(workplace: Workplace) -> int:
    """Append to the lake what is new in the registry; return the number of rows.

    The first thing that a night writes: a server without conditional writes is refused here, by NoConditionalWrites.
    """
    require_shared(workplace.lake.store)
    now, whole = attempt.now(), workplace.whole
    return planning.write_pending(workplace.lake, workplace.registry, workplace.suites, now, whole)


@task(name="plan what is missing", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5)
def plan_jobs(workplace: Workplace, budget: str | None = None) -> Plan:
    """Decide what is run now, cut to a night's budget where there is one, such as `40h` or `$200`."""
    pools = workplace.pools
    plan = afforded(workplace.plan(pools), Budget.parse(budget) if budget else None, pools)
    observer().planned(plan)
    return plan


@task(
    name="evaluate one variant", task_run_name="evaluate {assignment.model} {assignment.variant}", cache_policy=NO_CACHE
)
def evaluate_assignment(workplace: Workplace, assignment: Assignment, purpose: Purpose = "board") -> Outcome:
    """Run an assignment's jobs in a child process. Never retried: the plan finds what is missing."""
    return evaluate_here(workplace, assignment, purpose, workplace.log(assignment))


def evaluate_here(workplace: Workplace, assignment: Assignment, purpose: Purpose, log: Path) -> Outcome:
    """Do the same where the flow run itself is the assignment, and a task would be a second record of it."""
    suites = {suite.suite: suite for suite in workplace.suites}
    work = make_work(assignment, workplace.registry, suites, workplace.place, purpose)
    observer().assignment(assignment)
    return evaluate(work, workplace.limits, log, observer().event)


@task(name="refresh the board", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5)
def refresh_board(workplace: Workplace) -> Refreshed:
    """Build and publish the board."""
    observer().stage("building the leaderboard", None)
    began = time.monotonic()
    refreshed = refresh(workplace.lake, workplace.settings.boards, attempt.now())
    observer().stage("building the leaderboard", time.monotonic() - began)
    return refreshed
