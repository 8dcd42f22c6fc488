"""An entry that names only its revision on a hub becomes numbers, or a named failure, and never a wrong number."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml
from typer.testing import CliRunner, Result

pytest.importorskip("lm_eval", reason="needs the worker extra")

from flows.cli.app import app
from standings.failure import Reason
from tests.hub import Fault, Hub
from tests.tiny import tiny_model
from tests.workplaces import BENCHMARKS, MODEL, Heard, make_registry, night, reopen

AMID = 50_000  # bytes of the weights that come before something happens


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a registry and the model that the hub is to hold."""
    root = tmp_path_factory.mktemp("made")
    make_registry(root / "registry", tiny_model(root / "model"))
    return root


@pytest.fixture
def place(made: Path, hub: Hub, tmp_path: Path) -> Path:
    """Return a folder whose registry names the model by its revision alone, with an empty home."""
    subprocess.run(["cp", "-r", str(made / "registry"), str(tmp_path)], check=True)
    pin(tmp_path, hub.repository(MODEL).commit(made / "model"))
    return tmp_path


def pin(root: Path, revision: str) -> None:
    """Write the model's entry: its own repository at this revision, and nothing else."""
    path = root / "registry" / "models" / "acme.yaml"
    content = yaml.safe_load(path.read_text())
    content["models"][0] |= {"revision": revision, "variants": [{"name": "main", "dtype": "float32"}]}
    path.write_text(yaml.safe_dump(content))


def ask(root: Path, *words: str) -> Result:
    """Run a command on what lies below `root`."""
    named = {"HOME": root / "home", "REGISTRY": root / "registry"}
    env = {f"STANDINGS_{name}": str(value) for name, value in named.items()} | {"COLUMNS": "200"}
    return CliRunner().invoke(app, words, prog_name="standings", env=env)


def test_a_revision_on_a_hub_is_all_that_an_entry_needs_and_a_plan_asks_for_nothing(made: Path, place: Path, hub: Hub):
    assert "3 jobs in 1 assignment" in ask(place, "plan", "--suite", "tiny").output
    assert hub.requests == [], "a plan downloads nothing, and asks nothing of a hub"
    [outcome], _ = night(reopen(place))
    assert len(outcome.stored) == len(BENCHMARKS), outcome
    assert reopen(place).plan().counted == len(BENCHMARKS)
    fetched = [name for name, *_ in hub.fetched()]
    assert sorted(fetched) == sorted(path.name for path in (made / "model").iterdir()), "each once"
    old = hub.repository(MODEL).head
    asked = [request.path for request in hub.requests if request.path.startswith("/api/models")]
    assert asked == [f"/api/models/{MODEL}/revision/{old}"], "neither transformers nor lm-eval asks for more"
    assert {request.method for request in hub.requests} == {"GET"}

    hub.requests.clear()
    pin(place, hub.repository(MODEL).commit(tiny_model(place / "second", seed=1)))
    assert hub.repository(MODEL).head != old
    assert "new revision" in ask(place, "plan", "--suite", "tiny").output
    assert hub.requests == []


def test_a_download_that_dies_with_its_process_is_gone_on_with(place: Path, hub: Hub):
    hub.faults.append(Fault("stall", file="/cdn/", after=AMID, times=1))
    command = [sys.executable, "-m", "tests.workplaces", str(place)]
    with subprocess.Popen(command, env={**os.environ}) as parent:
        assert hub.stalled.wait(120)
        [child] = psutil.Process(parent.pid).children()
        partial = wait_for_bytes(place / "home" / "weights", AMID, child)
        child.kill()
        assert parent.wait(120) == 0
    hub.go_on.set()
    assert partial.stat().st_size == AMID
    assert "infrastructure" in ask(place, "runs").output

    hub.requests.clear()
    [outcome], _ = night(reopen(place))
    assert len(outcome.stored) == len(BENCHMARKS), outcome
    [(name, start, _)] = hub.fetched()
    assert (name, start) == ("model.safetensors", AMID), "no byte was asked for twice"


def wait_for_bytes(root: Path, size: int, writer: psutil.Process) -> Path:
    """Return the download that has so many bytes on the disk, as soon as it has; its writer must live till then."""
    for _ in range(600):
        if found := [path for path in root.rglob("*.partial") if path.stat().st_size == size]:
            return found[0]
        with suppress(psutil.TimeoutExpired):
            raise AssertionError(f"the child ended with {writer.wait(0.1)}")
    raise AssertionError(f"no download below {root} came to {size} bytes")


def test_weights_with_a_flipped_bit_are_never_run(place: Path, hub: Hub):
    hub.faults.append(Fault("flip", file="model.safetensors", after=AMID))
    heard = Heard()
    [outcome], _ = night(reopen(place), heard)
    assert set(outcome.failed.values()) == {Reason.INFRASTRUCTURE}
    assert "model.safetensors: its sha256 is" in heard.events[-1].text
    assert not [event for event in heard.events if event.event == "loaded"]
    assert not list((place / "home" / "weights").rglob("model.safetensors"))


def test_a_gated_model_is_shown_with_its_page_and_asked_again_with_a_token(place: Path, hub: Hub, monkeypatch):
    repository = hub.repository(MODEL)
    repository.gated, repository.readers = "manual", {"hf_mine"}
    [outcome], _ = night(reopen(place))
    assert set(outcome.failed.values()) == {Reason.GATED}
    remedy = f"{MODEL} is gated: accept its terms at {hub.url}/{MODEL} and set HF_TOKEN"
    for command in (("plan", "--suite", "tiny"), ("runs",)):
        said = " ".join(ask(place, *command).output.split())
        assert "gated: " in said
        assert remedy in said, said
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    [outcome], _ = night(reopen(place))
    assert len(outcome.stored) == len(BENCHMARKS), outcome


def test_a_model_that_weights_have_no_room_for_is_refused_by_name(place: Path, hub: Hub):
    heard = Heard()
    [outcome], _ = night(reopen(place, weights_limit="100KiB"), heard)
    assert set(outcome.failed.values()) == {Reason.TOO_LARGE}
    assert "STANDINGS_WEIGHTS_LIMIT" in heard.events[-1].text
    assert hub.fetched("model.safetensors") == []
