"""Ask the canary before a night publishes: a small model whose answers should be what they were."""

from prefect import flow

from flows.dispatching import evaluate_all
from flows.serverlog import dated, tell_table, told
from tasks import canary as asking
from tasks.canary import Canary
from tasks.settings import Settings


@flow(name="canary", flow_run_name=dated("canary"), validate_parameters=False, persist_result=False)
def canary(settings: Settings | None = None) -> Canary:
    """Ask the canary what this night has not asked it yet, and compare; `.drift` says why not to publish."""
    with told():
        return ask_canary(settings or Settings())


def ask_canary(settings: Settings) -> Canary:
    """Do the same within a night's own flow, whose workers are asked."""
    said = asking.ask(
        settings, lambda place, planned, limit: evaluate_all(place, planned, purpose="canary", limit=limit)
    )
    tell_table("canary", said.table(), said.drift or f"The canary: {said.state}.")
    return said
