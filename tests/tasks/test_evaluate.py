"""A night on a tiny model: every job is stored once whatever dies, and every failure has its name."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from standings.failure import Reason
from standings.identity import digest
from tasks import admission, attempt, machine, materialise
from tasks.faults import POINTS
from tasks.lake import Lake
from tasks.refresh import newest, refresh
from tasks.store import FolderStore
from tests.tiny import tiny_model
from tests.workplaces import BENCHMARKS, Heard, make_registry, night, reopen, tiny_workplace, write_model, write_suite

RESULTS = """
SELECT suite, benchmark, model, variant, score, n, n_correct, score_lo, score_hi, scorer
FROM leaderboard.results ORDER BY ALL
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a registry and a model, and nothing evaluated."""
    root = tmp_path_factory.mktemp("place")
    tiny_workplace(root)
    return root


@pytest.fixture(scope="module")
def finished(place: Path) -> Path:
    """Return the same after an uninterrupted night."""
    [outcome], _ = night(reopen(place))
    assert len(outcome.stored) == len(BENCHMARKS), outcome
    return place


@pytest.fixture
def fresh(place: Path, tmp_path: Path) -> Path:
    """Return a copy with an empty home. The model stays where it is, so every id is the same."""
    shutil.copytree(place / "registry", tmp_path / "registry")
    return tmp_path


def board(root: Path) -> list[dict]:
    """Return the results on the published board, without run ids and times."""
    workplace = reopen(root)
    path = newest(workplace.lake, workplace.settings.boards)
    assert path is not None
    return materialise.query(path, RESULTS).to_pylist()


def attempts(lake: Lake) -> list[tuple[str, str]]:
    """Return benchmark and status of every run in the lake."""
    admission.admit(lake, attempt.now())
    return sorted((row["benchmark"], row["status"]) for row in lake.facts("run")["run"].to_pylist())


def test_a_night_evaluates_what_is_missing_and_the_next_one_nothing(finished: Path):
    assert [row["benchmark"] for row in board(finished)] == sorted(BENCHMARKS)
    assert {row["scorer"] for row in board(finished)} == {"shared"}
    plan = reopen(finished).plan()
    assert (plan.jobs, plan.counted) == (0, len(BENCHMARKS))


def test_a_run_says_what_was_loaded_and_how_much_memory_it_took(finished: Path):
    rows = reopen(finished).lake.facts("run")["run"].to_pylist()
    weights = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (finished / "model").iterdir()}
    assert {row["loaded_sha256"] for row in rows} == {digest(weights)}
    assert all(100 * 2**20 < row["peak_memory"] < 8 * 2**30 for row in rows)
    assert {(row["devices"], row["device_memory"]) for row in rows} == {(0, machine.memory("cpu"))}
    assert {row["platform"] for row in rows} == {machine.platform_name()}


def test_a_second_refresh_publishes_nothing_new(finished: Path):
    workplace = reopen(finished)
    first = refresh(workplace.lake, workplace.settings.boards, attempt.now())
    second = refresh(workplace.lake, workplace.settings.boards, attempt.now())
    assert first == second


def test_with_the_registry_gone_the_board_rebuilds_equal(finished: Path, tmp_path: Path):
    shutil.copytree(
        finished / "home" / "lake", tmp_path / "lake", ignore=shutil.ignore_patterns("snapshots", "latest.json")
    )
    from tasks.refresh import refresh

    rebuilt = refresh(Lake(FolderStore(tmp_path / "lake")), tmp_path / "boards", attempt.now())
    assert materialise.query(rebuilt.board, RESULTS).to_pylist() == board(finished)


@pytest.mark.parametrize("point", [name for name in POINTS if name.startswith("child.")])
def test_a_killed_child_loses_the_job_in_hand_and_nothing_else(point: str, fresh: Path, finished: Path, monkeypatch):
    monkeypatch.setenv("STANDINGS_FAULT", point + "#3" if point in ("child.before_job", "child.after_job") else point)
    [outcome], _ = night(reopen(fresh))
    monkeypatch.delenv("STANDINGS_FAULT")
    assert list(outcome.failed.values()) == [Reason.INFRASTRUCTURE] * len(outcome.failed)
    lost, heard = set(outcome.failed), Heard()
    night(reopen(fresh), heard)
    assert {event.job_id for event in heard.events if event.event == "job"} == lost, (
        "a completed job was computed again"
    )
    assert [name for name, status in attempts(reopen(fresh).lake) if status == "succeeded"] == sorted(BENCHMARKS)
    assert board(fresh) == board(finished)


def killed_night(root: Path, point: str) -> None:
    """Run a night in a process of its own, which dies at the point, as does its child where that reaches it first."""
    environment = {**os.environ, "STANDINGS_FAULT": point}
    killed = subprocess.run([sys.executable, "-m", "tests.workplaces", str(root)], env=environment, check=False)
    assert killed.returncode == -9, f"{point} was not reached"


@pytest.mark.parametrize("point", [name for name in POINTS if name.startswith("put.")])
def test_a_night_killed_between_two_puts_stores_each_job_once(point: str, fresh: Path, finished: Path):
    killed_night(fresh, point)
    night(reopen(fresh))
    assert [name for name, status in attempts(reopen(fresh).lake) if status == "succeeded"] == sorted(BENCHMARKS)
    assert board(fresh) == board(finished)


# What no night reaches is killed where it is tested: holding, collecting and compacting.
OF_A_NIGHT = [name for name in POINTS if name.startswith(("admit.", "sync.", "publish."))]


@pytest.mark.parametrize("point", OF_A_NIGHT)
def test_a_night_killed_outside_the_child_goes_on_where_it_was(point: str, fresh: Path, finished: Path):
    # Evaluating is not what dies here: the runs of the finished night are in the inbox, and nothing looked at them.
    shutil.copytree(finished / "home" / "lake" / "inbox", fresh / "home" / "lake" / "inbox")
    killed_night(fresh, point)
    outcomes, _ = night(reopen(fresh))
    assert outcomes == []
    assert board(fresh) == board(finished)


def test_a_child_past_its_limit_is_ended_and_said_so(fresh: Path):
    heard = Heard()
    workplace = reopen(fresh, load_minutes=0.02)
    [outcome], _ = night(workplace, heard)
    assert set(outcome.failed.values()) == {Reason.INFRASTRUCTURE}
    assert "passed its limit" in heard.events[-1].text


def test_weights_of_another_hash_are_refused_by_name(fresh: Path, place: Path, tmp_path: Path):
    corrupt = tmp_path / "corrupt"
    shutil.copytree(place / "model", corrupt)
    body = bytearray((corrupt / "model.safetensors").read_bytes())
    write_model(fresh / "registry", corrupt)
    body[-1] ^= 1
    (corrupt / "model.safetensors").write_bytes(body)
    heard = Heard()
    [outcome], _ = night(reopen(fresh), heard)
    assert set(outcome.failed.values()) == {Reason.INFRASTRUCTURE}
    assert "sha256" in heard.events[-1].text


def test_weights_that_are_not_numbers_are_no_measurement(tmp_path: Path):
    from safetensors.torch import load_file, save_file

    weights = tiny_model(tmp_path / "model")
    tensors = load_file(weights / "model.safetensors")
    tensors["model.layers.0.mlp.up_proj.weight"][:] = float("nan")
    save_file(tensors, weights / "model.safetensors", metadata={"format": "pt"})
    make_registry(tmp_path / "registry", weights)
    [outcome], _ = night(reopen(tmp_path))
    assert set(outcome.failed.values()) == {Reason.NOT_FINITE}


def test_a_task_that_the_harness_does_not_have_fails_alone(fresh: Path):
    path = fresh / "registry" / "suites" / "quick"
    (path / "pattern.yaml").unlink()
    heard = Heard()
    [outcome], _ = night(reopen(fresh), heard)
    assert list(outcome.failed.values()) == [Reason.LOCK_MISMATCH]
    assert len(outcome.stored) == len(BENCHMARKS) - 1
    assert any("no task 'quick_pattern'" in (event.text or "") for event in heard.events)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        pytest.param(
            lambda text: text.replace("version: 1.0", "version: 2.0"), "version is 2.0", id="a task version off by one"
        ),
        pytest.param(
            lambda text: text.replace("num_fewshot: 3", "num_fewshot: 4"), "config is", id="another configuration"
        ),
    ],
)
def test_a_task_that_is_not_as_locked_is_refused_by_name(edit, said, fresh: Path):
    for name in ("addition.yaml", "_multiple_choice.yaml"):
        path = fresh / "registry" / "suites" / "quick" / name
        path.write_text(edit(path.read_text()))
    heard = Heard()
    [outcome], _ = night(reopen(fresh), heard)
    assert Reason.LOCK_MISMATCH in outcome.failed.values()
    assert any(f"quick_addition: {said}" in (event.text or "") for event in heard.events)


def test_a_changed_generator_and_a_changed_document_are_refused_by_name(fresh: Path):
    path = fresh / "registry" / "suites" / "quick" / "documents.py"
    path.write_text(path.read_text().replace("int(epoch), int(documents))", "int(epoch) + 1, int(documents))"))
    heard = Heard()
    [outcome], _ = night(reopen(fresh), heard)
    assert set(outcome.failed.values()) == {Reason.LOCK_MISMATCH}
    said = " ".join(event.text or "" for event in heard.events)
    assert "quick_addition: functions is" in said
    assert "quick_addition: fingerprint is" in said


def test_a_model_without_a_chat_template_is_not_asked_with_one(tmp_path: Path):
    weights = tiny_model(tmp_path / "model", chat_template=False)
    make_registry(tmp_path / "registry", weights)
    chat = {"completion": {"output": "multiple_choice", "shots": 2, "chat_template": True}}
    write_suite(tmp_path / "registry", protocols=chat)
    [outcome], _ = night(reopen(tmp_path))
    assert set(outcome.failed.values()) == {Reason.NO_CHAT_TEMPLATE}


def test_a_model_that_needs_more_memory_than_it_may_have_is_too_large(tmp_path: Path):
    weights = tiny_model(tmp_path / "model", hidden_size=2048, intermediate_size=8)  # 105 MB
    make_registry(tmp_path / "registry", weights)
    [outcome], _ = night(reopen(tmp_path, memory_limit="350MiB"))
    assert set(outcome.failed.values()) == {Reason.TOO_LARGE}


def test_failures_are_planned_as_the_table_says(fresh: Path):
    (fresh / "registry" / "suites" / "quick" / "pattern.yaml").unlink()
    night(reopen(fresh))
    [left] = reopen(fresh).plan().unplanned
    assert (left.state, left.cells) == ("failed", 1)
    assert left.why.startswith("lock_mismatch")
