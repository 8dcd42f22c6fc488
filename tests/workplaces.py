"""Make a workplace of its own for a test: a registry with one tiny random model, a small suite, an empty home."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import yaml

from standings.paths import folder
from standings.suite import Suite
from tasks import planning, steps
from tasks.evaluate import Outcome
from tasks.observer import Silent, observing
from tasks.refresh import Refreshed
from tasks.registry_files import read_suites
from tasks.settings import Settings
from tasks.workplace import Workplace
from tests.tiny import tiny_model

MODEL = "acme/tiny"
ORGANISATIONS = "- {id: acme, name: Acme, countries: [FR, US], namespaces: [acme], source: https://acme.example}\n"
BENCHMARKS = {"pattern": "reasoning", "addition": "mathematics", "follow": "instruction_following"}


def make_registry(root: Path, weights: Path, kind: str = "base", **variant: Any) -> Path:
    """Write a registry whose one model's weights are the files of a folder, with a suite `tiny` of quick's tasks."""
    (root / "models").mkdir(parents=True)
    (root / "organisations.yaml").write_text(ORGANISATIONS)
    for name in ("licences.yaml", "sources.yaml"):
        shutil.copy(folder("registry") / name, root)
    shutil.copytree(folder("registry") / "suites" / "quick", root / "suites" / "quick", dirs_exist_ok=True)
    write_model(root, weights, kind, **variant)
    write_suite(root)
    return root


def write_model(root: Path, weights: Path, kind: str = "base", **variant: Any) -> None:
    """Write the model's entry; `variant` overrides its variant's fields."""
    files = [describe(path) for path in sorted(weights.iterdir())]
    manifest = {"format": "safetensors", "files": files, "places": [{"folder": str(weights)}]}
    main = {"name": "main", "dtype": "float32", "weights": manifest} | variant
    entry = {
        "id": MODEL,
        "name": "Tiny",
        "source": "drawn at random in a test",
        "access": "weights",
        "kind": kind,
        "revision": "sha256:" + next(item["sha256"] for item in files if item["file"] == "model.safetensors"),
        "licence": {"license": "apache-2.0"},
        "parameters": {"total_b": 0.0005, "dense": True},
        "variants": [main],
    }
    (root / "models" / "acme.yaml").write_text(yaml.safe_dump({"organisation": "acme", "models": [entry]}))


def describe(path: Path) -> dict[str, Any]:
    """Return a manifest's entry for a file."""
    body = path.read_bytes()
    return {"file": path.name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def write_suite(root: Path, documents: int = 8, **changed: Any) -> None:
    """Write the suite `tiny` with its lock: three multiple-choice benchmarks of a few documents."""
    from tasks.harness.locking import lock_suite
    from tasks.locks import write

    benchmarks = [
        {
            "id": name,
            "task": f"quick_{name}",
            "title": name,
            "category": category,
            "score": {"metric": "acc"},
            "chance": 0.25,
            "source": "quick",
            "protocols": {"base": "completion", "instruct": "completion"},
        }
        for name, category in BENCHMARKS.items()
    ]
    suite = {
        "suite": "tiny",
        "title": "Tiny",
        "tasks": "quick",
        "metadata": {"documents": documents},
        "protocols": {"completion": {"output": "multiple_choice", "shots": 2}},
        "benchmarks": benchmarks,
    } | changed
    (root / "suites" / "tiny.yaml").write_text(yaml.safe_dump(suite))
    suites, faults = read_suites(root)
    assert not faults, [str(fault) for fault in faults]
    write(suites["tiny"], lock_suite(suites["tiny"], root), root)


def read_suite(root: Path) -> Suite:
    """Read the suite with its lock."""
    return read_suites(root)[0]["tiny"]


def tiny_workplace(root: Path, **model: Any) -> Workplace:
    """Make a tiny model, its registry and an empty home below `root`, and open them."""
    weights = tiny_model(root / "model", **model)
    make_registry(root / "registry", weights)
    return reopen(root)


def reopen(root: Path, **settings: Any) -> Workplace:
    """Open what lies below `root`, as it is now."""
    return Workplace.open(
        Settings(home=root / "home", registry=root / "registry", threads=1, **settings), suites=("tiny",)
    )


class Heard(Silent):
    """Keep what was said."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def event(self, event: Any) -> None:
        """Keep it."""
        self.events.append(event)


def night(workplace: Workplace, heard: Heard | None = None) -> tuple[list[Outcome], Refreshed]:
    """Take the nightly flow's steps without Prefect around them, which takes 15 seconds to start."""
    planning.write_pending(workplace.lake, workplace.registry, workplace.suites, steps.attempt.now())
    plan = workplace.plan()
    with observing(heard or Heard()):
        outcomes = [steps.evaluate_assignment.fn(workplace, assignment) for assignment in plan.assignments]
    return outcomes, steps.refresh_board.fn(workplace)


if __name__ == "__main__":  # a night in a process of its own, for a test to kill
    import sys

    night(reopen(Path(sys.argv[1])))
