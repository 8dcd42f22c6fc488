"""Send a plan's assignments to the pools: one flow run each, in a bounded window, found again by its tag.

A run's end is only a sign to look into the lake. Whatever died is missing there, and a plan finds it: a second one of
the same night, or the next night's. Nothing is read from Prefect's record of tasks, which loses some.
"""

import time
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.logging import get_run_logger
from prefect.states import Cancelled

from flows.serverlog import deployed
from flows.wording import counted
from standings.dispatch import Order, Queue, make_order, starts
from standings.plan import Assignment, Plan
from standings.pools import HERE, Pool
from standings.work import Purpose
from tasks import attempt
from tasks.evaluate import Outcome
from tasks.outcomes import outcomes_of
from tasks.steps import evaluate_assignment
from tasks.workplace import Workplace

TAG = "assignment"
FLOW = "evaluate_model"
LOOK_EVERY = 3.0  # seconds
TRIES = 3  # of what fails for want of a machine, in one night: as model.job_state counts them
OUTAGE = 600.0  # seconds that a server may be away before the night gives up; what runs goes on without it
PATIENCE = timedelta(minutes=30)  # of a run that waits for a worker where none is, or that no worker begins or ends
SCHEDULED = (StateType.SCHEDULED, StateType.PENDING)
Got = TypeVar("Got")
ALIVE = (*SCHEDULED, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING)
FORGOTTEN = "no worker took it up, or ended it; the next plan asks for its jobs again"


def evaluate_all(
    workplace: Workplace,
    assignments: Sequence[Assignment],
    queue: Queue = "nightly",
    purpose: Purpose = "board",
    limit: int | None = None,
) -> list[Outcome]:
    """Evaluate assignments: in the pools where a worker runs this flow, else in this process."""
    if not deployed():
        return [evaluate_assignment(workplace, assignment, purpose) for assignment in assignments]
    began = attempt.now()
    with get_client(sync_client=True) as client:
        Dispatch(client, workplace.pools, began, purpose, limit).run(assignments, queue)
    since = began if purpose == "canary" else None
    return outcomes_of(workplace.lake, assignments, attempt.now(), purpose, since)


def evaluate_plan(
    workplace: Workplace, plan: Plan, queue: Queue = "nightly", limit: int | None = None
) -> list[Outcome]:
    """Evaluate a plan's assignments, and once or twice more what workers lost of them or what is due again at once."""
    began = attempt.now()
    outcomes = evaluate_all(workplace, plan.assignments, queue, limit=limit)
    for _ in range(TRIES - 1):
        again = still_due(workplace, plan, began) if deployed() else []
        if not again:
            break
        jobs = counted(sum(len(item.jobs) for item in again), "job")
        get_run_logger().warning("asked again, as no number came of it: %s of the plan", jobs)
        evaluate_all(workplace, again, queue, limit=limit)
        outcomes = outcomes_of(workplace.lake, plan.assignments, attempt.now())
    return outcomes


def still_due(workplace: Workplace, plan: Plan, began: datetime) -> list[Assignment]:
    """Plan anew, and return what of the old plan is in it.

    Not in pools that have no worker, for which it was waited already, nor what a person has cancelled since it began.
    """
    due = workplace.plan(workplace.pools).assignments
    others = ids_of(due) - ids_of(plan.assignments)
    with get_client(sync_client=True) as client:
        server = Dispatch(client, workplace.pools, began, "board", None)
        there, left = patiently(server.attended), others | held(map(_order, patiently(server.cancelled)))
    return [item for item in less(due, left) if item.pool in there]


@dataclass
class Dispatch:
    """The runs of one night, as the server has them."""

    client: SyncPrefectClient
    pools: Sequence[Pool]
    began: datetime
    purpose: Purpose
    limit: int | None
    running: dict[UUID, Order] = field(default_factory=dict)

    def run(self, assignments: Sequence[Assignment], queue: Queue) -> None:
        """Start what nobody has in hand, never more than the window, and wait until all its jobs have ended.

        Of what others started it waits for those that have its jobs, and for no other: a release is published while a
        night goes on. It starts at once, in the queue that is served first: in a window that a night fills it would
        wait behind what the night has given ahead.
        """
        mine = ids_of(assignments)
        self.running = {run.id: _order(run) for run in patiently(self.alive)}
        waiting = self._orders(without(assignments, self.running.values()), queue)
        while waiting or held(self.running.values()) & mine:
            chosen = waiting
            if queue != "release":
                chosen = starts(waiting, list(self.running.values()), self.pools, window(self.pools))
            assert chosen or self.running, f"no pool takes {sorted({str(item.assignment.pool) for item in waiting})}"
            begun = {order.key for order in chosen}
            waiting = [item for item in waiting if item.key not in begun]
            for order in self.due(chosen, queue):
                self.running[patiently(partial(self.start, order))] = order
            time.sleep(LOOK_EVERY)
            ended = patiently(self.ended)
            late = {run.work_pool_name for run in ended if run.state_type in SCHEDULED}
            dead = late - patiently(self.attended) if late else set()
            waiting = [item for item in waiting if item.assignment.pool not in dead]
            for run in ended:
                self.running.pop(run.id)

    def due(self, chosen: Sequence[Order], queue: Queue) -> list[Order]:
        """Take away what a release has taken in hand since this began, ended or not: the next plan finds its rest."""
        if not chosen or queue == "release":
            return list(chosen)
        released = patiently(self.released)
        self.running |= {run.id: _order(run) for run in released if run.state_type in ALIVE}
        return self._orders(without((order.assignment for order in chosen), map(_order, released)), queue)

    def _orders(self, assignments: Iterable[Assignment], queue: Queue) -> list[Order]:
        return [make_order(item, self.began.date(), queue, (), self.purpose) for item in assignments]

    def start(self, order: Order) -> UUID:
        """Create the flow run of an assignment, or return the one that is alive under its key."""
        given, ended = order.assignment, set[str]()
        deployment = self.client.read_deployment_by_name(f"{FLOW}/{given.pool or HERE}")
        parameters = {"assignment": given.model_dump(mode="json"), "purpose": self.purpose, "limit": self.limit}
        while True:
            run = self.client.create_flow_run_from_deployment(
                deployment.id,
                parameters=parameters,
                name=called(given),
                tags=[TAG, self.purpose, order.queue, f"night {self.began:%Y-%m-%d}"],
                idempotency_key=order.key,
                work_queue_name=order.queue,
                job_variables={"gpus": given.gpus} if given.gpus else None,
            )
            if run.state is None or not run.state.is_final():
                return run.id
            ended.add(order.key)  # it crashed, or its jobs would not be planned again
            order = make_order(given, self.began.date(), order.queue, ended, self.purpose)

    def ended(self) -> list[FlowRun]:
        """Return the runs that ended, and those that nobody takes, which are cancelled."""
        if not self.running:
            return []
        runs = self._read(FlowRunFilter(id=FlowRunFilterId(any_=list(self.running))))
        over = [run for run in runs if run.state is None or run.state.is_final()]
        for run in over:
            get_run_logger().info("%s: %s, %s", run.name, run.state_name, run.state.message if run.state else "")
        late = [run for run in runs if run not in over and self._is_late(run)]
        for run in late:
            get_run_logger().warning("%s: %s", run.name, FORGOTTEN)
            self.client.set_flow_run_state(run.id, Cancelled(message=FORGOTTEN), force=True)
        return [*over, *late]

    def alive(self) -> list[FlowRun]:
        """Return the assignments of any night or release that are waiting or running for the same purpose."""
        state = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(ALIVE)))
        return self._read(FlowRunFilter(tags=FlowRunFilterTags(all_=[TAG, self.purpose]), state=state))

    def released(self) -> list[FlowRun]:
        """Return the assignments that releases have started since this began, whatever became of them."""
        since = FlowRunFilterExpectedStartTime(after_=self.began)
        tags = FlowRunFilterTags(all_=[TAG, self.purpose, "release"])
        return self._read(FlowRunFilter(tags=tags, expected_start_time=since))

    def cancelled(self) -> list[FlowRun]:
        """Return the assignments that were cancelled since this began."""
        state = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLED, StateType.CANCELLING]))
        since = FlowRunFilterExpectedStartTime(after_=self.began)
        tags = FlowRunFilterTags(all_=[TAG, self.purpose])
        return self._read(FlowRunFilter(tags=tags, state=state, expected_start_time=since))

    def attended(self) -> set[str]:
        """Name the pools that have a worker."""
        names = [pool.name for pool in self.pools]
        return {
            name for name in names if any(w.status == "ONLINE" for w in self.client.read_workers_for_work_pool(name))
        }

    def _is_late(self, run: FlowRun) -> bool:
        """Say whether a run waits for nobody: in line behind others it waits as long as they take.

        One that runs is watched by its heartbeat. One that a worker took and does not begin, or that is to be cancelled
        or was paused and stays so, would let no night end.
        """
        assert run.state is not None
        if run.state_type == StateType.RUNNING or attempt.now() - run.state.timestamp < PATIENCE:
            return False
        return run.state_type != StateType.SCHEDULED or run.work_pool_name not in self.attended()

    def _read(self, wanted: FlowRunFilter) -> list[FlowRun]:
        found: list[FlowRun] = []
        while page := self.client.read_flow_runs(flow_run_filter=wanted, limit=200, offset=len(found)):
            found += page
        return found


def patiently(ask: Callable[[], Got]) -> Got:
    """Ask a server that may be away for a while, as it is when it is upgraded. What is asked may be asked twice."""
    until = time.monotonic() + OUTAGE
    while True:
        try:
            return ask()
        except httpx.HTTPError as error:
            refused = isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500
            if refused or time.monotonic() > until:
                raise
            get_run_logger().warning("the server is away, and asked again: %s", error)
            time.sleep(LOOK_EVERY)


def window(pools: Iterable[Pool]) -> int:
    """Bound how many runs the server holds at once: twice what the pools work on, so that none of them waits for us."""
    return 2 * sum(pool.slots for pool in pools)


def without(assignments: Iterable[Assignment], running: Iterable[Order]) -> list[Assignment]:
    """Take away the jobs that runs have in hand already, from whichever night they are."""
    return less(assignments, held(running))


def less(assignments: Iterable[Assignment], taken: Set[str]) -> list[Assignment]:
    """Take away jobs by their ids, and assignments that then have none."""
    left = [(item, tuple(job for job in item.jobs if job.job_id not in taken)) for item in assignments]
    return [item.model_copy(update={"jobs": jobs}) for item, jobs in left if jobs]


def held(orders: Iterable[Order]) -> set[str]:
    """Return the ids of the jobs of orders."""
    return ids_of(order.assignment for order in orders)


def ids_of(assignments: Iterable[Assignment]) -> set[str]:
    """Return the ids of the jobs of assignments."""
    return {job.job_id for item in assignments for job in item.jobs}


def called(assignment: Assignment) -> str:
    """Name a run as a person reads it: the model, the variant and the benchmarks."""
    names = [job.benchmark for job in assignment.jobs]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{assignment.model} {assignment.variant}: {shown}"


def _order(run: FlowRun) -> Order:
    """Read an assignment back from its run."""
    assignment = Assignment.model_validate(run.parameters["assignment"])
    queue: Queue = "release" if run.work_queue_name == "release" else "nightly"
    return Order(assignment=assignment, queue=queue, key=run.idempotency_key or str(run.id))
