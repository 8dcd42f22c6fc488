"""Live through nights: edit a registry, sync it, run what is planned with the outcomes a test names, publish, ask.

Everything goes through the real parts (the registry's YAML, sync, plan, lake, gate, SQL, snapshot); only the models'
answers are made up.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ByteSize

from standings.facts import table
from standings.failure import Reason
from standings.plan import Job
from standings.work import Work, make_work
from tasks import attempt
from tasks.materialise import query
from tasks.planning import write_pending
from tasks.refresh import refresh
from tasks.settings import Settings
from tasks.workplace import Workplace
from tests.flows.home import DOCUMENTS, LICENCES, lock_of, score_row

ORGANISATION = '- {id: acme, name: Acme, countries: [FR], namespaces: [acme], source: "https://acme.example"}\n'
COMPLETION = {"completion": {"output": "multiple_choice", "shots": 0}}
FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
Outcome = int | Reason | list[Reason]  # answers right of 40, why it failed, or why one attempt after another did
Rows = list[dict[str, Any]]


class Nights:
    """A registry that a test edits between nights. Revisions, epochs, locks and protocols start at the first."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(home=root / "home", registry=root / "registry", memory=ByteSize(64 * 1024**3))
        self.models: dict[str, str] = {}  # name to the letter that its revision repeats
        self.suites: dict[str, list[str]] = {"mini": ["sums", "order"]}
        self.epochs: dict[str, int] = {}  # of a benchmark
        self.locks: dict[str, str] = {}  # what a benchmark's lock is made from
        self.protocols: dict[str, Any] = COMPLETION
        self.count = 0
        self.board: Path | None = None

    def night(self, suites: tuple[str, ...] = (), /, **outcomes: dict[str, Outcome]) -> None:
        """Sync, run the planned jobs that have an outcome (model to benchmark to outcome), and publish."""
        self.count += 1
        evening = FIRST + timedelta(days=self.count)
        self.write()
        workplace = Workplace.open(self.settings, suites)
        write_pending(workplace.lake, workplace.registry, workplace.suites, evening, workplace.whole)
        left = {(f"acme/{model}", benchmark) for model, them in outcomes.items() for benchmark in them}
        named = {suite.suite: suite for suite in workplace.suites}
        for assignment in workplace.plan().assignments:
            work = make_work(assignment, workplace.registry, named, workplace.place)
            for job in assignment.jobs:
                if (assignment.model, job.benchmark) in left:
                    left.remove((assignment.model, job.benchmark))
                    self.store(work, job, outcomes[assignment.model.removeprefix("acme/")][job.benchmark])
        assert not left, f"not planned: {left}"
        self.publish(evening + timedelta(hours=6))

    def store(self, work: Work, job: Job, outcome: Outcome) -> None:
        """Put a run's objects."""
        lake, started = Workplace.open(self.settings).lake, FIRST + timedelta(days=self.count, hours=1)
        if not isinstance(outcome, int):
            for reason in outcome if isinstance(outcome, list) else [outcome]:
                lake.put_run(attempt.failed(work, job, started, reason, "as the test says"))
            return
        made = {"scorer": "shared", "documents_attempted": DOCUMENTS, "documents_scored": DOCUMENTS}
        row = attempt.succeeded(work, job, started, made)
        lake.put_run(row, table("scores", [score_row(row, outcome)]))

    def publish(self, at: datetime) -> None:
        """Let the gate look, and build the board."""
        self.board = refresh(Workplace.open(self.settings).lake, self.settings.boards, at).board

    def decide(self, decision: str, target: str) -> None:
        """Act as an operator on the morning after the last night, and publish."""
        at = FIRST + timedelta(days=self.count, hours=8)
        act = {"decision": decision, "target": target, "reason": "a test", "who": "a person", "decided_at": at}
        Workplace.open(self.settings).lake.append("decisions", table("decisions", [act]))
        self.publish(at)

    def ask(self, sql: str) -> Rows:
        """Query the published board."""
        assert self.board is not None
        return query(self.board, sql).to_pylist()

    def column(self, benchmark: str) -> dict[str, tuple[int, int]]:
        """Return a benchmark's column: model to its epoch and answers right."""
        rows = self.ask(f"FROM leaderboard.results WHERE benchmark = '{benchmark}'")
        return {row["model"].removeprefix("acme/"): (row["epoch"], round(row["score"] * DOCUMENTS)) for row in rows}

    def ranked(self) -> list[str]:
        """Return the ranked models, best first."""
        rows = self.ask("FROM leaderboard.overall WHERE rank IS NOT NULL ORDER BY rank")
        return [row["model"].removeprefix("acme/") for row in rows]

    def why(self, model: str, benchmark: str) -> str:
        """Say why a cell is empty."""
        where = f"model = 'acme/{model}' AND benchmark = '{benchmark}'"
        [row] = self.ask(f"FROM leaderboard.coverage WHERE {where}")
        return str(row["why"])

    def held_by(self, benchmark: str) -> list[str]:
        """Return who holds back the newest version of a benchmark."""
        [row] = self.ask(f"FROM leaderboard.benchmarks WHERE benchmark = '{benchmark}'")
        return [model.removeprefix("acme/") for model in row["held_by"]]

    def write(self) -> None:
        """Write the registry's files."""
        root = self.settings.registry
        for name in ("models", "suites"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "organisations.yaml").write_text(ORGANISATION)
        (root / "licences.yaml").write_text(LICENCES)
        entries = [entry(name, letter) for name, letter in self.models.items()]
        (root / "models" / "acme.yaml").write_text(json.dumps({"organisation": "acme", "models": entries}))
        for path in (root / "suites").iterdir():
            path.unlink()
        for suite, names in self.suites.items():
            benchmarks = [self.benchmark(name) for name in names]
            content = {"suite": suite, "title": suite, "protocols": self.protocols, "benchmarks": benchmarks}
            (root / "suites" / f"{suite}.yaml").write_text(json.dumps(content))
            locks = {f"mini_{it}": {"tasks": {f"mini_{it}": lock_of(self.locks.get(it, it))}} for it in names}
            (root / "suites" / f"{suite}.lock.yaml").write_text(json.dumps(locks))

    def benchmark(self, name: str) -> dict[str, Any]:
        """Make a benchmark's entry."""
        what = {"category": "reasoning", "score": {"metric": "acc"}, "chance": 0.25, "source": "made up"}
        asked = {"epoch": self.epochs.get(name, 1), "protocols": {"instruct": "completion"}}
        return {"id": name, "task": f"mini_{name}", "title": name, **what, **asked}


def entry(name: str, letter: str) -> dict[str, Any]:
    """Make a model's entry."""
    what = {"access": "weights", "kind": "instruct", "parameters": {"total_b": 1, "dense": True}}
    pinned = {"revision": letter * 40, "licence": {"license": "mit"}, "source": f"https://acme.example/{name}"}
    return {"id": f"acme/{name}", "name": name, **what, **pinned}
