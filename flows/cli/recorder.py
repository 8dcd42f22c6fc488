"""Keep what is heard of a night: what was planned, what is in hand, what is done and how long it took."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from standings.plan import Assignment, Job, Plan
    from standings.work import Event


@dataclass(frozen=True)
class Finished:
    """One job that ended."""

    assignment: "Assignment"
    job: "Job"
    seconds: float | None = None
    score: float | None = None
    reason: str | None = None  # of its failure
    detail: str | None = None


@dataclass
class Stage:
    """Something that took time, as a reader of the demo sees it."""

    name: str
    seconds: float


@dataclass
class Recorder:
    """Hear a night (tasks.observer.Observer) and keep what a person wants to know of it."""

    plan: "Plan | None" = None
    current: "Assignment | None" = None
    job: "Job | None" = None
    doing: str = "starting"  # what is done while no job is in hand
    done: int = 0  # requests of the job in hand
    total: int = 0
    finished: list[Finished] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    _since: float = field(default_factory=time.monotonic)  # the last stage's end
    _job_since: float = 0.0

    def planned(self, plan: "Plan") -> None:
        """Hear what will be run."""
        self.plan, self.doing = plan, "planned"
        self._end_stage("started and planned")
        self.changed()

    def assignment(self, assignment: "Assignment") -> None:
        """Hear which variant is next."""
        self._end_assignment()
        self.current, self.job, self.doing = assignment, None, "starting"
        self.changed()

    def event(self, event: "Event") -> None:
        """Hear what the child process says."""
        if event.event == "stage":
            self.doing = event.text or ""
        elif event.event == "loaded":
            self._end_stage(f"{self.model}: weights ready, loaded")
        elif event.event == "job":
            self.job, self.done, self.total, self._job_since = self._find(event.job_id), 0, 0, time.monotonic()
        elif event.event == "progress":
            self.done, self.total = event.done or 0, event.total or 0
        else:
            self._end_job(event)
        self.changed()

    def stage(self, name: str, seconds: float | None) -> None:
        """Hear that a stage began (None), or how long it took."""
        self.doing = name
        if seconds is not None:
            self.stages.append(Stage(name, seconds))
            self._since = time.monotonic()
        self.changed()

    def changed(self) -> None:
        """Do nothing; who draws, draws here."""

    def ended(self, job: Finished) -> None:
        """Do nothing; who prints a line a job, prints it here."""

    def close(self, last: str) -> None:
        """Put the time since the last stage down as the last one."""
        self._end_assignment()
        self._end_stage(last)

    @property
    def model(self) -> str:
        """Name the variant in hand."""
        return f"{self.current.model} {self.current.variant}" if self.current else ""

    @property
    def place(self) -> tuple[int, int]:
        """Say the how many-th of how many benchmarks of the assignment is in hand."""
        if self.current is None or self.job is None:
            return 0, 0
        return self.current.jobs.index(self.job) + 1, len(self.current.jobs)

    @property
    def failed(self) -> list[Finished]:
        """List the jobs that failed."""
        return [job for job in self.finished if job.reason]

    @property
    def rate(self) -> float | None:
        """Return requests a second of the job in hand."""
        seconds = time.monotonic() - self._job_since
        return self.done / seconds if self.job and self.done and seconds > 0 else None

    @property
    def left(self) -> float | None:
        """Estimate the seconds left: the plan's estimates, corrected by how they held for the jobs that are done."""
        if self.plan is None:
            return None
        took = [(job.seconds, job.job.seconds) for job in self.finished if job.seconds and job.job.seconds]
        if not took:
            return None
        pace = sum(seconds for seconds, _ in took) / sum(estimate for _, estimate in took)
        ended = {job.job.job_id for job in self.finished}
        rest = [job for assignment in self.plan.assignments for job in assignment.jobs if job.job_id not in ended]
        share = self.done / self.total if self.total else 0.0
        return sum(pace * (job.seconds or 0.0) * (1 - share * (job == self.job)) for job in rest)

    def _find(self, job_id: str | None) -> "Job | None":
        jobs = self.current.jobs if self.current else ()
        return next((job for job in jobs if job.job_id == job_id), None)

    def _end_job(self, event: "Event") -> None:
        job = self._find(event.job_id)
        if job is None or self.current is None:
            return
        ended = Finished(self.current, job, event.seconds, event.score, event.reason, event.text)
        self.finished.append(ended)
        if len(self._ended_of(self.current)) == len(self.current.jobs):
            self._end_assignment()
        self.job, self.done, self.total = None, 0, 0
        last = self.plan is not None and len(self.finished) == self.plan.jobs
        self.doing = "building the board" if last else "next benchmark"
        self.ended(ended)

    def _end_assignment(self) -> None:
        if self.current is not None:
            jobs = len(self._ended_of(self.current))
            self._end_stage(f"{self.model}: {jobs} {'job' if jobs == 1 else 'jobs'}")
        self.current = self.job = None

    def _ended_of(self, assignment: "Assignment") -> list[Finished]:
        return [job for job in self.finished if job.assignment is assignment]

    def _end_stage(self, name: str) -> None:
        now = time.monotonic()
        self.stages.append(Stage(name, now - self._since))
        self._since = now
