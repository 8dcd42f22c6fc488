"""Ask a hub until it answers, and word what it refuses with what to do about it."""

import errno
import os
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from standings.weights import HubPlace
from tasks.weights.errors import Unusable
from tasks.weights.staging import Report

if TYPE_CHECKING:
    from httpx2 import Response

PAUSES = [1.0, 2.0, 5.0, 15.0, 30.0]  # seconds before each try after one that brought no byte; then it is given up
TRANSIENT = (408, 429, 500, 502, 503, 504)
Found = TypeVar("Found")


class Answer(Protocol):
    """An answer of any HTTP client."""

    @property
    def headers(self) -> Mapping[str, str]: ...


def endpoint() -> str:
    """Return the hub's address. huggingface_hub itself reads it once, when it is imported."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def patiently(ask: Callable[[], Found], place: HubPlace, had: Callable[[], int], report: Report) -> Found:
    """Ask again after a fault that may pass, for as long as each try brings bytes, and a few times where none does."""
    try:
        import httpx2  # huggingface_hub's client
    except ImportError as error:
        raise Unusable(f"{error}; install the worker extra") from error
    tries = 0
    while True:
        before = had()
        try:
            return ask()
        except (OSError, httpx2.HTTPError) as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise  # a full disk is no fault of the place
            tries = tries + 1 if had() <= before else 1
            if not _may_pass(error) or tries > len(PAUSES):
                raise _told(error, place) from error
            answer = _response(error)
            pause = max(PAUSES[tries - 1], asked_pause(answer) if answer is not None else 0.0)
            report(f"{place}: {_words(error)}; asked again in {pause:.0f} s")
            time.sleep(pause)


def _may_pass(error: Exception) -> bool:
    import httpx2
    from huggingface_hub.errors import OfflineModeIsEnabled

    if (response := _response(error)) is not None:
        return response.status_code in TRANSIENT
    return isinstance(error, httpx2.TransportError | ConnectionError) and not isinstance(error, OfflineModeIsEnabled)


def asked_pause(answer: "Answer") -> float:
    """Return how long the hub asks to wait, at most 300 s: Retry-After, or RateLimit where nothing is left."""
    asked = answer.headers.get("Retry-After", "")
    if not asked.isdigit():
        found = re.search(r";\s*r=0;\s*t=(\d+)", answer.headers.get("RateLimit", ""))
        asked = found[1] if found else "0"
    return min(float(asked), 300.0)


def _response(error: Exception) -> "Response | None":
    found: Response | None = getattr(error, "response", None)
    return found


def _told(error: Exception, place: HubPlace) -> Unusable:
    """Word a hub's refusal with what to do about it."""
    from huggingface_hub import errors, get_token

    page, token = f"{endpoint()}/{place.hub}", get_token() is not None
    status = response.status_code if (response := _response(error)) is not None else None
    gated = status in (401, 403)
    if isinstance(error, errors.GatedRepoError):
        whose = "with the account of HF_TOKEN" if token else "and set HF_TOKEN"
        why = f"{place.hub} is gated: accept its terms at {page} {whose} ({status})"
    elif isinstance(error, errors.RevisionNotFoundError):
        why = f"{status}: {place.hub} has no commit {place.revision}. Correct the revision in the registry"
    elif isinstance(error, errors.RepositoryNotFoundError):
        why = f"{status}: {page} {_unseen(status, token)}"
    elif isinstance(error, errors.DisabledRepoError):
        why, gated = f"{status}: {page} was disabled by its owner or by the hub", False
    else:
        why = _words(error) + (f". Set HF_TOKEN to one that may read {page}" if gated else "")
    return Unusable(why, gated=gated)


def _unseen(status: int | None, token: bool) -> str:
    """Say what it can mean that a hub shows no such repository: it tells strangers of private ones nothing."""
    if status == 401 and token:
        return "can't be asked: the hub refuses HF_TOKEN. Set a valid one"
    if status == 401:
        return "does not exist, or is private: check the id, and for a private one set HF_TOKEN"
    return "does not exist, or the account of HF_TOKEN may not see it: check the id"


def _words(error: Exception) -> str:
    response = _response(error)
    # The hub's own words come first: they say what to tick where a token may not read gated repositories.
    told = getattr(error, "server_message", None) or str(error.__cause__ or error)
    why = told.strip().split("\n")[0].rstrip(".") or type(error).__name__
    return f"{response.status_code if response is not None else type(error).__name__}: {why}"
