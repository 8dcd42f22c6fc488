"""Announce a release to the Prefect server that is named, so that its deployment `release` starts.

Plain HTTP, as importing Prefect's client costs seconds and the receiver of webhooks needs nothing else of it.
"""

import base64
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5

import httpx

EVENT = "model.released"
_NAMES = UUID("7c1f4f0e-7f6b-5a3e-9a52-0d6f0c4f2b11")  # of ours, so that an id means a model at a commit and no more
RETRIES = 3  # of the connection, 2 s in all
BUSY = (429, 502, 503, 504)  # Prefect on SQLite answers 503 where another writes, and has done nothing
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before a busy server is asked again: a webhook's sender waits meanwhile
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)  # seconds


class NotAnnounced(ConnectionError):
    """The server that is named took no event. What was accepted is in the lake: the next night's plan finds it."""


def announce(model: str, revision: str, source: str) -> bool:
    """Emit `model.released`, and say whether there is a server to take it; `source` is who noticed.

    PREFECT_API_URL names the server, PREFECT_API_AUTH_STRING its `user:password`. Whoever announces the same commit
    again sends the same id. Raises NotAnnounced.
    """
    if not (url := os.environ.get("PREFECT_API_URL", "").rstrip("/")):
        return False
    event = {
        "id": str(event_id(model, revision)),
        "occurred": datetime.now(UTC).isoformat(),
        "event": EVENT,
        "resource": {"prefect.resource.id": f"hf.model.{model}", "prefect.resource.name": model},
        "payload": {"model_id": model, "revision": revision, "source": source},
    }
    transport = httpx.HTTPTransport(retries=RETRIES)  # once it is sent it may have been taken
    try:
        with httpx.Client(transport=transport, timeout=_TIMEOUT, headers=_authorisation()) as client:
            token = _csrf(client, url)
            _patiently(lambda: client.post(f"{url}/events", json=[event], headers=token)).raise_for_status()
    except httpx.HTTPError as error:
        # The error's own words may hold the address, which holds no password: that is in a header.
        raise NotAnnounced(f"PREFECT_API_URL: {model} at {revision} was not announced: {error}") from error
    return True


def event_id(model: str, revision: str) -> UUID:
    """Name a release by its model and commit."""
    return uuid5(_NAMES, f"{model}@{revision}")


def _authorisation() -> dict[str, str]:
    if not (given := os.environ.get("PREFECT_API_AUTH_STRING", "")):
        return {}
    return {"Authorization": f"Basic {base64.b64encode(given.encode()).decode()}"}


def _patiently(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask a server again that says it is busy; should it have taken the event all the same, the id is the same."""
    for pause in PAUSES:
        if (answer := ask()).status_code not in BUSY:
            return answer
        time.sleep(pause)
    return ask()


def _csrf(client: httpx.Client, url: str) -> dict[str, str]:
    """Fetch the token without which a server with CSRF protection takes no POST; 422 says that it asks for none."""
    who = str(uuid4())
    answer = _patiently(lambda: client.get(f"{url}/csrf-token", params={"client": who}))
    if answer.status_code == 422:
        return {}
    return {"Prefect-Csrf-Token": answer.raise_for_status().json()["token"], "Prefect-Csrf-Client": who}
