"""Tell a server which runs ended with the workers of this machine: one that is stopped leaves them as running."""

from collections.abc import Collection

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

ENDED = "its worker was stopped; the next plan asks again for what is missing"
BEGUN = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)


def end_runs(pools: Collection[str]) -> int:
    """Mark what has begun in these pools as crashed, once their workers are gone; return how many runs that are."""
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(BEGUN)))
    of = WorkPoolFilter(name=WorkPoolFilterName(any_=list(pools)))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(state=state), work_pool_filter=of, limit=200)
        for run in runs:
            client.set_flow_run_state(run.id, Crashed(message=ENDED), force=True)
    return len(runs)
