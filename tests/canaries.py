"""Ask a canary without a model: each night's answers are what a test says, through the real registry, lake and gate."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ByteSize

from standings.facts import table
from standings.failure import Reason
from standings.plan import Assignment
from standings.work import make_work
from tasks import attempt, canary
from tasks.canary import Canary
from tasks.evaluate import Outcome
from tasks.settings import Settings
from tasks.workplace import Workplace
from tests.flows.home import DOCUMENTS, sample_row, score_row, write_registry

FIRST = datetime(2026, 3, 1, 2, tzinfo=UTC)
POLICY = {"model": "acme/tiny-1", "suite": "mini", "benchmarks": ["sums", "order"], "flips": {"bfloat16": 0.02}}


@dataclass
class Canaries:
    """A registry with a canary, and how its nights go."""

    root: Path
    monkeypatch: pytest.MonkeyPatch
    right: dict[str, int] = field(default_factory=lambda: {"sums": 30, "order": 20})  # of 40
    columns: dict[str, Any] = field(default_factory=dict)  # what its runs say of where they came from
    fails: dict[str, Reason] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # benchmarks, in the order in which they were ever asked
    night: int = -1

    def __post_init__(self) -> None:
        write_registry(self.root / "registry")
        (self.root / "registry" / "canary.yaml").write_text(json.dumps(POLICY))

    @property
    def settings(self) -> Settings:
        """Return where all of it is."""
        home, registry = self.root / "home", self.root / "registry"
        return Settings(home=home, registry=registry, memory=ByteSize(64 * 1024**3))

    def at(self, night: int, hours: float = 0) -> datetime:
        """Set the clock."""
        now = FIRST + timedelta(days=night, hours=hours)
        self.monkeypatch.setattr(attempt, "now", lambda: now)
        return now

    def ask(self, night: int, hours: float = 0) -> Canary:
        """Ask the canary in a night."""
        self.at(night, hours)
        return canary.ask(self.settings, self.evaluate)

    def evaluate(self, workplace: Workplace, planned: Sequence[Assignment], limit: int | None) -> list[Outcome]:
        """Store what the test says in place of a model's answers."""
        return [self.store(workplace, assignment) for assignment in planned]

    def store(self, workplace: Workplace, assignment: Assignment) -> Outcome:
        """Put the runs of an assignment."""
        outcome, suites = Outcome(), {suite.suite: suite for suite in workplace.suites}
        work = make_work(assignment, workplace.registry, suites, workplace.place, "canary")
        for job in assignment.jobs:
            self.asked.append(job.benchmark)
            if reason := self.fails.get(job.benchmark):
                workplace.lake.put_run(attempt.failed(work, job, attempt.now(), reason, "as the test says"))
                outcome.failed[job.job_id] = reason
                continue
            made = {"scorer": "shared", "documents_attempted": DOCUMENTS, "documents_scored": DOCUMENTS}
            row = {**attempt.succeeded(work, job, attempt.now(), made), **self.columns}
            right = self.right[job.benchmark]
            samples = [sample_row(row, number, right) for number in range(DOCUMENTS)]
            workplace.lake.put_run(row, table("scores", [score_row(row, right)]), table("samples", samples))
            outcome.stored.append(job.job_id)
            outcome.runs.append(row["run_id"])
        return outcome
