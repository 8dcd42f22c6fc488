"""Evaluate one variant's assignment: what a worker of a pool does, one flow run an assignment."""

from typing import Any

from prefect import State, flow

from flows.serverlog import completed, tell_log, told
from standings.plan import Assignment
from standings.work import Purpose
from tasks.evaluate import Outcome
from tasks.settings import Settings
from tasks.steps import evaluate_here
from tasks.workplace import Workplace


@flow(name="evaluate_model", persist_result=False)
def evaluate_model(assignment: dict[str, Any], purpose: Purpose = "board", limit: int | None = None) -> State[Any]:
    """Run the jobs of an assignment here; each is stored as soon as it is done, and is this run's progress.

    What a worker may use, and where its lake is, it knows from its own environment. A job that fails is a fact in the
    lake and no failure of this run. Raises AssertionError where the registry here has another variant under this name.
    """
    given = Assignment.model_validate(assignment)
    workplace = Workplace.open(worker_settings(), suites_of(given, limit), (given.model,), limit)
    log = workplace.log(given)
    with told():
        outcome = evaluate_here(workplace, given, purpose, log)
    tell_log(log)
    return ended(outcome)


def worker_settings() -> Settings:
    """Read a worker's settings. Raises ValueError where its home would be the folder of one run."""
    settings = Settings()
    if not settings.home.is_absolute():
        raise ValueError(
            f"STANDINGS_HOME: {settings.home} is no absolute path, and a run begins in a folder of its own. "
            "Give the worker an absolute one."
        )
    return settings


def suites_of(assignment: Assignment, limit: int | None) -> tuple[str, ...]:
    """Name the suites of an assignment's jobs as the registry has them: without the mark of a limit."""
    return tuple(sorted({job.suite.removesuffix(f"-limit-{limit}") for job in assignment.jobs}))


def ended(outcome: Outcome) -> State[Any]:
    """Name how it went: `Degraded` where a job failed, with the reasons in the message."""
    reasons = ", ".join(sorted(set(outcome.failed.values())))
    failed = f", {len(outcome.failed)} failed: {reasons}" if reasons else ""
    return completed(f"{len(outcome.stored)} stored{failed}", outcome.failed)
