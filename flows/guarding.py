"""Keep nights apart from within: a server's own limit on them was seen to end all nights, and to let two pass."""

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.filters import FlowRunFilterStateType as InState
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.context import FlowRunContext

from flows.serverlog import deployed


def another_night() -> str | None:
    """Name the night that is at work already on the server that runs this one; None where this may go on.

    Of two that begin at once the one that began first goes on. One whose process died counts until the zombie
    automation has told, some 90 s later.
    """
    context = FlowRunContext.get()
    if not deployed() or context is None or context.flow is None or context.flow_run is None:
        return None
    running = FlowRunFilter(state=FlowRunFilterState(type=InState(any_=[StateType.RUNNING])))
    named = FlowFilter(name=FlowFilterName(any_=[context.flow.name]))
    with get_client(sync_client=True) as client:
        nights = [run for run in client.read_flow_runs(flow_filter=named, flow_run_filter=running) if run.deployment_id]
    return first_of(nights, context.flow_run)


def first_of(nights: list[FlowRun], mine: FlowRun) -> str | None:
    """Name the night that began before mine, where one did."""
    began = {run.id: (run.start_time or run.expected_start_time, run.id) for run in nights}
    before = [run for run in nights if run.id != mine.id and (mine.id not in began or began[run.id] < began[mine.id])]
    return min(before, key=lambda run: began[run.id]).name if before else None
