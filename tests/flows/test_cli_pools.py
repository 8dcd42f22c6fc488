"""`standings plan` over several pools of machines, and cut to what a night may take."""

import json
from pathlib import Path

import pytest

from tests.flows.conftest import Ask, asking
from tests.nights import Nights

POOLS = """
- {name: small, device: cuda, gpus: 1, memory: 24GiB, machines: 2, price: 1}
- {name: large, device: cuda, gpus: 8, memory: 80GiB, price: 16}
"""


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Ask of two models of which nothing is measured."""
    nights = Nights(tmp_path)
    nights.models = {"one": "a", "two": "b"}
    nights.write()
    return asking(tmp_path)


@pytest.fixture
def pools(tmp_path: Path) -> str:
    """Write a file of two pools."""
    path = tmp_path / "pools.yaml"
    path.write_text(POOLS)
    return str(path)


def test_a_plan_names_the_pool_of_each_assignment_where_there_are_several(ask: Ask, pools: str) -> None:
    told = ask("plan", STANDINGS_POOLS=pools)
    assert told.exit_code == 0, told.stderr
    assert "To run on small (2 × 1 GPU of 24.0 GiB), large (1 × 8 GPUs of 80.0 GiB):" in " ".join(told.stdout.split())
    assert "Pool" in told.stdout
    assert "Pool" not in ask("plan").stdout


def test_options_plan_for_one_machine_and_no_pool(ask: Ask, pools: str) -> None:
    told = json.loads(ask("plan", "--memory", "8GiB", "--gpus", "4", "--json", STANDINGS_POOLS=pools).stdout)
    assert [(pool["name"], pool["device"], pool["gpus"]) for pool in told["pools"]] == [("here", "cuda", 4)]


def test_a_budget_lists_what_it_cuts_and_the_rest_is_what_runs(ask: Ask, pools: str) -> None:
    whole, cut = (
        json.loads(ask("plan", *words, "--json", STANDINGS_POOLS=pools).stdout)
        for words in ((), ("--budget", "0.006h"))
    )
    assert cut["jobs"] < whole["jobs"]
    assert cut["jobs"] + sum(len(item["jobs"]) for item in cut["cut"]) == whole["jobs"]
    assert cut["seconds"] <= 22
    told = ask("plan", "--budget", "$0.001", STANDINGS_POOLS=pools).stdout
    assert "Cut to $0.001:" in told
    assert "wait for another night" in told


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("40", "'40' is no budget. Write 40h for hours of GPUs"),
        ("$5", "needs the price of every pool, and here tells none"),
    ],
)
def test_a_budget_that_cannot_be_counted_says_what_would_do(ask: Ask, budget: str, said: str) -> None:
    told = ask("plan", "--budget", budget)
    assert told.exit_code == 2
    assert said in " ".join(told.stderr.split())


def test_faults_of_the_file_are_told_and_nothing_is_planned(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "pools.yaml").write_text("- {name: a, device: cuda, memory: 24GiB}\n- {name: b}\n")
    told = ask("plan", STANDINGS_POOLS=str(tmp_path / "pools.yaml"))
    assert told.exit_code == 2
    assert "a: device is cuda and gpus is 0" in told.stderr
    assert "b: memory is missing." in told.stderr
