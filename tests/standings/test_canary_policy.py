"""registry/canary.yaml is checked like the rest of the registry, and the baseline is what a person accepted last."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from standings.canary import CanaryPolicy, faults
from standings.canary_jobs import baselines, between, night_of
from standings.paths import folder
from tasks.registry_files import read, read_canary, read_suites
from tests.flows.home import write_registry

GOOD = {"model": "acme/tiny-1", "suite": "mini", "benchmarks": ["sums", "where"]}
EVENING = datetime(2026, 3, 1, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small registry without a canary."""
    return write_registry(tmp_path_factory.mktemp("registry") / "registry")


def said(root: Path, **changed: Any) -> list[str]:
    """Write the canary's file, and return what `standings check` says of it."""
    (root / "canary.yaml").write_text(yaml.safe_dump(GOOD | changed))
    policy, found = read_canary(root)
    registry, _ = read(root)
    return [str(fault) for fault in (found or faults(policy, registry, read_suites(root)[0]) if policy else found)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"model": "acme/tiny"}, "model 'acme/tiny' is not known. Did you mean 'acme/tiny-1'?"),
        ({"model": "jade/unpinned"}, "jade/unpinned can't be asked: no pinned revision. Choose a model that can."),
        ({"suite": "mimi"}, "suite 'mimi' is not known. Did you mean 'mini'?"),
        ({"variant": "q4"}, "variant 'q4' is not known. There are: bfloat16."),
        ({"benchmarks": ["sum", "where"]}, "benchmark 'sum' is not known. Did you mean 'sums'?"),
        ({"benchmarks": ["sums", "where", "order"]}, "two of category reasoning. Keep one of each."),
        ({"benchmarks": ["sums"]}, "none of category reasoning. Add one of each of the categories of mini."),
        ({"flips": {"float32": 1}}, "1.0 is no share below 1. Give a share, such as 0.02."),
        ({"flip": {}}, "field 'flip' is not known. Did you mean 'flips'?"),
        ({"years": 0}, "years: Input should be greater than 0, not 0."),
    ],
)
def test_each_fault_names_the_file_and_the_remedy(root: Path, changed: dict[str, Any], expected: str) -> None:
    assert said(root, **changed) == [f"registry/canary.yaml: canary: {expected}"]


def test_the_canary_of_this_registry_is_without_a_fault_and_asks_one_benchmark_of_each_category() -> None:
    registry, _ = read(folder("registry"))
    policy, found = read_canary(folder("registry"))
    assert policy is not None
    assert [*found, *faults(policy, registry, read_suites(folder("registry"))[0])] == []


def test_a_registry_without_a_canary_has_none_and_no_fault(root: Path) -> None:
    (root / "canary.yaml").unlink(missing_ok=True)
    assert read_canary(root) == (None, [])


def run(number: int, job: str = "a", **columns: Any) -> dict[str, Any]:
    """Make the run of a night."""
    return {"run_id": f"{job}{number}", "job_id": job, "started_at": EVENING + timedelta(days=number), **columns}


def test_the_first_run_is_the_baseline_until_a_person_accepts_another() -> None:
    runs = [run(0), run(1), run(2), run(1, "b")]
    assert {job: row["run_id"] for job, row in baselines(runs, []).items()} == {"a": "a0", "b": "b1"}
    accept = {"decision": "accept_canary", "target": "a1", "decided_at": EVENING + timedelta(days=1, hours=9)}
    other = {"decision": "retry", "target": "a2", "decided_at": EVENING + timedelta(days=3)}
    found = baselines(runs, [accept, other])
    assert {job: row["run_id"] for job, row in found.items()} == {"a": "a1", "b": "b1"}
    assert [row["run_id"] for row in between(found["a"], runs[2], runs)] == ["a1", "a2"]
    later = {**accept, "target": "a2", "decided_at": EVENING + timedelta(days=4)}
    assert baselines(runs, [later, accept])["a"]["run_id"] == "a2"


def test_a_night_over_midnight_is_one_and_other_software_is_asked_anew() -> None:
    software = {"harness": "1", "engine_version": "2", "torch": "3", "code_sha": "4"}
    stored = [run(0, **software)]
    assert night_of(stored, EVENING + timedelta(hours=6), software) == stored
    assert night_of(stored, EVENING + timedelta(hours=6), {}) == stored
    assert night_of(stored, EVENING + timedelta(hours=6), {**software, "torch": "4"}) == []
    assert night_of(stored, EVENING + timedelta(days=1), software) == []


def test_a_flip_rate_that_is_not_stated_is_taken_as_the_largest() -> None:
    policy = CanaryPolicy(**GOOD, flips={"float32": 0.01, "bfloat16": 0.02})
    assert [policy.rate(name) for name in ("float32", "bfloat16", "float16", None)] == [0.01, 0.02, 0.02, 0.02]
