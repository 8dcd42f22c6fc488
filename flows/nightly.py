"""Run a night: sync the registry, plan what is missing, evaluate it, refresh the board."""

from prefect import flow

from standings.suite import Record
from tasks.evaluate import Outcome
from tasks.refresh import Refreshed
from tasks.settings import Settings
from tasks.steps import evaluate_assignment, plan_jobs, refresh_board, sync_registry
from tasks.workplace import Workplace


class Night(Record):
    """What a night did."""

    stored: int  # jobs
    failed: dict[str, str]  # job_id to reason
    refreshed: Refreshed


@flow(name="nightly", flow_run_name="nightly {suites}", validate_parameters=False)
def nightly(
    suites: list[str] | None = None,
    models: list[str] | None = None,
    limit: int | None = None,
    settings: Settings | None = None,
) -> Night:
    """Bring the board up to date; None stands for all suites, all models, all documents."""
    workplace = Workplace.open(settings or Settings(), tuple(suites or ()), tuple(models or ()), limit)
    sync_registry(workplace)
    plan = plan_jobs(workplace)
    outcomes = [evaluate_assignment(workplace, assignment) for assignment in plan.assignments]
    return summary(outcomes, refresh_board(workplace))


def summary(outcomes: list[Outcome], refreshed: Refreshed) -> Night:
    """Add up what became of the assignments."""
    return Night(
        stored=sum(len(outcome.stored) for outcome in outcomes),
        failed={job: reason.value for outcome in outcomes for job, reason in outcome.failed.items()},
        refreshed=refreshed,
    )
