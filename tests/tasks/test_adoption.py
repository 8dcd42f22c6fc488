"""How models are taken up is asked once a day, politely, and no day of a model is written twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from standings.registry import Registry
from tasks.adoption import look
from tasks.lake import Lake
from tasks.s3 import open_store
from tests.hub import Fault, Hub
from tests.hub.releases import release
from tests.standings.entries import model, registry

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.weights.patience.PAUSES", [0.0] * 2)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(open_store(tmp_path / "lake"))


@pytest.fixture
def known() -> Registry:
    entries = [model(name) for name in ("acme/a", "acme/b", "zeta/c")]
    behind_an_api = model("acme/api", access="api", kind="api", revision=None, licence=None)
    return registry(*entries, behind_an_api)


def rows(lake: Lake) -> list[dict]:
    found = lake.facts("hub_observations")["hub_observations"].to_pylist()
    return sorted(found, key=lambda row: (row["day"], row["model"]))


def three(hub: Hub) -> None:
    release(hub, "acme/a", downloads=100, downloadsAllTime=900, likes=3, childrenModelCount={"finetune": 2})
    release(hub, "acme/b", downloads=10)
    release(hub, "acme/other", downloads=1)
    release(hub, "zeta/c", downloads=1)


def test_a_day_has_one_row_a_model_however_often_it_is_looked_at(hub: Hub, lake: Lake, known: Registry) -> None:
    three(hub)
    assert look(lake, known, NOON).written == 3
    asked = len(hub.requests)
    assert look(lake, known, NOON + timedelta(hours=11)).written == 0
    assert len(hub.requests) == asked
    found = rows(lake)
    assert [row["model"] for row in found] == ["acme/a", "acme/b", "zeta/c"]
    first = found[0]
    assert (first["downloads"], first["downloads_all"], first["likes"]) == (100, 900, 3)
    assert (dict(first["derivatives"]), first["source"]) == ({"finetune": 2}, "adoption")


def test_the_next_day_may_have_fewer_downloads_and_a_model_less(hub: Hub, lake: Lake, known: Registry) -> None:
    three(hub)
    look(lake, known, NOON)
    hub.repository("acme/a").card["downloads"] = 80
    del hub.repositories["zeta/c"]
    found = look(lake, known, NOON + DAY)
    assert (found.written, found.gone) == (3, ("zeta/c",))
    assert [(row["downloads"], row["gone"]) for row in rows(lake)[3:]] == [(80, False), (10, False), (None, True)]


def test_a_list_is_asked_rather_than_each_model(
    hub: Hub, lake: Lake, known: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.adoption.SINGLY", 1)
    three(hub)
    for day in range(3):
        hub.requests.clear()
        assert look(lake, known, NOON + day * DAY).written == 3
        assert [request.path for request in hub.requests].count("/api/models") == 2
        assert len(hub.requests) == 3
    counted = [row["model"] for row in rows(lake) if row["derivatives"] is not None]
    assert sorted(counted) == ["acme/a", "acme/b", "zeta/c"]  # each in its turn


def test_a_hub_that_goes_away_loses_nothing_that_it_said(hub: Hub, lake: Lake, known: Registry) -> None:
    three(hub)
    hub.faults.append(Fault("unavailable", file="zeta"))
    found = look(lake, known, NOON)
    assert found.written == 2
    assert "503" in found.failed["hub"]
    hub.faults.clear()
    hub.requests.clear()
    assert look(lake, known, NOON).written == 1
    assert len(rows(lake)) == 3
    assert not any("acme" in request.path for request in hub.requests)


def test_an_expired_token_makes_no_model_gone(
    hub: Hub, lake: Lake, known: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(hub)
    hub.faults.append(Fault("unauthorised"))
    monkeypatch.setenv("HF_TOKEN", "expired")
    found = look(lake, known, NOON)
    assert (found.written, found.gone, sorted(found.failed)) == (0, (), ["acme", "zeta"])
    assert rows(lake) == []


def test_a_renamed_model_keeps_its_numbers_under_the_registry_s_name(hub: Hub, lake: Lake, known: Registry) -> None:
    three(hub)
    hub.repositories["acme/renamed"] = hub.repositories.pop("acme/a")
    hub.repositories["acme/renamed"].name = "acme/renamed"
    hub.moved["acme/a"] = "acme/renamed"
    assert look(lake, known, NOON).gone == ()
    assert (rows(lake)[0]["model"], rows(lake)[0]["downloads"]) == ("acme/a", 100)
