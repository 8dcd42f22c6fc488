"""Webhooks come over a real server: whoever knows the secret is heard once, and nobody else is heard at all."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from standings.webhook import NoSecret
from tasks.lake import Lake
from tasks.s3 import Unreachable, open_store
from tasks.settings import Settings
from tasks.watching import look_at
from tests.hub import Fault, Hub
from tests.hub.payloads import payload
from tests.hub.releases import release
from tests.releasing import home
from web import webhooks

SECRET = "a secret of this test"
MODEL = "acme/Tiny-Base"
PUSH = payload(MODEL, updatedRefs=[{"ref": "refs/heads/main", "oldSha": None, "newSha": "b" * 40}])


@contextmanager
def running(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve an application on a free port, and stop it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def settings(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("tasks.weights.patience.PAUSES", [0.0])
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return home(tmp_path)


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    with running(webhooks.application(SECRET, lambda model: look_at(settings, model))) as opened:
        yield opened


def post(client: httpx.Client, body: Any = PUSH, secret: str | None = SECRET) -> httpx.Response:
    headers = {b"X-Webhook-Secret": secret.encode()} if secret is not None else {}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/webhooks/hub", content=content, headers=headers)


def observed(settings: Settings) -> list[str]:
    rows = Lake(open_store(settings.address)).appended("hub_observations")
    return rows["revision"].to_pylist()


def published(hub: Hub, **fields: Any) -> str:
    return release(hub, MODEL, day=f"{datetime.now(UTC):%Y-%m-%d}", **fields)


def test_a_push_has_the_hub_asked_and_the_release_accepted(hub: Hub, settings: Settings, client: httpx.Client) -> None:
    sha = published(hub)
    told = post(client)
    assert told.status_code == 200
    assert told.json()["outcome"] == "accepted"
    assert (told.json()["revision"], told.json()["announced"]) == (sha, False)  # the hub's commit, not the payload's
    assert observed(settings) == [sha]


def test_a_replay_and_two_at_once_write_nothing_twice(hub: Hub, settings: Settings, client: httpx.Client) -> None:
    published(hub)
    told: list[str] = []
    threads = [threading.Thread(target=lambda: told.append(post(client).json()["outcome"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["accepted", "known", "known", "known"]
    assert len(observed(settings)) == 1


def test_a_forged_payload_changes_no_fact(hub: Hub, settings: Settings, client: httpx.Client) -> None:
    published(hub, licence="cc-by-nc-4.0")
    forged = PUSH | {"repo": PUSH["repo"] | {"headSha": "e" * 40, "tags": ["license:mit"]}}
    assert post(client, forged).status_code == 200
    [row] = Lake(open_store(settings.address)).appended("hub_observations").to_pylist()
    assert row["license"] == ["cc-by-nc-4.0"]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET.replace("a", "ä")])
def test_who_does_not_know_the_secret_is_refused(
    hub: Hub, settings: Settings, client: httpx.Client, secret: str | None
) -> None:
    told = post(client, secret=secret)
    assert told.status_code == 401
    assert SECRET not in told.text
    assert not hub.requests


@pytest.mark.parametrize("secret", ["", "too short", "ä" * 20])
def test_nothing_is_received_without_a_secret_that_holds(secret: str) -> None:
    with pytest.raises(NoSecret, match="STANDINGS_WEBHOOK_SECRET") as error:
        webhooks.application(secret, lambda _: pytest.fail("was asked"))
    assert not secret or secret not in str(error.value)


def test_a_receiver_made_from_the_environment_needs_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STANDINGS_WEBHOOK_SECRET", raising=False)
    with pytest.raises(NoSecret):
        webhooks.receiver()
    monkeypatch.setenv("STANDINGS_WEBHOOK_SECRET", SECRET)
    assert webhooks.receiver().title == "standings"
    assert SECRET not in repr(Settings())
    assert SECRET not in Settings().model_dump_json()


def test_a_long_body_is_refused_before_it_is_read_whole(client: httpx.Client) -> None:
    sent = 0

    def blocks() -> Iterator[bytes]:  # of no length that is told before
        nonlocal sent
        for _ in range(10_000):
            sent += 65_536
            yield b" " * 65_536

    try:
        told = client.post("/webhooks/hub", content=blocks(), headers={"X-Webhook-Secret": SECRET})
        assert told.status_code == 413
    except httpx.TransportError:
        pass  # it stopped to listen while this still spoke
    assert sent < 64 * 1024 * 1024


def test_a_body_that_never_ends_is_given_up(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "SLOWEST", 0.2)
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=10) as line:
        head = f"POST /webhooks/hub HTTP/1.1\r\nHost: x\r\nX-Webhook-Secret: {SECRET}\r\nContent-Length: 100\r\n\r\n{{"
        line.sendall(head.encode())
        assert b" 408 " in line.recv(4096)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"[" * 100_000, b'{"event": 1}', b"\xff", b'{"repo": {}, "event": {}}']
)
def test_what_is_no_payload_is_answered_400(hub: Hub, client: httpx.Client, body: bytes) -> None:
    assert post(client, body).status_code == 400
    assert not hub.requests


def test_what_releases_nothing_is_answered_202_with_the_reason(hub: Hub, client: httpx.Client) -> None:
    told = post(client, payload("acme/data", kind="dataset"))
    assert (told.status_code, told.json()) == (202, {"ignored": "a dataset is no model"})
    assert not hub.requests


def test_a_hub_that_does_not_answer_is_told_of_so_that_a_person_can_replay(hub: Hub, client: httpx.Client) -> None:
    published(hub)
    hub.faults.append(Fault("unavailable"))
    told = post(client)
    assert told.status_code == 502
    assert "503" in told.json()["refused"]
    hub.faults.clear()
    assert post(client).json()["outcome"] == "accepted"


def test_a_lake_that_is_away_is_told_of_in_the_log_and_its_address_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def look(_: str) -> NoReturn:
        raise Unreachable("STANDINGS_LAKE: s3://inner at http://10.0.0.1: no answer")

    with running(webhooks.application(SECRET, look)) as client:
        told = post(client)
    assert (told.status_code, "10.0.0.1" in told.text, "10.0.0.1: no answer" in caplog.text) == (503, False, True)


def test_no_more_wait_than_the_hub_sends_at_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "WAITING", 0)
    with running(webhooks.application(SECRET, lambda _: pytest.fail("was asked"))) as client:
        assert post(client).status_code == 503
        assert client.get("/healthz").json() == {"ok": True}
        assert client.get("/docs").status_code == 404


def test_no_log_holds_the_secret(
    hub: Hub, client: httpx.Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(hub)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # Prefect, once imported, keeps these to itself
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "uvicorn.error"):
        post(client)
        post(client, secret="wrong")
    assert "accepted" in caplog.text
    assert SECRET not in caplog.text
