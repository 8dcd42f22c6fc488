"""A workplace is opened on a registry without a fault, or every fault is named."""

import shutil
from pathlib import Path

import pytest
import yaml

from standings.paths import folder
from tasks import attempt, planning
from tasks.planning import EmptyRegistry, NotLocked
from tasks.settings import Settings
from tasks.workplace import BrokenRegistry, UnknownName, Workplace
from tests.nights import Nights


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with a copy of the registry that a test may break."""
    shutil.copytree(folder("registry"), tmp_path / "registry")
    return Settings(home=tmp_path / "home", registry=tmp_path / "registry")


def test_the_projects_own_registry_opens(settings: Settings):
    assert {suite.suite for suite in Workplace.open(settings).suites} >= {"core", "quick"}


def test_a_reference_that_leads_nowhere_is_named_before_anything_starts(settings: Settings):
    path = settings.registry / "organisations.yaml"
    path.write_text(path.read_text().replace("id: qwen", "id: qven"))
    with pytest.raises(BrokenRegistry, match="organisation 'qwen' is not known") as raised:
        Workplace.open(settings)
    assert all(fault.severity == "error" for fault in raised.value.faults)


def test_a_suite_that_is_not_there_is_named(settings: Settings):
    with pytest.raises(UnknownName, match="suite 'quik' is not in the registry"):
        Workplace.open(settings, ("quik",))


def test_a_benchmark_without_a_lock_is_never_dropped_from_a_board_in_silence(settings: Settings):
    whole = Workplace.open(settings, ("quick",))
    planning.write_pending(whole.lake, whole.registry, whole.suites, attempt.now())
    before = whole.lake.revision()
    lock = settings.registry / "suites" / "quick.lock.yaml"
    content = yaml.safe_load(lock.read_text())
    del content["quick_where"]
    lock.write_text(yaml.safe_dump(content))
    unlocked = Workplace.open(settings, ("quick",))
    with pytest.raises(NotLocked, match="quick: where"):
        planning.write_pending(unlocked.lake, unlocked.registry, unlocked.suites, attempt.now())
    assert whole.lake.revision() == before


@pytest.mark.parametrize("lost", ["suites", "models"])
def test_a_registry_that_lost_its_suites_or_models_never_takes_everything_off_the_board(tmp_path: Path, lost: str):
    nights = Nights(tmp_path)
    nights.models = {"one": "a"}
    nights.write()
    whole = Workplace.open(nights.settings)
    planning.write_pending(whole.lake, whole.registry, whole.suites, attempt.now(), whole.whole)
    before = whole.lake.revision()
    shutil.rmtree(nights.settings.registry / lost)
    emptied = Workplace.open(nights.settings)
    with pytest.raises(EmptyRegistry, match=f"holds no {lost[:-1]}: "):
        planning.write_pending(emptied.lake, emptied.registry, emptied.suites, attempt.now(), emptied.whole)
    assert whole.lake.revision() == before
