"""Tell a Prefect server what a flow does: lines in its run's log, a progress bar, tables a person can read."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from prefect import State
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows.wording import counted
from standings.plan import Assignment, Job, Plan
from standings.work import Event
from tasks.observer import Observer, Silent, observing

EVERY = 5.0  # seconds between two updates of a progress bar: each is a request
MOST_ROWS = 500  # of a table: a reader's page, not the record, which is the lake
MOST_LINES = 2000  # of the harness's log, its last ones
MOST_SAID = 1000  # characters of a state's message
AT_ONCE = 100  # lines in one entry of the run's log


def deployed() -> bool:
    """Tell whether a worker runs this flow for a server, and not a person in this process."""
    context = FlowRunContext.get()
    return bool(context and context.flow_run and context.flow_run.deployment_id)


def completed(said: str, degraded: object) -> State[Any]:
    """End a run for a server: `Degraded` where something of it was left undone, which a person is told of."""
    return Completed(message=said[:MOST_SAID], name="Degraded" if degraded else "Completed")


def dated(what: str) -> Callable[[], str]:
    """Make the function that names a run as a person looks for it: by what it does, and by its day and hour."""

    def named() -> str:
        return f"{what} of {datetime.now(UTC):%Y-%m-%d %H:%M}"

    return named


class ServerLog(Silent):
    """Hear an assignment and tell the server of it."""

    def __init__(self) -> None:
        self._log = get_run_logger()
        self._jobs: tuple[Job, ...] = ()
        self._ended = 0
        self._bar: Any = None
        self._told = 0.0  # when the bar was last moved

    def assignment(self, assignment: Assignment) -> None:
        """Open the progress bar."""
        self._jobs = assignment.jobs
        self._log.info("%s %s: %s", assignment.model, assignment.variant, counted(len(assignment.jobs), "job"))
        with unharmed():
            self._bar = create_progress_artifact(
                0.0, key="jobs", description=f"{assignment.model} {assignment.variant}"
            )

    def event(self, event: Event) -> None:
        """Tell what the child process says."""
        name = next((job.benchmark for job in self._jobs if job.job_id == event.job_id), "")
        if event.event == "stage":
            self._log.info("%s", event.text)
        elif event.event == "job":
            self._log.info("%s (%s of %s)", name, self._ended + 1, len(self._jobs))
        elif event.event == "progress":
            self._move(self._ended + (event.done or 0) / (event.total or 1))
        elif event.event == "stored":
            self._ended += 1
            self._log.info("%s: %s", name, "stored" if event.score is None else f"{event.score:.3f}")
            self._move(self._ended)
        elif event.event == "failed":
            self._ended += 1
            self._log.warning("%s failed, %s: %s", name, event.reason, event.text)
            self._move(self._ended)

    def stage(self, name: str, seconds: float | None) -> None:
        """Tell of a stage's end."""
        if seconds is not None:
            self._log.info("%s took %.1f s", name, seconds)

    def planned(self, plan: Plan) -> None:
        """Tell what will be run, as lines and as a table."""
        self._log.info("%s in %s", counted(plan.jobs, "job"), counted(len(plan.assignments), "assignment"))
        tell_table("plan", plan_table(plan), f"Planned: {counted(plan.jobs, 'job')}.")

    def _move(self, done: float) -> None:
        due = done == len(self._jobs) or time.monotonic() - self._told > EVERY
        if self._bar is not None and self._jobs and due:
            self._told = time.monotonic()
            with unharmed():
                update_progress_artifact(self._bar, progress=round(100 * done / len(self._jobs), 1))


@contextmanager
def told() -> Iterator[None]:
    """Let the server hear what is done inside, where a worker does it; else whoever hears already."""
    if not deployed():
        yield
        return
    heard: Observer = ServerLog()
    with observing(heard):
        yield


def tell_log(file: Path) -> None:
    """Put the last lines of the harness's own log into the run's."""
    if not deployed() or not file.exists():
        return
    lines = file.read_text(errors="replace").splitlines()
    if len(lines) > MOST_LINES:
        get_run_logger().info("%s earlier lines are in %s on the worker", len(lines) - MOST_LINES, file)
    lines = lines[-MOST_LINES:]
    for first in range(0, len(lines), AT_ONCE):
        get_run_logger().info("harness:\n%s", "\n".join(lines[first : first + AT_ONCE]))


def tell_table(key: str, rows: Sequence[dict[str, Any]], description: str) -> None:
    """Leave a table with the run, where a server keeps it."""
    if deployed():
        more = f" The first {MOST_ROWS} of {len(rows)}." if len(rows) > MOST_ROWS else ""
        with unharmed():
            create_table_artifact(list(rows[:MOST_ROWS]), key=key, description=description + more)


@contextmanager
def unharmed() -> Iterator[None]:
    """Go on where the server is away for a while: what can't be told is no reason to lose what is measured."""
    try:
        yield
    except httpx.HTTPError as error:
        get_run_logger().warning("the server was not told: %s", error)


def plan_table(plan: Plan) -> list[dict[str, Any]]:
    """Write a plan's assignments, and then what it leaves out and why, as rows."""
    chosen: list[dict[str, Any]] = [
        {
            "model": item.model,
            "variant": item.variant,
            "jobs": len(item.jobs),
            "minutes": None if item.seconds is None else round(item.seconds / 60, 1),
            "why": ", ".join(sorted({job.why for job in item.jobs})),
        }
        for item in plan.assignments
    ]
    left = [
        {
            "model": item.model,
            "variant": item.variant,
            "jobs": item.cells,
            "minutes": None,
            "why": f"not run: {item.why}",
        }
        for item in plan.unplanned
    ]
    return [*chosen, *left]
