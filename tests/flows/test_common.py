"""The official tasks of `common`, unchanged, as a stand-in for the Hub serves their data; budgets of a few tokens."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from standings.paths import folder
from tasks import materialise
from tasks.settings import Settings
from tasks.workplace import Workplace
from tests.standin import needs_stand_in, only, stand_in
from tests.tiny import tiny_model
from tests.workplaces import Heard, make_registry, night

pytestmark = needs_stand_in
BUDGET = 16
# kind: benchmark: filter of its score, documents, repeats. MMLU and BBH are left out: their 84 data sets take a minute,
# and tests/flows/test_official_equals.py asks a task of each.
SHAPES = {
    "instruct": {
        "arc_challenge_chat-limit-1": ("remove_whitespace", 1, 1),
        "gsm8k_cot-limit-1": ("flexible-extract", 1, 1),
        "math_500-limit-1": ("none", 1, 1),
        "aime_2024-limit-1": ("none", 1, 4),
        "aime_2025-limit-1": ("none", 1, 4),
        "ifeval-limit-1": ("none", 1, 1),
        "mgsm-limit-1": ("flexible-extract", 5, 1),
    },
    "reasoning": {
        "arc_challenge_chat-limit-1": ("remove_whitespace", 1, 1),
        "gsm8k_cot-limit-1": ("flexible-extract", 1, 1),
        "aime_2025-limit-1": ("none", 1, 4),
    },
}


def write_common(suites: Path, kind: str) -> None:
    """Write the suite with budgets of a few tokens, and its committed lock."""
    ours = folder("registry") / "suites"
    common = yaml.safe_load((ours / "common.yaml").read_text())
    common["benchmarks"] = [one for one in common["benchmarks"] if f"{one['id']}-limit-1" in SHAPES[kind]]
    for protocol in common["protocols"].values():
        protocol["max_tokens"] = BUDGET
    (suites / "common.yaml").write_text(yaml.safe_dump(common))
    shutil.copy(ours / "common.lock.yaml", suites)
    shutil.copytree(ours / "groups", suites / "groups")


@pytest.fixture(scope="module", params=["instruct", "reasoning"])
def board(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the board after a tiny random model of a kind was asked."""
    root = tmp_path_factory.mktemp(request.param)
    weights = tiny_model(root / "model", max_position_embeddings=8192)
    registry = make_registry(root / "registry", weights, kind=request.param)
    write_common(registry / "suites", request.param)
    settings = Settings(home=root / "home", registry=registry, threads=1)
    heard = Heard()
    scratch = tmp_path_factory.getbasetemp() / "common-hf"  # both kinds read the same data
    with stand_in(scratch) as hub, only(hub):
        _, refreshed = night(Workplace.open(settings, suites=("common",), limit=1), heard)
    assert not [event.text for event in heard.events if event.event == "failed"]
    return refreshed.board


def ask(board: Path, sql: str) -> list[dict[str, Any]]:
    """Return the rows of a question."""
    return materialise.query(board, sql).to_pylist()


def test_each_benchmark_of_written_answers_has_its_score(board: Path):
    rows = ask(board, "FROM leaderboard.results")
    [kind] = {row["kind"] for row in rows}
    assert {row["benchmark"]: (row["filter"], row["n_docs"], row["repeats"]) for row in rows} == SHAPES[kind]
    assert {row["suite"] for row in rows} == {"common-limit-1"}


def test_what_is_cut_or_unanswered_is_counted(board: Path):
    [aime] = ask(board, "SELECT kind, truncated, unanswered FROM raw.run WHERE benchmark = 'aime_2025-limit-1'")
    # A random model does not stop in 16 tokens, four times over; a thought that is cut is no answer.
    assert aime["truncated"] == 4
    assert aime["unanswered"] == (4 if aime["kind"] == "reasoning" else 0)
