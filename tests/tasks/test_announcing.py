"""A release is announced to a real Prefect server, with its password and its CSRF token."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tasks.announcing import NotAnnounced, announce, event_id
from tests.server import Server, serving

MODEL, SHA = "acme/tiny", "ab" * 20


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    monkeypatch.setattr("tasks.announcing.RETRIES", 0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("prefect")) as running:
        yield running


def events(server: Server) -> list[dict[str, Any]]:
    """Return what the server recorded, as soon as there is something: it writes in batches."""
    who = {"client": "test"}
    deadline = time.monotonic() + 30
    with httpx.Client(base_url=server.url, auth=tuple(server.auth.split(":", 1))) as client:  # type: ignore[arg-type]
        token = client.get("/csrf-token", params=who).json()["token"]
        headers = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": "test"}
        asked = {"filter": {"event": {"name": ["model.released"]}}}
        while time.monotonic() < deadline:
            if found := client.post("/events/filter", json=asked, headers=headers).json()["events"]:
                return list(found)
            time.sleep(0.1)  # the machine's cores are the server's too
    raise AssertionError("the server recorded no event")


def test_without_a_server_nothing_is_announced() -> None:
    assert not announce(MODEL, SHA, "test")


def test_a_server_that_can_t_be_reached_is_told_of_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "standings:secret")
    with pytest.raises(NotAnnounced, match=f"{MODEL} at {SHA} was not announced") as error:
        announce(MODEL, SHA, "test")
    assert "secret" not in str(error.value)


def test_a_real_server_records_an_announcement_once_however_often_it_is_made(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    assert announce(MODEL, SHA, "poll")
    assert announce(MODEL, SHA, "webhook")
    [found] = events(server)
    assert found["id"] == str(event_id(MODEL, SHA))
    assert found["resource"]["prefect.resource.id"] == "hf.model.acme/tiny"
    assert found["payload"] == {"model_id": MODEL, "revision": SHA, "source": "poll"}
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "standings:wrong")
    with pytest.raises(NotAnnounced, match="401"):
        announce(MODEL, SHA, "poll")
