"""Ask a Prefect server what it is doing: pools and workers, what waits and runs, the last nights, what failed."""

from datetime import datetime, timedelta
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterType,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
    WorkQueueFilter,
    WorkQueueFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from standings.suite import Record

NIGHTS = 5
FAILURES = 10
RECENT = timedelta(days=7)
Some = FlowRunFilterState


class Queue(Record):
    """A queue of a pool and how many runs wait in it."""

    name: str
    waiting: int


class Pool(Record):
    """A work pool, and who works for it."""

    name: str
    type: str
    workers: tuple[str, ...]  # online
    offline: tuple[str, ...]
    queues: tuple[Queue, ...]


class Run(Record):
    """A flow run as a person wants to see it."""

    flow: str
    name: str
    state: str
    began: datetime | None
    ended: datetime | None
    progress: float | None = None  # percent of an assignment's jobs
    message: str | None = None


class Status(Record):
    """All that the command shows."""

    server: str
    version: str
    pools: tuple[Pool, ...]
    running: tuple[Run, ...]
    nights: tuple[Run, ...]
    failed: tuple[Run, ...]


def status(now: datetime) -> Status:
    """Ask the server that PREFECT_API_URL names."""
    with get_client(sync_client=True) as client:
        asked = Asked(client)
        nights = FlowFilter(name=FlowFilterName(any_=["nightly"]))
        begun = FlowRunFilter(state=Some(type=FlowRunFilterStateType(not_any_=[StateType.SCHEDULED])))
        running = FlowRunFilter(state=Some(type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING])))
        bad = FlowRunFilterStateType(any_=[StateType.FAILED, StateType.CRASHED])
        recent = FlowRunFilterEndTime(after_=now - RECENT)
        failed = FlowRunFilter(end_time=recent, state=Some(type=bad))
        degraded = FlowRunFilter(end_time=recent, state=Some(name=FlowRunFilterStateName(any_=["Degraded"])))
        ended = [*asked.runs(failed, FAILURES), *asked.runs(degraded, FAILURES)]
        return Status(
            server=str(client.api_url),
            version=client.api_version(),
            pools=tuple(asked.pool(pool, now) for pool in client.read_work_pools()),
            running=tuple(asked.runs(running, 200, FlowRunSort.START_TIME_ASC)),
            nights=tuple(asked.runs(begun, NIGHTS, FlowRunSort.EXPECTED_START_TIME_DESC, nights)),
            failed=tuple(sorted(ended, key=lambda run: run.ended or now, reverse=True)[:FAILURES]),
        )


class Asked:
    """A server that is asked several things."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self.client = client
        self.flows = {flow.id: flow.name for flow in client.read_flows()}

    def pool(self, pool: Any, now: datetime) -> Pool:
        """Describe a work pool."""
        workers = self.client.read_workers_for_work_pool(pool.name)
        online = tuple(sorted(worker.name for worker in workers if worker.status == "ONLINE"))
        queues = [queue for queue in self.client.read_work_queues(work_pool_name=pool.name) if queue.name != "default"]
        return Pool(
            name=pool.name,
            type=pool.type,
            workers=online,
            offline=tuple(sorted({worker.name for worker in workers} - {*online})),
            queues=tuple(
                Queue(name=queue.name, waiting=self._waiting(pool.name, queue.name, now))
                for queue in sorted(queues, key=lambda queue: queue.priority or 0)
            ),
        )

    def runs(
        self,
        wanted: FlowRunFilter,
        most: int,
        order: FlowRunSort = FlowRunSort.END_TIME_DESC,
        flows: FlowFilter | None = None,
    ) -> list[Run]:
        """Read flow runs, with the progress of those that tell one."""
        found = self.client.read_flow_runs(flow_filter=flows, flow_run_filter=wanted, limit=most, sort=order)
        progress = self._progress([run for run in found if run.state_type == StateType.RUNNING])
        return [
            Run(
                flow=self.flows.get(run.flow_id, "?"),
                name=run.name,
                state=run.state_name or "?",
                began=run.start_time,
                ended=run.end_time,
                progress=progress.get(run.id),
                message=run.state.message if run.state else None,
            )
            for run in found
        ]

    def _progress(self, runs: list[FlowRun]) -> dict[Any, float]:
        if not runs:
            return {}
        of = ArtifactFilter(
            flow_run_id=ArtifactFilterFlowRunId(any_=[run.id for run in runs]),
            type=ArtifactFilterType(any_=["progress"]),
        )
        return {item.flow_run_id: float(item.data) for item in self.client.read_artifacts(artifact_filter=of)}  # type: ignore[arg-type]

    def _waiting(self, pool: str, queue: str, now: datetime) -> int:
        due = FlowRunFilter(
            state=Some(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            next_scheduled_start_time=FlowRunFilterNextScheduledStartTime(before_=now),
        )
        return self.client.count_flow_runs(
            flow_run_filter=due,
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
            work_queue_filter=WorkQueueFilter(name=WorkQueueFilterName(any_=[queue])),
        )
