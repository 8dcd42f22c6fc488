"""Build the board again from what is in the lake, and publish it."""

from prefect import flow

from flows.serverlog import dated, told
from tasks.refresh import Refreshed
from tasks.settings import Settings
from tasks.steps import refresh_board
from tasks.workplace import Workplace


@flow(name="refresh", flow_run_name=dated("refresh"), validate_parameters=False, persist_result=False)
def refresh(settings: Settings | None = None) -> Refreshed:
    """Let the gate look at new runs, build the board and publish it; where nothing changed, do nothing."""
    workplace = Workplace.open(settings or Settings())
    with told():
        return refresh_board(workplace)
