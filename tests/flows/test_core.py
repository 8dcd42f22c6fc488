"""The official tasks of `core`, unchanged, as a stand-in for the Hub serves their data."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
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

# benchmark: metric and filter of its score, documents, and who scored them; one document of each of a group's tasks.
# CMMLU is left out: of MMLU's shape, and its 67 data sets take the stand-in half a minute.
SHAPES = {
    "arc_challenge-limit-1": ("acc_norm", "none", 1, "shared"),
    "gsm8k-limit-1": ("exact_match", "strict-match", 1, "none"),
    "ifeval-limit-1": ("prompt_level_strict_acc", "none", 1, "none"),
    "mmlu-limit-1": ("acc", "none", 57, "shared"),
    "hellaswag-limit-1": ("acc_norm", "none", 1, "shared"),
    "bbh-limit-1": ("acc_norm", "none", 24, "shared"),
    "math_500-limit-1": ("math_verify", "none", 1, "none"),
    "truthfulqa-limit-1": ("acc", "none", 1, "shared"),
    "mgsm-limit-1": ("exact_match", "flexible-extract", 5, "none"),
    "xcopa-limit-1": ("acc", "none", 11, "shared"),
}
SCORES = "SELECT scores.* FROM raw.scores AS scores JOIN raw.run AS run USING (run_id) WHERE run.task = '{task}'"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start the stand-in, and return the environment in which libraries find it."""
    with stand_in(tmp_path_factory.mktemp("hf")) as environment:
        yield environment


def open_place(root: Path) -> Workplace:
    """Open core, limited to one document of each task."""
    settings = Settings(home=root / "home", registry=root / "registry", threads=1)
    return Workplace.open(settings, suites=("core",), limit=1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, hub: dict[str, str]) -> Path:
    """Return a folder in which a tiny random model was asked core's tasks as its committed lock has them."""
    root = tmp_path_factory.mktemp("core")
    weights = tiny_model(root / "model", max_position_embeddings=16384)  # 25 examples are 14,000 of its short tokens
    registry = make_registry(root / "registry", weights, kind="instruct")
    core = yaml.safe_load((folder("registry") / "suites" / "core.yaml").read_text())
    core["benchmarks"] = [one for one in core["benchmarks"] if f"{one['id']}-limit-1" in SHAPES]
    (registry / "suites" / "core.yaml").write_text(yaml.safe_dump(core))
    shutil.copy(folder("registry") / "suites" / "core.lock.yaml", registry / "suites")
    shutil.copytree(folder("registry") / "suites" / "groups", registry / "suites" / "groups")
    heard = Heard()
    with only(hub):
        night(open_place(root), heard)
    assert not [event.text for event in heard.events if event.event == "failed"]
    return root


@pytest.fixture(scope="module")
def board(place: Path) -> Path:
    """Return the board of it."""
    [path] = (place / "home" / "boards").rglob("*.duckdb")
    return path


def ask(board: Path, sql: str) -> list[dict[str, Any]]:
    """Return the rows of a question."""
    return materialise.query(board, sql).to_pylist()


def scores(board: Path, task: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return all that a benchmark's run measured, by task, metric and filter."""
    rows = ask(board, SCORES.format(task=task))
    return {(row["task"], row["metric"], row["filter"]): row for row in rows}


def test_each_shape_has_its_score(board: Path):
    rows = ask(board, "FROM leaderboard.results")
    found = {row["benchmark"]: (row["metric"], row["filter"], row["n_docs"], row["scorer"]) for row in rows}
    assert found == SHAPES


def test_a_limited_run_is_labelled_and_nothing_stands_under_the_full_suite(board: Path):
    for view in ("results", "overall", "benchmarks", "by_origin", "by_category"):
        assert {row["suite"] for row in ask(board, f"SELECT suite FROM leaderboard.{view}")} == {"core-limit-1"}, view
    assert {row["document_limit"] for row in ask(board, "FROM leaderboard.results")} == {1}


def test_a_generated_task_has_a_score_for_each_filter(board: Path):
    found = scores(board, "gsm8k")
    assert found.keys() == {("gsm8k", "exact_match", name) for name in ("strict-match", "flexible-extract")}


def test_a_document_with_several_instructions_counts_each_of_them(board: Path, place: Path):
    found = scores(board, "ifeval")
    levels = [f"{level}_level_{how}_acc" for level in ("prompt", "inst") for how in ("strict", "loose")]
    assert found.keys() == {("ifeval", metric, "none") for metric in levels}
    assert [found["ifeval", metric, "none"]["n"] for metric in levels] == [1, 1, 3, 3]
    assert {row["n_docs"] for row in found.values()} == {1}


def test_an_instruct_model_is_asked_ifeval_as_chat_and_mmlu_as_completion(board: Path, place: Path):
    prompts = {row["task"]: row["prompt"] for row in samples(board, place, "ifeval", "mmlu")}
    assert prompts["ifeval"].startswith("<|im_start|>user\n")
    assert prompts["ifeval"].endswith("<|im_end|>\n<|im_start|>assistant\n")
    assert "<|im_start|>" not in prompts["mmlu_anatomy"]
    assert prompts["mmlu_anatomy"].count("Answer:") == 6  # five examples and the question


def test_a_group_is_the_share_of_all_its_documents_and_keeps_each_task(board: Path, place: Path):
    found = scores(board, "mmlu")
    leaves = [row for row in found.values() if not row["is_aggregate"]]
    assert len(leaves) == 57
    groups = {row["task"] for row in found.values() if row["is_aggregate"]}
    assert groups == {"mmlu", "mmlu_stem", "mmlu_other", "mmlu_social_sciences", "mmlu_humanities"}
    whole = found["mmlu", "acc", "none"]
    asked = samples(board, place, "mmlu")
    right = [dict(row["outcomes"])["acc"] for row in asked]
    assert {row["task"] for row in asked} == {row["task"] for row in leaves}
    assert (whole["n"], whole["n_correct"]) == (57, sum(right))
    assert whole["value"] == pytest.approx(fmean(right), abs=1e-12)
    assert 0 < whole["value"] < 1


def samples(board: Path, place: Path, *tasks: str) -> list[dict[str, Any]]:
    """Return the samples of the runs of these benchmarks."""
    runs = [row["run_id"] for row in ask(board, "FROM raw.run") if row["task"] in tasks]
    return open_place(place).lake.samples(*runs).to_pylist()


def test_the_night_after_has_nothing_to_do(place: Path):
    plan = open_place(place).plan()
    assert (plan.jobs, plan.counted) == (0, len(SHAPES))
