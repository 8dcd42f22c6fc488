"""A benchmark whose data set the hub does not have is named with the data set and a remedy; the rest is asked."""

import shutil
from pathlib import Path

import pytest
import yaml

from standings.paths import folder
from tasks import materialise
from tasks.settings import Settings
from tasks.workplace import Workplace
from tests.flows.conftest import asking
from tests.standin import SERVER, needs_stand_in, only, stand_in
from tests.tiny import tiny_model
from tests.workplaces import Heard, make_registry, night

pytestmark = needs_stand_in
ASKED = ("arc_challenge", "truthfulqa")
MISSING = "Dataset 'truthfulqa/truthful_qa' doesn't exist on the Hub"


def hub_without(missing: str, root: Path) -> Path:
    """Link the stand-in's data sets but one."""
    for repository in (SERVER.parent / "datasets").glob("*/*"):
        name = f"{repository.parent.name}/{repository.name}"
        (root / "datasets" / repository.parent.name).mkdir(parents=True, exist_ok=True)
        if name != missing:
            (root / "datasets" / name).symlink_to(repository)
    return root


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which two of core's benchmarks were asked, of one of which the hub has no data."""
    root = tmp_path_factory.mktemp("lacking")
    registry = make_registry(root / "registry", tiny_model(root / "model", max_position_embeddings=16384))
    core = yaml.safe_load((folder("registry") / "suites" / "core.yaml").read_text())
    core["benchmarks"] = [one for one in core["benchmarks"] if one["id"] in ASKED]
    (registry / "suites" / "core.yaml").write_text(yaml.safe_dump(core))
    shutil.copy(folder("registry") / "suites" / "core.lock.yaml", registry / "suites")
    shutil.copytree(folder("registry") / "suites" / "groups", registry / "suites" / "groups")
    return root


@pytest.fixture(scope="module")
def heard(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """Ask them, and return what was said."""
    heard = Heard()
    scratch = tmp_path_factory.mktemp("hf")
    settings = Settings(home=place / "home", registry=place / "registry", threads=1)
    with stand_in(scratch, hub_without("truthfulqa/truthful_qa", place / "hub")) as hub, only(hub):
        night(Workplace.open(settings, suites=("core",), limit=1), heard)
    return heard


def test_the_benchmark_fails_by_name_and_the_rest_is_asked(place: Path, heard: Heard):
    [said] = [event.text for event in heard.events if event.event == "failed"]
    assert "core-limit-1/truthfulqa-limit-1: " + MISSING in said
    assert "Set HF_ENDPOINT to a hub that has it" in said
    [board] = (place / "home" / "boards").rglob("*.duckdb")
    assert materialise.query(board, "SELECT benchmark FROM leaderboard.results").to_pylist() == [
        {"benchmark": "arc_challenge-limit-1"}
    ]


@pytest.mark.parametrize("words", ["plan --suite core --limit 1", "board --by coverage", "runs --status failed"])
def test_what_is_not_run_is_listed_with_its_reason_afterwards(words: str, place: Path, heard: Heard):
    said = asking(place)(*words.split(), "--json")
    assert said.exit_code == 0
    assert "truthfulqa-limit-1" in said.stdout
    assert f"{MISSING} or cannot be accessed" in said.stdout
