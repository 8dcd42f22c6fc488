"""Evaluate one model as soon as it is released, ahead of what the night has left."""

from typing import Any

from prefect import State, flow
from prefect.states import Failed

from flows.dispatching import evaluate_plan
from flows.nightly import Night, ended
from flows.reporting import tell_outcomes
from flows.serverlog import told
from tasks.canary import standing_drift
from tasks.settings import Settings
from tasks.steps import plan_jobs, refresh_board, sync_registry
from tasks.workplace import UnknownName, Workplace


class NotAccepted(ValueError):
    """A model was announced that neither the registry nor the lake's accepted observations hold at this revision."""


@flow(name="release", flow_run_name="release {model_id} {revision}", validate_parameters=False, persist_result=False)
def release(model_id: str, revision: str, settings: Settings | None = None) -> Night | State[Any]:
    """Register, evaluate and publish one model at one revision; announced twice, the second finds nothing to do.

    Where the canary drifted in the last night, nothing is measured and published: the first night that finds it as it
    was takes the model up. Raises NotAccepted: a message from outside starts nothing that the acceptance policy or a
    person has not let in.
    """
    with told():
        settings = settings or Settings()
        workplace = accepted(settings, model_id, revision)
        if drift := standing_drift(settings):
            return Failed(name="Drifted", message=drift)
        sync_registry(workplace)
        plan = plan_jobs(workplace)
        outcomes = evaluate_plan(workplace, plan, queue="release")
        tell_outcomes(plan.assignments, outcomes)
        return ended(plan.assignments, outcomes, refresh_board(workplace))


def accepted(settings: Settings, model_id: str, revision: str) -> Workplace:
    """Open what a release works with. Raises NotAccepted."""
    try:
        workplace = Workplace.open(settings, models=(model_id,))
    except UnknownName as error:
        raise NotAccepted(f"{model_id}: not accepted. See: standings models review") from error
    if (known := workplace.registry.models[model_id].revision) != revision:
        raise NotAccepted(f"{model_id}: accepted at {known}, not at {revision}. See: standings models review")
    return workplace
