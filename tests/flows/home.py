"""Make a small registry, a lake with runs of every fate, and the board that comes of them, for the command line.

Everything goes through the real parts: the registry's YAML, sync, the lake, the gate, the SQL.
"""

import hashlib
import json
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ByteSize

from standings.facts import table
from standings.failure import Reason
from standings.plan import Assignment, Job
from standings.suite import Suite
from standings.work import Work, make_work
from tasks import attempt
from tasks.planning import write_pending
from tasks.refresh import refresh
from tasks.settings import Settings
from tasks.workplace import Workplace

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
DOCUMENTS = 40

ORGANISATIONS = """
- {id: acme, name: Acme, countries: [US], namespaces: [acme], source: "https://acme.example"}
- id: belle
  name: Belle
  countries: [FR, US]
  namespaces: [belle]
  source: https://belle.example
  disputed: true
  note: Two countries claim it.
- {id: jade, name: Jade, countries: [CN], namespaces: [jade], source: "https://jade.example"}
"""
LICENCES = """
- {id: mit, name: MIT License, class: osi_approved, spdx: MIT, osi_approved: true, source: "https://spdx.org/licenses"}
- {id: jade, name: Jade Licence, class: community, osi_approved: false, source: "https://jade.example/licence"}
"""
MODELS = {
    "acme": """
    organisation: acme
    models:
      - id: acme/tiny-1
        name: Acme Tiny 1
        source: https://acme.example/tiny
        access: weights
        kind: instruct
        revision: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        licence: {license: mit}
        parameters: {total_b: 0.5, dense: true}
      - id: acme/closed
        name: Acme Closed
        source: https://acme.example/closed
        access: api
        kind: api
    """,
    "belle": """
    organisation: belle
    models:
      - id: belle/tuned-8b
        name: Belle Tuned 8B with a long name
        source: https://belle.example/tuned
        access: weights
        kind: instruct
        revision: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
        licence: {license: mit}
        parameters: {total_b: 8, dense: true}
        lineage: [{parent: jade/base-8b, relation: finetune}]
    """,
    "jade": """
    organisation: jade
    models:
      - id: jade/base-8b
        name: Jade Base 8B
        source: https://jade.example/base
        access: weights
        kind: base
        revision: cccccccccccccccccccccccccccccccccccccccc
        licence: {license: jade}
        parameters: {total_b: 8, dense: true}
        variants:
          - {name: q4, dtype: float32, quantisation: Q4_1, weights_note: "third party's Q4 file"}
      - id: jade/unpinned
        name: Jade Unpinned
        source: https://jade.example/unpinned
        access: weights
        kind: instruct
        licence: {license: jade}
    """,
}
SUITE: dict[str, Any] = {
    "suite": "mini",
    "title": "Three small benchmarks",
    "protocols": {"completion": {"output": "multiple_choice", "shots": 0}},
    "benchmarks": [
        {
            "id": name,
            "task": f"mini_{name}",
            "title": name,
            "category": category,
            "score": {"metric": "acc"},
            "chance": 0.25,
            "source": "made up",
            "protocols": {"base": "completion", "instruct": "completion"},
        }
        for name, category in (("sums", "mathematics"), ("order", "reasoning"), ("where", "reasoning"))
    ],
}
# right answers of 40 by model and benchmark; None is a failure, what is absent was never run
RIGHT: dict[str, dict[str, int | None]] = {
    "belle/tuned-8b": {"sums": 36, "order": 34, "where": 30},
    "jade/base-8b": {"sums": 30, "order": 31, "where": 33},
    "acme/tiny-1": {"sums": 9, "order": 12, "where": None},
}


def write_registry(folder: Path) -> Path:
    """Write the registry's files and return the folder."""
    (folder / "models").mkdir(parents=True)
    (folder / "suites").mkdir()
    (folder / "organisations.yaml").write_text(ORGANISATIONS)
    (folder / "licences.yaml").write_text(LICENCES)
    for name, text in MODELS.items():
        (folder / "models" / f"{name}.yaml").write_text(textwrap.dedent(text))
    (folder / "suites" / "mini.yaml").write_text(json.dumps(SUITE))
    locked = {item["task"]: {"tasks": {item["task"]: lock_of(item["task"])}} for item in SUITE["benchmarks"]}
    (folder / "suites" / "mini.lock.yaml").write_text(json.dumps(locked))
    return folder


def lock_of(task: str) -> dict[str, Any]:
    """Make a task's lock."""
    hashes = {name: sha256(f"{task} {name}") for name in ("config", "functions", "fingerprint", "examples")}
    return {"version": "1.0", "documents": DOCUMENTS, **hashes}


def sha256(text: str) -> str:
    """Hash a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def fill(home: Path, registry: Path) -> Settings:
    """Sync, store the runs and refresh; return the settings that read it."""
    settings = Settings(home=home, registry=registry, threads=2, memory=ByteSize(64 * 1024**3))
    workplace = Workplace.open(settings)
    write_pending(workplace.lake, workplace.registry, workplace.suites, NOON)
    for work, job in planned(workplace):
        right = RIGHT[work.identity["model"]][job.benchmark]
        store(workplace, work, job, right)
    refresh(workplace.lake, settings.boards, NOON + timedelta(hours=1))
    return settings


def planned(workplace: Workplace) -> Iterator[tuple[Work, Job]]:
    """Go through the jobs of the plan that have a fate."""
    suites: dict[str, Suite] = {suite.suite: suite for suite in workplace.suites}
    assignments: tuple[Assignment, ...] = workplace.plan().assignments
    for assignment in assignments:
        work = make_work(assignment, workplace.registry, suites, workplace.place)
        for job in assignment.jobs:
            if job.benchmark in RIGHT[assignment.model]:
                yield work, job


def store(workplace: Workplace, work: Work, job: Job, right: int | None) -> None:
    """Put a run that got `right` answers right, or failed."""
    if right is None:
        row = attempt.failed(work, job, NOON, Reason.TOO_LARGE, "needs 80 GB, the machine has 8")
        # As large as the machine that is planned for: there is no larger one to try it on.
        workplace.lake.put_run({**row, **CLOCK, "devices": 0, "device_memory": 64 * 1024**3})
        return
    made = {"scorer": "shared", "documents_attempted": DOCUMENTS, "documents_scored": DOCUMENTS}
    row = {**attempt.succeeded(work, job, NOON, made), **CLOCK}
    scores = table("scores", [score_row(row, right)])
    workplace.lake.put_run(
        row, scores, table("samples", [sample_row(row, number, right) for number in range(DOCUMENTS)])
    )


CLOCK = {"finished_at": NOON + timedelta(minutes=1), "seconds": 60.0}


def score_row(run: dict[str, Any], right: int) -> dict[str, Any]:
    """Score a run."""
    share = right / DOCUMENTS
    stderr = (share * (1 - share) / (DOCUMENTS - 1)) ** 0.5
    counts = {"n": DOCUMENTS, "n_docs": DOCUMENTS, "repeats": 1, "n_correct": right}
    what = {"is_aggregate": False, "metric": "acc", "filter": "none", "higher_is_better": True}
    return {"run_id": run["run_id"], "task": run["task"], "value": share, "stderr": stderr, **counts, **what}


def sample_row(run: dict[str, Any], number: int, right: int) -> dict[str, Any]:
    """Make a document; the last ones are wrong."""
    prompt = f"What is {number} plus {number}?"
    return {
        "run_id": run["run_id"],
        "task": run["task"],
        "doc_id": number,
        "repeat": 0,
        "filter": "none",
        "doc_hash": sha256(f"document {number}"),
        "prompt_hash": sha256(prompt),
        "target_hash": sha256("0"),
        "prompt": prompt,
        "target": "0",
        "response": "[-1.5, -2.5]" if number < right else "[-2.5, -1.5]",
        "answer": "0" if number < right else "1",
        "outcomes": [("acc", float(number < right))],
    }
