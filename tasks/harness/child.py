"""Evaluate one assignment in a process of its own: load the model once, run its jobs, store each when it is done.

Started by tasks/evaluate.py with `python -m tasks.harness.child`; it reads a `Work` record as JSON from standard
input and writes `Event` lines to the descriptor named in STANDINGS_EVENTS. Standard output and error are the log.
"""

import atexit
import ctypes
import os
import resource
import signal
import sys
import time
import traceback
from datetime import datetime
from typing import TYPE_CHECKING, Any

from standings.plan import Job
from standings.work import Event, Work
from tasks import attempt
from tasks.faults import reach
from tasks.harness import failures
from tasks.harness.memory import peak
from tasks.lake import Lake
from tasks.s3 import open_store

if TYPE_CHECKING:
    from tasks.harness.session import Session

PR_SET_PDEATHSIG = 1


class Channel:
    """Write events to the parent, one JSON line each."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "w", buffering=1)

    def say(self, event: str, **fields: Any) -> None:
        """Write one event. Ends the process where nobody hears it: its parent is gone, and so is what it was for."""
        line = Event.model_validate({"event": event, **fields}).model_dump_json(exclude_none=True)
        try:
            self._file.write(line + "\n")
        except BrokenPipeError:
            sys.exit("the parent is gone")  # no Exception, which would be stored as this job's failure


class Worker:
    """One assignment's way through one process."""

    def __init__(self, work: Work, channel: Channel) -> None:
        self.work, self.say = work, channel.say
        self.lake = Lake(open_store(work.place.lake))

    def run(self) -> None:
        """Load the model, then run job after job; a job that fails is stored with its reason."""
        started = attempt.now()
        began = time.monotonic()
        try:
            session = self._open()
        except Exception as raised:  # noqa: BLE001 - whatever it was becomes the named failure of every job
            for job in self.work.jobs:
                self._store_failure(job, started, raised)
            return
        load_seconds = time.monotonic() - began
        self.say("loaded", seconds=load_seconds)
        reach("child.loaded")
        for job in self.work.jobs:
            self._run_job(session, job, load_seconds)

    def _open(self) -> "Session":
        self.say("stage", text="importing torch and lm-eval")
        from tasks.harness.session import Session

        return Session(self.work, say=lambda text: self.say("stage", text=text))

    def _run_job(self, session: "Session", job: Job, load_seconds: float) -> None:
        started = attempt.now()
        self.say("job", job_id=job.job_id)
        reach("child.before_job")
        try:
            done = session.run(job, lambda made, total: self._progress(job, made, total))
            spent = {"load_seconds": load_seconds, "peak_memory": peak(self.work.place.device)}
            row = attempt.succeeded(self.work, job, started, {**done.provenance, **spent})
            scores, samples = done.facts(row["run_id"])
        except Exception as raised:  # noqa: BLE001 - as above, of this job alone
            self._store_failure(job, started, raised)
            return
        reach("child.after_job")
        self.lake.put_run(row, scores, samples)
        self.say("stored", job_id=job.job_id, run_id=row["run_id"], seconds=row["seconds"], score=done.score)

    def _progress(self, job: Job, done: int, total: int) -> None:
        reach("child.in_job")
        self.say("progress", job_id=job.job_id, done=done, total=total)

    def _store_failure(self, job: Job, started: datetime, raised: Exception) -> None:
        traceback.print_exception(raised)
        reason, detail = failures.name(raised)
        row = attempt.failed(self.work, job, started, reason, detail)
        self.lake.put_run(row, None, None)
        self.say("failed", job_id=job.job_id, run_id=row["run_id"], reason=reason.value, text=detail)


def die_with_parent() -> None:
    """Ask the kernel to end this process with its parent, so that no orphan computes on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Read the work and do it."""
    die_with_parent()
    work = Work.model_validate_json(sys.stdin.buffer.read())
    if work.place.memory:
        # RLIMIT_DATA counts private memory and not the mapped weights file, which the kernel can drop.
        resource.setrlimit(resource.RLIMIT_DATA, (work.place.memory, work.place.memory))
    Worker(work, Channel(int(os.environ["STANDINGS_EVENTS"]))).run()


if __name__ == "__main__":
    main()
    # All that counts is stored and told. Once libraries have cleaned up, Python would take torch and the model apart,
    # which costs a CPU-second and is of no use.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
