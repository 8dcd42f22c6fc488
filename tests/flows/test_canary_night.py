"""A night in which the canary drifted measures nothing and publishes nothing, and says so by name."""

from pathlib import Path

import pytest

from tasks.canary import standing_drift
from tests.canaries import Canaries
from tests.hub import Hub


def test_a_night_whose_canary_drifted_ends_as_drifted_before_anything_is_measured_or_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub
) -> None:
    from prefect import State

    from flows.canary import ask_canary
    from flows.nightly import nightly

    canaries = Canaries(tmp_path, monkeypatch)
    canaries.ask(0)
    canaries.right["order"] = 4
    canaries.ask(1)
    canaries.at(1, hours=1)
    said = ask_canary(canaries.settings)  # asks nobody again: it was this night
    assert (said.asked, said.state) == (0, "drifted")
    ended = nightly.fn(unattended=True, settings=canaries.settings)
    assert isinstance(ended, State)
    assert (ended.is_failed(), ended.name, ended.message) == (True, "Drifted", said.drift)
    assert not (tmp_path / "home" / "lake" / "snapshots").exists()
    assert not (tmp_path / "home" / "lake" / "facts").exists()  # it did not even sync


def test_a_release_after_a_night_whose_canary_drifted_waits_for_a_person_or_a_better_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect import State

    from flows.release import release

    canaries = Canaries(tmp_path, monkeypatch)
    canaries.ask(0)
    canaries.right["order"] = 4
    drift = canaries.ask(1).drift
    canaries.at(1, hours=15)  # a release comes by day
    ended = release.fn("acme/tiny-1", "a" * 40, settings=canaries.settings)
    assert isinstance(ended, State)
    assert (ended.name, ended.message) == ("Drifted", drift)
    assert not (tmp_path / "home" / "lake" / "facts").exists()
    canaries.right["order"] = 20
    canaries.ask(2)
    assert standing_drift(canaries.settings) is None
