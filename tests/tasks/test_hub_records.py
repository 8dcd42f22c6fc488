"""A hub is asked politely and to the end: every page, every fault that passes, and no word taken for another."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tasks.hub_records import Away, HubRecords, NotAnswered, Refused
from tests.hub import Fault, Hub
from tests.hub.releases import release
from tests.standin import DATA, needs_stand_in, stand_in

MODEL = "acme/tiny"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.weights.patience.PAUSES", [0.0] * 5)


@pytest.fixture
def ask(hub: Hub) -> Iterator[HubRecords]:
    with HubRecords() as records:
        yield records


def test_a_list_is_followed_over_all_its_pages(hub: Hub, ask: HubRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.hub_records._PAGE", 2)
    for number in range(7):
        release(hub, f"acme/m{number}", day=f"2026-05-0{1 + number // 2}")  # two a day, that share their moment
    release(hub, "other/m")
    assert sorted(record.model for record in ask.of("acme")) == [f"acme/m{number}" for number in range(7)]
    assert len(hub.requests) == 4


def test_what_is_published_while_pages_are_read_moves_nothing_out_of_sight(
    hub: Hub, ask: HubRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.hub_records._PAGE", 2)
    for number in range(4):
        release(hub, f"acme/m{number}", day=f"2026-05-0{1 + number}")
    pages = ask.of("acme")
    first = [next(pages).model, next(pages).model]
    release(hub, "acme/new", day="2026-06-01")
    assert first + [record.model for record in pages] == ["acme/m3", "acme/m2", "acme/m1", "acme/m0"]


def test_a_list_ends_where_nothing_was_modified_since(
    hub: Hub, ask: HubRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.hub_records._PAGE", 2)
    for number in range(6):
        release(hub, f"acme/m{number}", day=f"2026-05-0{1 + number}")
    since = datetime(2026, 5, 5, tzinfo=UTC)
    assert [record.model for record in ask.of("acme", since)] == ["acme/m5", "acme/m4"]
    assert len(hub.requests) == 2


def test_a_list_says_what_discovery_and_adoption_ask(hub: Hub, ask: HubRecords) -> None:
    sha = release(hub, MODEL, downloads=7, downloadsAllTime=9, likes=2, parents={"finetune": "acme/base"})
    [found] = ask.of("acme")
    assert (found.model, found.revision, found.pipeline, found.safetensors) == (MODEL, sha, "text-generation", True)
    assert (found.downloads, found.downloads_all, found.likes, found.parameters) == (7, 9, 2, 1_000_000)
    assert (found.parents, found.licence and found.licence.license) == ((("finetune", "acme/base"),), "apache-2.0")
    assert found.weights is None


def test_weights_are_told_at_each_revision(hub: Hub, ask: HubRecords) -> None:
    first = release(hub, MODEL)
    readme = release(hub, MODEL)
    trained = release(hub, MODEL, weights=b"others")
    assert len({first, readme, trained}) == 3
    assert ask.one(MODEL, first).weights == ask.one(MODEL, readme).weights is not None
    assert ask.one(MODEL).weights == ask.one(MODEL, trained).weights != ask.one(MODEL, first).weights
    assert ask.one(MODEL).revision == trained


def test_derivatives_are_told_where_one_model_is_asked_for(hub: Hub, ask: HubRecords) -> None:
    release(hub, MODEL, childrenModelCount={"finetune": 2}, downloads=7)
    assert (ask.numbers(MODEL).derivatives, ask.numbers(MODEL).downloads) == ({"finetune": 2}, 7)


def test_a_deleted_repository_is_gone_with_a_token_and_without(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with HubRecords() as stranger:
        assert stranger.one(MODEL).gone
    monkeypatch.setenv("HF_TOKEN", "t")
    with HubRecords() as known:
        assert known.one(MODEL).gone
    assert hub.requests[-1].token == "t"


def test_a_bad_token_makes_no_model_gone(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    release(hub, MODEL)
    hub.faults.append(Fault("unauthorised"))
    monkeypatch.setenv("HF_TOKEN", "expired")
    with HubRecords() as records:
        with pytest.raises(Refused, match="Set a valid HF_TOKEN"):
            records.one(MODEL)
        with pytest.raises(Refused):
            list(records.of("acme"))


def test_a_record_behind_terms_is_refused_with_what_to_do(hub: Hub, ask: HubRecords) -> None:
    release(hub, MODEL, gated="manual")
    hub.faults.append(Fault("forbidden", file="/revision/"))
    assert ask.one(MODEL).gated
    with pytest.raises(Refused, match="Accept its terms"):
        ask.one(MODEL, hub.repository(MODEL).head)


def test_a_commit_that_is_not_there_makes_no_model_gone(hub: Hub, ask: HubRecords) -> None:
    release(hub, MODEL)
    with pytest.raises(NotAnswered, match="Invalid rev id"):
        ask.one(MODEL, "d" * 40)


@pytest.mark.parametrize("kind", ["unavailable", "too many"])
def test_a_hub_that_is_busy_is_asked_again(hub: Hub, ask: HubRecords, kind: str) -> None:
    release(hub, MODEL)
    hub.faults.append(Fault(kind, times=3))  # type: ignore[arg-type]
    assert ask.one(MODEL).model == MODEL
    assert len(hub.requests) == 4


def test_a_hub_that_stays_away_is_told_of_after_a_few_tries(hub: Hub, ask: HubRecords) -> None:
    hub.faults.append(Fault("unavailable"))
    with pytest.raises(Away, match=r"503.*Asked 6 times"):
        list(ask.of("acme"))


@pytest.mark.parametrize(
    ("kind", "told"), [("nonsense", "no JSON"), ("unknown", "400 expand"), ("circle", "leads back to itself")]
)
def test_a_list_that_is_none_is_told_of_and_ends(hub: Hub, ask: HubRecords, kind: str, told: str) -> None:
    hub.faults.append(Fault(kind))  # type: ignore[arg-type]
    with pytest.raises(NotAnswered, match=told):
        list(ask.of("acme"))


def test_no_hub_is_asked_offline(hub: Hub, ask: HubRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(Away, match="HF_HUB_OFFLINE"):
        list(ask.of("acme"))
    assert not hub.requests


def test_a_malformed_record_of_a_list_is_left_out_and_the_others_are_read(hub: Hub, ask: HubRecords) -> None:
    release(hub, MODEL)
    release(hub, "acme/odd", sha="main")
    assert [record.model for record in ask.of("acme")] == [MODEL]


@needs_stand_in
def test_real_records_are_listed_over_pages_where_the_list_names_no_commit(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.hub_records._PAGE", 5)
    with stand_in(tmp_path, DATA / "hub") as environment:  # type: ignore[arg-type]
        monkeypatch.setenv("HF_ENDPOINT", environment["HF_ENDPOINT"])
        with HubRecords() as records:
            found = list(records.of("HuggingFaceTB"))
    assert len(found) > 5
    assert all(record.downloads is not None and record.licence for record in found)
