"""Supervise the child process that evaluates an assignment: hear it, bound its time, name its death."""

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from standings.failure import Reason
from standings.plan import Job
from standings.work import Event, Work
from tasks import attempt, leases, machine
from tasks.controlgroup import out_of_memory_kills
from tasks.lake import Lake
from tasks.s3 import open_store

Listener = Callable[[Event], None]
LOOK_EVERY = 1.0  # seconds between two looks whether the child lives


@dataclass(frozen=True)
class Limits:
    """Wall-clock limits in seconds."""

    load: float
    job: float


@dataclass
class Outcome:
    """What became of an assignment."""

    stored: list[str] = field(default_factory=list)  # job ids
    runs: list[str] = field(default_factory=list)  # run ids, of the same
    failed: dict[str, Reason] = field(default_factory=dict)


def evaluate(work: Work, limits: Limits, log: Path, hear: Listener) -> Outcome:
    """Run every job of the assignment once, in as few child processes as survive.

    A child that dies takes the job in hand with it and nothing else: that job's run is stored as failed with its
    reason, and a new child goes on with the rest. Completed jobs are in the lake already. Waits for as many GPUs as
    the assignment takes.
    """
    with leases.leased(work.place.gpus, work.place.visible, work.place.leases, _stage(hear)) as lease:
        return _evaluate(work, limits, log, hear, lease)


def _stage(hear: Listener) -> Callable[[str], None]:
    return lambda text: hear(Event(event="stage", text=text))


def _evaluate(work: Work, limits: Limits, log: Path, hear: Listener, lease: leases.Lease) -> Outcome:
    lake, outcome = Lake(open_store(work.place.lake)), Outcome()
    log.parent.mkdir(parents=True, exist_ok=True)
    remaining = work.jobs
    while remaining:
        child = Child(work.model_copy(update={"jobs": remaining}), limits, log, lease)
        for event in child.events():
            _note(event, outcome)
            hear(event)
        remaining = tuple(
            job for job in remaining if job.job_id not in outcome.stored and job.job_id not in outcome.failed
        )
        lost = child.lost(remaining)
        for job in lost:
            reason, detail = child.cause()
            row = attempt.failed(work, job, child.started_at, reason, detail)
            lake.put_run(row)
            event = Event(event="failed", job_id=job.job_id, run_id=row["run_id"], reason=reason.value, text=detail)
            _note(event, outcome)
            hear(event)
        remaining = tuple(job for job in remaining if job not in lost)
    return outcome


def _note(event: Event, outcome: Outcome) -> None:
    if event.event == "stored" and event.job_id and event.run_id:
        outcome.stored.append(event.job_id)
        outcome.runs.append(event.run_id)
    if event.event == "failed" and event.job_id and event.reason:
        outcome.failed[event.job_id] = Reason(event.reason)


class Child:
    """One child process and what is known of it."""

    def __init__(self, work: Work, limits: Limits, log: Path, lease: leases.Lease = leases.NONE) -> None:
        self.limits, self.log = limits, log
        self.in_hand: str | None = None  # job id
        self.loaded = False
        self.killed_after: float | None = None  # seconds, where the limit ended it
        self.started_at: datetime = attempt.now()
        self._kills_before = out_of_memory_kills()
        self._heard, said = os.pipe()
        with log.open("ab") as written, tempfile.TemporaryFile() as told:
            told.write(work.model_dump_json().encode())
            told.seek(0)
            # Never a session of its own: a cancelled flow must reach it (docs/decisions.md).
            self.process = subprocess.Popen(
                [*machine.PYTHON, "tasks.harness.child"],
                stdin=told,
                stdout=written,
                stderr=subprocess.STDOUT,
                pass_fds=[said, *lease.descriptors],  # it holds its GPUs itself, should this process die
                env={
                    **machine.environment(),
                    **lease.environment,
                    "STANDINGS_EVENTS": str(said),
                    "TOKENIZERS_PARALLELISM": "false",
                },
            )
        os.close(said)

    def events(self) -> Iterator[Event]:
        """Yield what the child says until it ends; kill it when its limit has passed, or a listener raised."""
        try:
            for line in self._lines():
                event = Event.model_validate_json(line)
                self._follow(event)
                yield event
        except BaseException:
            self.process.kill()
            raise
        finally:
            os.close(self._heard)
            self._reap()

    def _lines(self) -> Iterator[bytes]:
        buffer, began = b"", time.monotonic()
        self._deadline_from(began, self.limits.load)
        with selectors.DefaultSelector() as selector:
            selector.register(self._heard, selectors.EVENT_READ)
            while True:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    self.killed_after = self._allowed
                    self.process.kill()
                    return
                ended = self.process.poll() is not None
                if not selector.select(0 if ended else min(left, LOOK_EVERY)):
                    if ended:  # what it forked may live on and hold the pipe open: there is no end of file to wait for
                        return
                    continue
                if not (read := os.read(self._heard, 65536)):
                    return
                *lines, buffer = (buffer + read).split(b"\n")
                yield from lines

    def _deadline_from(self, moment: float, allowed: float) -> None:
        self._allowed, self._deadline = allowed, moment + allowed

    def _follow(self, event: Event) -> None:
        if event.event == "loaded":
            self.loaded = True
        elif event.event == "job":
            self.in_hand, self.started_at = event.job_id, attempt.now()
            self._deadline_from(time.monotonic(), self.limits.job)
        elif event.event in ("stored", "failed"):
            self.in_hand = None

    def _reap(self) -> None:
        """Give a child that has closed its pipe the time to exit, and leave none behind."""
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=30)
        finally:
            self.process.kill()
            self.process.wait()

    def lost(self, remaining: tuple[Job, ...]) -> tuple[Job, ...]:
        """Return the jobs that this child's end took with it: the one in hand, or all before the model was loaded."""
        if not self.loaded:
            return remaining
        # A child that dies between jobs is charged to the next one, or a crash there would be tried for ever.
        in_hand = tuple(job for job in remaining if job.job_id == self.in_hand)
        return in_hand or remaining[:1]

    def cause(self) -> tuple[Reason, str]:
        """Name what ended the child."""
        code = self.process.returncode
        where = "while it ran the job" if self.loaded else "before the model was loaded"
        if self.killed_after is not None:
            return Reason.INFRASTRUCTURE, f"passed its limit of {self.killed_after:.0f} s {where}, and was ended"
        if code == -signal.SIGKILL and out_of_memory_kills() > self._kills_before:
            return Reason.TOO_LARGE, f"the kernel ended the process for want of memory {where}"
        if code < 0:
            return Reason.INFRASTRUCTURE, f"the process was ended by {signal.Signals(-code).name} {where}"
        last = self._last_line()
        # Out of memory while it told why it had failed: the traceback is all that is left.
        reason = Reason.TOO_LARGE if "MemoryError" in last or "allocate memory" in last else Reason.INFRASTRUCTURE
        return reason, f"the process ended with code {code} {where}; its log {self.log.name} ends with: {last}"

    def _last_line(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "empty"
