"""Run a night: sync the registry, plan what is missing, evaluate it, refresh the board."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prefect import State, flow
from prefect.runtime import flow_run
from prefect.states import Cancelled, Failed

from flows.canary import ask_canary
from flows.dispatching import evaluate_plan
from flows.guarding import another_night
from flows.reporting import tell_cut, tell_outcomes, unfinished
from flows.serverlog import completed, deployed, told
from standings.plan import Assignment
from standings.suite import Record
from tasks.evaluate import Outcome
from tasks.refresh import Refreshed
from tasks.settings import Settings
from tasks.steps import plan_jobs, refresh_board, sync_registry
from tasks.watching import watch
from tasks.workplace import Workplace


class Night(Record):
    """What a night did."""

    stored: int  # jobs
    failed: dict[str, str]  # job_id to reason
    unfinished: int = 0  # jobs whose worker died, or that none took up: the next plan finds them
    refreshed: Refreshed


def called() -> str:
    """Name a night as a person looks for it: by its day, and by the suites where not all are asked."""
    suites = flow_run.parameters.get("suites") or ()
    return " ".join([f"night of {datetime.now(UTC):%Y-%m-%d}", *suites])


@flow(name="nightly", flow_run_name=called, validate_parameters=False, persist_result=False)
def nightly(
    suites: list[str] | None = None,
    models: list[str] | None = None,
    limit: int | None = None,
    unattended: bool = False,
    budget: str | None = None,
    settings: Settings | None = None,
) -> Night | State[Any]:
    """Bring the board up to date; None stands for all suites, all models, all documents, and as long as it takes.

    A night that nobody started, `unattended`, looks for releases first and asks the canary: where that drifted, nothing
    is measured with what may not measure any more what it measured, and nothing is published.
    """
    if other := another_night():
        return Cancelled(message=f"{other} is at work, and a second night would ask the same")
    with told():
        settings = settings or Settings()
        if unattended:
            watch(settings)
            if drift := ask_canary(settings).drift:
                return Failed(name="Drifted", message=drift)
        workplace = Workplace.open(settings, tuple(suites or ()), tuple(models or ()), limit)
        sync_registry(workplace)
        plan = plan_jobs(workplace, budget)
        tell_cut(plan, budget)
        outcomes = evaluate_plan(workplace, plan, limit=limit)
        tell_outcomes(plan.assignments, outcomes)
        return ended(plan.assignments, outcomes, refresh_board(workplace))


def ended(assignments: Sequence[Assignment], outcomes: Sequence[Outcome], refreshed: Refreshed) -> Night | State[Any]:
    """Add up what became of the assignments; for a server it is `Degraded` where a worker died."""
    night = Night(
        stored=sum(len(outcome.stored) for outcome in outcomes),
        failed={job: reason.value for outcome in outcomes for job, reason in outcome.failed.items()},
        unfinished=sum(len(unfinished(*pair)) for pair in zip(assignments, outcomes, strict=True)),
        refreshed=refreshed,
    )
    if not deployed():
        return night
    said = f"{night.stored} stored, {len(night.failed)} failed, {night.unfinished} unfinished"
    return completed(f"{said}; board {refreshed.snapshot}", night.unfinished)
