"""A release is announced to a real Prefect server, with its password and its CSRF token."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tasks.announcing import NotAnnounced, announce, event_id
from tasks.watching import look_at, watch
from tests.hub import Hub
from tests.hub.releases import release
from tests.releasing import home
from tests.served import served
from tests.server import Api, Server, serving, until

MODEL, SHA = "acme/Tiny-Base", "ab" * 20


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    monkeypatch.setattr("tasks.announcing.RETRIES", 0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("prefect")) as running:
        yield running


@contextmanager
def answering(codes: list[int]) -> Iterator[tuple[str, list[str]]]:
    """Serve the answers with these codes, one after the other; give the address, and what was asked."""
    asked: list[str] = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(self.command)
            self.send_response(codes.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

    with served(Busy) as address:
        yield f"{address}/api", asked


def events(server: Server) -> list[dict[str, Any]]:
    """Return what the server recorded, as soon as there is something: it writes in batches."""
    api, asked = Api(server.environment), {"filter": {"event": {"name": ["model.released"]}}}
    return until(lambda: api.post("/events/filter", asked)["events"] or None, 30, "an event")


def test_without_a_server_nothing_is_announced() -> None:
    assert not announce(MODEL, SHA, "test")


def test_a_server_that_can_t_be_reached_is_told_of_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "standings:secret")
    with pytest.raises(NotAnnounced, match=f"{MODEL} at {SHA} was not announced") as error:
        announce(MODEL, SHA, "test")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(("busy", "taken"), [(3, True), (99, False)])
def test_a_server_that_is_busy_is_asked_again_a_few_times(
    busy: int, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.announcing.PAUSES", (0.0,) * 4)
    with answering([503] * busy + [422] + [503] * busy + [204]) as (url, asked):
        monkeypatch.setenv("PREFECT_API_URL", url)
        if taken:
            assert announce(MODEL, SHA, "test")
        else:
            with pytest.raises(NotAnnounced, match="503"):
                announce(MODEL, SHA, "test")
    assert asked == (["GET"] * 4 + ["POST"] * 4 if taken else ["GET"] * 5)


def test_a_real_server_records_a_release_once_whoever_noticed_it(
    server: Server, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    settings, sha = home(tmp_path), release(hub, MODEL, day=f"{datetime.now(UTC):%Y-%m-%d}")
    [polled] = watch(settings).accepted
    assert polled.announced
    assert look_at(settings, MODEL).announced  # as a webhook does, that does not know of the poll
    [found] = events(server)
    assert found["id"] == str(event_id(MODEL, sha))
    assert found["resource"]["prefect.resource.id"] == f"hf.model.{MODEL}"
    assert found["payload"] == {"model_id": MODEL, "revision": sha, "source": "poll"}
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "standings:wrong")
    with pytest.raises(NotAnnounced, match="401"):
        look_at(settings, MODEL)
