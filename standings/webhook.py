"""Read what a hub's webhook tells: which model to look at, or none, and why.

As https://huggingface.co/docs/hub/webhooks describes it, version 3. Nothing of it is believed but the model's name:
what the model is, the hub is asked.
"""

from collections.abc import Mapping
from typing import Any

from standings.hub import NAME
from standings.suite import Record

MAIN = "refs/heads/main"
SHORTEST = 16  # characters of a secret


class NoPayload(ValueError):
    """The body is not what a hub sends."""


class Told(Record):
    """What a payload is about."""

    model: str | None = None  # model to ask the hub about
    ignored: str | None = None  # why there is none


class NoSecret(ValueError):
    """No secret is configured, or one that can be guessed or not be sent: nothing is received."""


def require_secret(given: str) -> str:
    """Return a secret that can be relied on. Raises NoSecret, which never quotes it."""
    if len(given) < SHORTEST or not given.isascii():  # the hub sends ASCII
        raise NoSecret(f"STANDINGS_WEBHOOK_SECRET: give the webhook's secret, {SHORTEST} ASCII characters or more")
    return given


def read_payload(given: object) -> Told:
    """Say which model's main branch may hold something new. Raises NoPayload."""
    event, repo = _part(given, "event"), _part(given, "repo")
    action, scope, kind, name = event.get("action"), event.get("scope"), repo.get("type"), repo.get("name")
    if not (isinstance(action, str) and isinstance(scope, str) and isinstance(kind, str) and isinstance(name, str)):
        raise NoPayload("no event.action, event.scope, repo.type and repo.name")
    if kind != "model":
        return Told(ignored=f"a {kind} is no model"[:100])
    if not NAME.fullmatch(name):
        raise NoPayload("repo.name is no id of a model")
    assert isinstance(given, Mapping), given
    why = _why_not(action, scope, given)
    return Told(ignored=why) if why else Told(model=name)


def _why_not(action: str, scope: str, given: Mapping[str, Any]) -> str | None:
    """Say why nothing can be new on the main branch; a narrower scope that comes later is its broader one."""
    top, _, below = scope.partition(".")
    if top != "repo":
        return "a discussion releases nothing"
    if below.partition(".")[0] == "config":
        # Weights are uploaded days before they are made public, and no commit is made then.
        config = given.get("updatedConfig")
        published = isinstance(config, Mapping) and config.get("private") is False
        return None if published else "a setting that releases nothing"
    if not below and action == "delete":
        return "deleted; the next daily look at downloads writes that it is gone"
    refs = given.get("updatedRefs")
    if isinstance(refs, list) and not any(_is_new_on_main(ref) for ref in refs):
        return f"no new commit on {MAIN}"
    return None


def _is_new_on_main(ref: object) -> bool:
    return isinstance(ref, Mapping) and ref.get("ref") == MAIN and bool(ref.get("newSha"))


def _part(given: object, name: str) -> Mapping[str, Any]:
    part = given.get(name) if isinstance(given, Mapping) else None
    if not isinstance(part, Mapping):
        raise NoPayload(f"no {name}")
    return part
