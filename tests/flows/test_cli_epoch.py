"""An operator sees what holds an epoch back, and decides."""

import json
from pathlib import Path

import pytest

from tests.flows.conftest import Ask, asking
from tests.nights import Nights


@pytest.fixture
def between(tmp_path: Path) -> Ask:
    """Ask a board of two models on which one is done in the second epoch of `sums`."""
    nights = Nights(tmp_path)
    nights.models = {"one": "a", "two": "b"}
    nights.night(one={"sums": 36, "order": 30}, two={"sums": 30, "order": 30})
    nights.epochs["sums"] = 2
    nights.night(one={"sums": 35})
    return asking(tmp_path)


def test_an_operator_sees_who_holds_an_epoch_back_and_lets_it_flip(between: Ask) -> None:
    text = between("epoch", "list").stdout
    assert "mini sums: epoch 1 is shown; epoch 2 is held back by 1 model" in text
    assert "acme/two  missing  epoch bumped" in text
    [row] = json.loads(between("epoch", "list", "--suite", "mini", "--json").stdout)
    assert row["held_back"] == [{"model": "acme/two", "variant": "bfloat16", "state": "missing", "why": "epoch bumped"}]

    refused = between("epoch", "flip", "mini", "order", "--reason", "why not")
    assert refused.exit_code == 1
    assert "mini order is not between two epochs" in refused.stderr
    assert "Did you mean 'sums'?" in between("epoch", "flip", "mini", "sum", "--reason", "why not").stderr

    flipped = between("epoch", "flip", "mini", "sums", "--reason", "two is gone from the hub")
    assert flipped.exit_code == 0, flipped.stderr
    assert "epoch 2 is shown from the next refresh on; 1 model without a run" in flipped.stdout
    between("refresh")
    shown = between("sql", "SELECT model, epoch FROM leaderboard.results WHERE benchmark = 'sums'", "--json")
    assert json.loads(shown.stdout) == [{"model": "acme/one", "epoch": 2}]
    assert "No benchmark is between two epochs." in between("epoch", "list").stdout
