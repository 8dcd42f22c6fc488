"""An operator sees what the canary did, and accepts what it became."""

import json
from pathlib import Path

import pytest

from tests.canaries import Canaries
from tests.flows.conftest import Ask, asking


@pytest.fixture
def canaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Canaries:
    """A registry with a canary, and an empty lake."""
    return Canaries(tmp_path, monkeypatch)


@pytest.fixture
def drifted(canaries: Canaries) -> Ask:
    """Ask a lake in which the canary drifted in its third night, with another harness."""
    canaries.columns = {"harness": "0.4.13"}
    canaries.ask(0)
    canaries.ask(1)
    canaries.columns = {"harness": "0.4.14"}
    canaries.right["order"] = 4
    canaries.ask(2)
    return asking(canaries.root)


def test_an_operator_sees_the_drift_and_accepts_it(drifted: Ask, canaries: Canaries) -> None:
    seen = drifted("canary", COLUMNS="120")
    assert seen.exit_code == 1
    lines = [line.split() for line in seen.stdout.splitlines()]
    assert [words[2] for words in lines if words[1:2] == ["02:00"]] == ["begun", "kept", "drifted"]
    said = " ".join(seen.stdout.split())
    assert "DRIFTED: order: 16 lost and 0 gained of 40" in said
    assert "harness 0.4.13 → 0.4.14 (2026-03-03)" in said
    read = json.loads(drifted("canary", "--json").stdout)
    assert [night["state"] for night in read] == ["begun", "kept", "drifted"]
    assert read[2]["rows"][1]["lost"] == 16

    accepted = drifted("canary", "accept", "--reason", "the harness reads answers better")
    assert accepted.exit_code == 0, accepted.stderr
    assert "The baseline of 2 benchmarks is now what was answered on 2026-03-03 02:00." in accepted.stdout
    assert canaries.ask(3).state == "kept"
    assert drifted("canary").exit_code == 0
    canaries.right["order"] = 20
    assert canaries.ask(4).state == "drifted"  # the old answers are no longer the right ones


def test_what_is_the_baseline_already_can_not_be_accepted(canaries: Canaries) -> None:
    ask = asking(canaries.root)
    never = ask("canary", "accept", "--reason", "why not")
    assert (never.exit_code, "Ask it first: standings canary run" in never.stderr) == (1, True)
    assert "It has never been asked." in ask("canary").stdout
    canaries.ask(0)
    assert ask("canary", "accept", "--reason", "why not").exit_code == 1
    assert "This night is the baseline." in ask("canary").stdout


def test_a_registry_without_a_canary_says_so_and_one_with_a_fault_names_it(canaries: Canaries) -> None:
    ask, file = asking(canaries.root), canaries.root / "registry" / "canary.yaml"
    file.write_text(file.read_text().replace("sums", "sum"))
    fault = "registry/canary.yaml: canary: benchmark 'sum' is not known. Did you mean 'sums'?"
    checked, shown = ask("check"), ask("canary")
    assert (checked.exit_code, shown.exit_code) == (1, 1)
    assert fault in " ".join(checked.stdout.split())
    assert fault in shown.stderr
    file.unlink()
    assert "holds no canary.yaml" in ask("canary").stderr
