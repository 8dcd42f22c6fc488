"""How a night and a release send assignments out beside each other: the real loop, on a server that is made up."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.logging import disable_run_logger

from flows import dispatching
from flows.dispatching import TAG, Dispatch
from standings.dispatch import Queue, make_order
from standings.plan import Assignment, Plan
from standings.pools import Pool
from standings.work import Purpose
from tasks import attempt
from tests.flows.test_dispatching import EVENING, assignment

POOL = Pool(name="here", memory=2**30)
ENDED = (StateType.COMPLETED, StateType.CRASHED, StateType.CANCELLED)


class Served:
    """Keep flow runs as a Prefect server does: one a key, found by id, tags, state and time of creation."""

    def __init__(self) -> None:
        self.runs: dict[UUID, FlowRun] = {}
        self.now = EVENING
        self.each_look: Callable[[], None] = lambda: self.end(*self.runs)

    def add(self, of: Assignment, queue: Queue, key: str, state: StateType = StateType.RUNNING, *tags: str) -> FlowRun:
        """Create a run, or return the one that has the key."""
        if known := next((run for run in self.runs.values() if run.idempotency_key == key), None):
            return known
        run = FlowRun(
            id=uuid4(),
            flow_id=uuid4(),
            name=of.model,
            tags=list(tags) or [TAG, "board", queue],
            parameters={"assignment": of.model_dump(mode="json")},
            idempotency_key=key,
            work_queue_name=queue,
            work_pool_name="here",
            expected_start_time=self.now,
        )
        self.runs[run.id] = run
        self.put(run.id, state)
        return run

    def put(self, run_id: UUID, state: StateType) -> None:
        """Change a run's state."""
        moved = {"state": State(type=state, timestamp=self.now), "state_type": state, "state_name": state.value}
        self.runs[run_id] = self.runs[run_id].model_copy(update=moved)

    def end(self, *ids: UUID) -> None:
        """Complete what is alive of these."""
        for run_id in ids:
            if self.runs[run_id].state_type not in ENDED:
                self.put(run_id, StateType.COMPLETED)

    def named(self, model: str) -> list[FlowRun]:
        """Return the runs of a model."""
        return [run for run in self.runs.values() if run.name == model]

    def look(self, _seconds: float = 0) -> None:
        """Let ten minutes pass between two looks."""
        assert self.now < EVENING + timedelta(days=2), "the night does not end"
        self.now += timedelta(minutes=10)
        self.each_look()

    # What the loop asks of Prefect's client.

    def read_deployment_by_name(self, name: str) -> Any:
        """Return a deployment."""
        return SimpleNamespace(id=name)

    def create_flow_run_from_deployment(self, deployment: str, parameters: Any, tags: Any, **given: Any) -> FlowRun:
        """Create a run."""
        of = Assignment.model_validate(parameters["assignment"])
        return self.add(of, given["work_queue_name"], given["idempotency_key"], StateType.RUNNING, *tags)

    def read_flow_runs(self, flow_run_filter: FlowRunFilter, limit: int, offset: int) -> list[FlowRun]:
        """Find runs."""
        asked = flow_run_filter
        found = [
            run
            for run in self.runs.values()
            if (asked.id is None or run.id in (asked.id.any_ or ()))
            and (asked.tags is None or {*(asked.tags.all_ or ())} <= {*run.tags})
            and (asked.state is None or run.state_type in asked.state.type.any_)
            and (asked.expected_start_time is None or run.expected_start_time >= asked.expected_start_time.after_)
        ]
        return found[offset : offset + limit]

    def set_flow_run_state(self, run_id: UUID, state: State, force: bool) -> None:
        """Change a run's state."""
        self.put(run_id, state.type)

    def read_workers_for_work_pool(self, name: str) -> list[Any]:
        """Say that a worker is there."""
        return [SimpleNamespace(status="ONLINE")]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Give a server whose clock moves by ten minutes whenever the loop sleeps."""
    made = Served()
    monkeypatch.setattr(dispatching, "time", SimpleNamespace(sleep=made.look, monotonic=lambda: 0.0))
    monkeypatch.setattr(attempt, "now", lambda: made.now)
    with disable_run_logger():
        yield made


def dispatched(server: Served, *models: str, queue: Queue = "nightly", purpose: Purpose = "board") -> None:
    """Send an assignment a model out and wait for the end."""
    Dispatch(server, [POOL], server.now, purpose, None).run([of(model) for model in models], queue)  # type: ignore[arg-type]


def of(model: str) -> Assignment:
    """Make the assignment of a model."""
    return assignment("sums", model=model).model_copy(update={"pool": "here"})


def test_a_release_starts_at_once_and_waits_for_no_run_of_the_night(server: Served) -> None:
    nights = [server.add(of(f"acme/{name}"), "nightly", name) for name in ("a", "b")]  # the window is full
    server.each_look = lambda: server.end(*(run.id for run in server.named("acme/new")))
    dispatched(server, "acme/new", queue="release")
    [run] = server.named("acme/new")
    assert (run.state_type, run.work_queue_name) == (StateType.COMPLETED, "release")
    assert [server.runs[night.id].state_type for night in nights] == [StateType.RUNNING, StateType.RUNNING]


def test_a_night_does_not_evaluate_again_what_a_release_did_meanwhile(server: Served) -> None:
    def release_once() -> None:
        server.end(*server.runs)
        if not server.named("acme/c"):
            server.end(server.add(of("acme/c"), "release", "another key").id)

    server.each_look = release_once
    dispatched(server, "acme/a", "acme/b", "acme/c")  # two at once: the third waits, and is released meanwhile
    assert [len(server.named(f"acme/{name}")) for name in "abc"] == [1, 1, 1]
    assert server.named("acme/c")[0].work_queue_name == "release"


def test_a_night_waits_for_what_a_release_has_in_hand_of_its_own(server: Served) -> None:
    held = server.add(of("acme/a"), "release", "another key")
    dispatched(server, "acme/a")
    assert server.runs[held.id].state_type == StateType.COMPLETED
    assert len(server.runs) == 1


def test_what_crashed_earlier_in_the_night_is_started_again_and_what_is_alive_is_not(server: Served) -> None:
    first = make_order(of("acme/a"), EVENING.date(), "nightly", ())
    server.add(of("acme/a"), "nightly", first.key, StateType.CRASHED)
    dispatched(server, "acme/a")
    assert [run.state_type for run in server.named("acme/a")] == [StateType.CRASHED, StateType.COMPLETED]


def test_the_canary_is_asked_though_the_board_asked_the_same_jobs_that_night(server: Served) -> None:
    dispatched(server, "acme/a")
    dispatched(server, "acme/a", purpose="canary")
    assert [run.tags[1] for run in server.named("acme/a")] == ["board", "canary"]


@pytest.mark.parametrize("state", [StateType.PENDING, StateType.CANCELLING, StateType.PAUSED])
def test_a_run_that_nobody_begins_or_ends_does_not_keep_the_night(server: Served, state: StateType) -> None:
    server.each_look = lambda: None
    stuck = server.add(of("acme/a"), "nightly", "a", state)
    dispatched(server, "acme/a")
    assert server.runs[stuck.id].state_type == StateType.CANCELLED
    assert server.now - EVENING <= timedelta(minutes=40)


def test_a_long_run_keeps_the_night_for_as_long_as_it_lives(server: Served) -> None:
    server.each_look = lambda: server.end(*server.runs) if server.now > EVENING + timedelta(hours=20) else None
    dispatched(server, "acme/a")
    assert [run.state_type for run in server.runs.values()] == [StateType.COMPLETED]


@pytest.fixture
def place(server: Served, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Give a workplace whose plan asks for each model that has no completed run, as the lake would."""

    def plan(_: Any = None) -> Plan:
        done = {run.name for run in server.runs.values() if run.state_type == StateType.COMPLETED}
        asked = tuple(of(name) for name in ("acme/a", "acme/b", "acme/later") if name not in done)
        return Plan(assignments=asked, unplanned=(), counted=0)

    monkeypatch.setattr(dispatching, "deployed", lambda: True)
    monkeypatch.setattr(dispatching, "get_client", lambda **_: nullcontext(server))
    monkeypatch.setattr(dispatching, "outcomes_of", lambda _lake, assignments, *_: [item.model for item in assignments])
    return SimpleNamespace(pools=[POOL], lake=None, plan=plan)


def evaluated(place: SimpleNamespace) -> list[Any]:
    """Evaluate what a plan asked of two models; a third came to the registry since."""
    return dispatching.evaluate_plan(place, Plan(assignments=(of("acme/a"), of("acme/b")), unplanned=(), counted=0))


def test_what_a_worker_lost_is_asked_again_in_the_same_night_and_nothing_else(server: Served, place: Any) -> None:
    def crash_once() -> None:
        [first, *again] = server.named("acme/b")
        server.end(*(run.id for run in [*server.named("acme/a"), *again]))
        if first.state_type not in ENDED:
            server.put(first.id, StateType.CRASHED)

    server.each_look = crash_once
    assert evaluated(place) == ["acme/a", "acme/b"]
    assert [run.state_type for run in server.named("acme/b")] == [StateType.CRASHED, StateType.COMPLETED]
    assert len(server.named("acme/a")) == 1
    assert server.named("acme/later") == [], "it is for the next night"


def test_what_kills_its_worker_each_time_is_started_three_times_a_night(server: Served, place: Any) -> None:
    server.each_look = lambda: [
        server.put(run.id, StateType.CRASHED) for run in server.runs.values() if run.state_type not in ENDED
    ]
    evaluated(place)
    assert [len(server.named(f"acme/{name}")) for name in ("a", "b", "later")] == [3, 3, 0]


def test_what_a_person_cancelled_is_not_asked_again_in_the_same_night(server: Served, place: Any) -> None:
    server.each_look = lambda: [
        server.put(run.id, StateType.CANCELLED) for run in server.runs.values() if run.state_type not in ENDED
    ]
    evaluated(place)
    assert [len(server.named(f"acme/{name}")) for name in ("a", "b")] == [1, 1]


def test_a_pool_whose_workers_are_gone_is_not_waited_for_twice(
    server: Served, place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.each_look = lambda: [
        server.put(run.id, StateType.CRASHED) for run in server.runs.values() if run.state_type not in ENDED
    ]
    monkeypatch.setattr(server, "read_workers_for_work_pool", lambda _: [])
    evaluated(place)
    assert [len(server.named(f"acme/{name}")) for name in ("a", "b")] == [1, 1]
