"""A release is noticed once, by poll or webhook, and none between two polls is lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.lake import Lake
from tasks.s3 import open_store
from tasks.settings import Settings
from tasks.watching import look_at, watch
from tasks.workplace import Workplace
from tests.hub import Fault, Hub
from tests.hub.releases import release
from tests.releasing import home

MODEL = "acme/Tiny-Base"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.weights.patience.PAUSES", [0.0] * 2)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return home(tmp_path)


def day(before: int = 0) -> str:
    return f"{datetime.now(UTC) - timedelta(days=before):%Y-%m-%d}"


def facts(settings: Settings) -> tuple[list[str], list[str]]:
    """Return what was decided, and the commits that were observed."""
    lake = Lake(open_store(settings.address))
    rows = lake.appended("decisions").to_pylist(), lake.appended("hub_observations").to_pylist()
    return [row["decision"] for row in rows[0]], [row["revision"] for row in rows[1]]


def test_a_release_is_accepted_once_and_the_next_poll_writes_nothing(hub: Hub, settings: Settings) -> None:
    sha = release(hub, MODEL, day=day(1))
    release(hub, "stranger/Tiny-Base", day=day(1))
    [found] = watch(settings).accepted
    assert (found.model, found.revision, found.announced) == (MODEL, sha, False)
    before = facts(settings)
    hub.requests.clear()
    again = watch(settings)
    assert (again.accepted, again.review, again.failed) == ((), (), {})
    assert facts(settings) == before == (["accept"], [sha])
    assert [request.path for request in hub.requests] == ["/api/models"] * 2  # no file is asked about again


def test_a_webhook_and_a_poll_notice_the_same_release_once(hub: Hub, settings: Settings) -> None:
    release(hub, MODEL, day=day(1))
    assert look_at(settings, MODEL).outcome == "accepted"
    before = facts(settings)
    assert watch(settings).accepted == ()
    assert look_at(settings, MODEL).outcome == "known"
    assert facts(settings) == before


def test_an_edited_readme_changes_nothing_and_new_weights_wait_for_a_person(hub: Hub, settings: Settings) -> None:
    release(hub, MODEL, day=day(3))
    watch(settings)
    release(hub, MODEL, day=day(2))
    for _ in range(2):  # the second of them asks about no file again
        told = watch(settings)
        assert (told.accepted, told.review) == ((), ())
    trained = release(hub, MODEL, weights=b"others", day=day(1))
    assert [found.revision for found in watch(settings).review] == [trained]


def test_weights_that_lay_ready_in_private_are_seen_when_they_are_made_public(hub: Hub, settings: Settings) -> None:
    release(hub, MODEL, day=day(20))
    hub.repository(MODEL).private = True
    release(hub, "acme/Other-Base", day=day(1))
    assert [found.model for found in watch(settings).accepted] == ["acme/Other-Base"]
    hub.repository(MODEL).private = False  # no commit, and the last one is older than what was seen
    assert [found.model for found in watch(settings).accepted] == [MODEL]


def test_a_poller_that_stood_still_for_months_goes_on_where_it_was(
    hub: Hub, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(hub, "acme/First-Base", day=day(0))
    release(hub, "acme/Old-Base", day=day(200))
    watch(settings)
    monkeypatch.setattr("tasks.attempt.now", lambda: datetime.now(UTC) + timedelta(days=150))
    release(hub, MODEL, day=day(-60))
    assert [found.model for found in watch(settings).accepted] == [MODEL]


def test_a_release_in_several_commits_comes_in_when_its_last_part_is_there(hub: Hub, settings: Settings) -> None:
    repository = hub.repository(MODEL)
    part = "model-0000{}-of-00002.safetensors"
    release(hub, MODEL, day=day(1))
    repository.commit({part.format(1): b"1"}, remove=("model.safetensors",), day=day(1))
    assert look_at(settings, MODEL).outcome == "rejected"
    assert watch(settings).accepted == ()  # a list does not say that a part lacks
    whole = repository.commit({part.format(2): b"2"}, day=day(1))
    found = look_at(settings, MODEL)
    assert (found.outcome, found.revision) == ("accepted", whole)


@pytest.mark.parametrize("kind", ["forbidden", "unknown", "nonsense"])
def test_an_organisation_that_fails_keeps_no_other_from_being_polled(hub: Hub, settings: Settings, kind: str) -> None:
    release(hub, "zeta/Tiny-Base", day=day(1))
    hub.faults.append(Fault(kind, file="/api/models", times=1))  # type: ignore[arg-type]
    found = watch(settings)
    assert [one.model for one in found.accepted] == ["zeta/Tiny-Base"]
    assert list(found.failed) == ["acme"]


def test_a_hub_that_is_away_fails_no_night(hub: Hub, settings: Settings) -> None:
    hub.faults.append(Fault("unavailable"))
    found = watch(settings)
    assert (found.accepted, list(found.failed)) == ((), ["hub"])


def test_a_hub_that_goes_away_in_between_loses_no_release(
    hub: Hub, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(hub, "acme/First-Base", day=day(0))
    watch(settings)
    monkeypatch.setattr("tasks.attempt.now", lambda: datetime.now(UTC) + timedelta(days=150))
    release(hub, "acme/Older-Base", day=day(-60))
    release(hub, "acme/Newer-Base", day=day(-149))
    hub.faults.append(Fault("unavailable", file="Older-Base/revision/", times=3))
    told = watch(settings)
    assert (told.accepted, list(told.failed)) == ((), ["hub"])
    assert [found.model for found in watch(settings).accepted] == ["acme/Older-Base", "acme/Newer-Base"]


def test_more_than_a_day_brings_is_left_to_the_night_and_its_budget(
    hub: Hub, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setattr("tasks.watching.AT_ONCE", 1)
    for name in ("One-Base", "Two-Base"):
        release(hub, f"acme/{name}", day=day(1))
    found = watch(settings)
    assert ([one.announced for one in found.accepted], found.failed) == ([False, False], {}), "nobody was asked"
    assert "2 releases came in at once: the next night takes them. See: standings plan" in caplog.text


@pytest.mark.parametrize("noticed_by", ["poll", "webhook"])
def test_a_gated_model_whose_files_are_refused_waits_for_a_person(
    hub: Hub, settings: Settings, noticed_by: str
) -> None:
    release(hub, MODEL, gated="manual", day=day(1))
    hub.faults.append(Fault("forbidden", file="/revision/"))
    found = watch(settings).review[0] if noticed_by == "poll" else look_at(settings, MODEL)
    assert (found.outcome, "gated" in found.reason) == ("review", True)


def test_a_release_that_no_server_takes_is_in_the_lake_and_told_of(
    hub: Hub, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setattr("tasks.announcing.RETRIES", 0)
    sha = release(hub, MODEL, day=day(1))
    found = watch(settings)
    assert [one.announced for one in found.accepted] == [False]
    assert "was not announced" in found.failed[MODEL]
    assert facts(settings)[0] == ["accept"]
    assert watch(settings).accepted == (), "no poll announces it again"
    assert Workplace.open(settings).registry.models[MODEL].revision == sha, "and the night that opens this plans it"


def test_a_model_that_is_gone_before_it_is_looked_at_starts_nothing(hub: Hub, settings: Settings) -> None:
    assert look_at(settings, MODEL).reason == "The hub has it no more."
    assert facts(settings) == ([], [])
