"""Speak with a hub: list a repository at one commit, and download a file so that a cut loses nothing.

huggingface_hub 2.4 starts over where a process died or a connection was reset (it names its partial files at random
and deletes them, and asks a 503 once), so the bytes are asked for here, through its client, with its token and its
errors.
"""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from standings.repository import RepositoryFile
from standings.weights import HubPlace, WeightsFile
from tasks.weights.errors import Unusable
from tasks.weights.staging import Report

if TYPE_CHECKING:
    from httpx2 import Response

PAUSES = [1.0, 2.0, 5.0, 15.0, 30.0]  # seconds before each try after one that brought no byte; then it is given up
_TRANSIENT = (408, 429, 500, 502, 503, 504)
_TIMEOUT = 60.0  # seconds without a byte
_TOLD_EVERY = 10.0  # seconds between two words on a download's progress
Found = TypeVar("Found")


def endpoint() -> str:
    """Return the hub's address. huggingface_hub itself reads it once, when it is imported."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def list_files(place: HubPlace, report: Report) -> tuple[RepositoryFile, ...]:
    """Ask for a repository's files at the pinned commit, with sizes and hashes. Raises Unusable."""
    from huggingface_hub import HfApi

    def ask() -> tuple[RepositoryFile, ...]:
        api = HfApi(endpoint=endpoint())
        info = api.model_info(place.hub, revision=place.revision, files_metadata=True, timeout=_TIMEOUT)
        if info.sha != place.revision:
            raise Unusable(f"answers with commit {info.sha}, and {place.revision} is pinned")
        return tuple(
            RepositoryFile(
                file=item.rfilename,
                bytes=item.size or 0,
                sha256=item.lfs.sha256 if item.lfs else None,
                blob=item.blob_id,
            )
            for item in info.siblings or ()
        )

    return _patiently(ask, place, lambda: 0, report)


def download(place: HubPlace, source: str, wanted: WeightsFile | RepositoryFile, scratch: Path, report: Report) -> Path:
    """Download a file into `scratch` and return its path there; what an earlier try left there is gone on with.

    Raises Unusable. The bytes are not verified.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    # Named by its content, so that what is gone on with can only be the same file.
    partial = scratch / f"{next(iter(wanted.hashes.values()))}.partial"
    partial.touch()
    if partial.stat().st_size > wanted.bytes:
        partial.write_bytes(b"")
    told = Told(wanted, report)

    def go_on() -> None:
        # A body may end early without a word: then it is short, and asked for again from there.
        if (there := partial.stat().st_size) < wanted.bytes:
            _stream(place, source, partial, wanted.bytes, told)
            if partial.stat().st_size < wanted.bytes:
                raise ConnectionError(f"the answer ended at byte {there:,} of {wanted.bytes:,}")

    _patiently(go_on, place, lambda: partial.stat().st_size, report)
    return partial


class Told:
    """Report a download's progress now and then."""

    def __init__(self, wanted: WeightsFile | RepositoryFile, report: Report) -> None:
        self._wanted, self._report, self._last = wanted, report, time.monotonic()

    def at(self, byte: int) -> None:
        """Report how far it is, if nothing was said for a while."""
        if time.monotonic() - self._last > _TOLD_EVERY:
            self._last = time.monotonic()
            self._report(f"{self._wanted.file}: {byte / 1e6:,.0f} of {self._wanted.bytes / 1e6:,.0f} MB")


def _stream(place: HubPlace, source: str, partial: Path, most: int, told: Told) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # exported, but not in so many words
        build_hf_headers,
        get_session,
        hf_raise_for_status,
    )

    url = hf_hub_url(place.hub, source, revision=place.revision, endpoint=endpoint())
    start = partial.stat().st_size
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}  # ranges of the file itself
    if start:
        headers["Range"] = f"bytes={start}-"
    with get_session().stream("GET", url, headers=headers, timeout=_TIMEOUT) as response:
        if response.status_code >= 400:
            response.read()  # the error quotes it
        hf_raise_for_status(response)
        goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        with partial.open("ab" if start and goes_on else "wb") as file:
            for block in response.iter_bytes():
                file.write(block)
                file.flush()  # what a killed process had in hand is asked for again
                if file.tell() > most:
                    raise Unusable(f"{source} goes on beyond the {most:,} bytes expected")
                told.at(file.tell())


def _patiently(ask: Callable[[], Found], place: HubPlace, had: Callable[[], int], report: Report) -> Found:
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
            pause = max(PAUSES[tries - 1], _asked_pause(error))
            report(f"{place}: {_words(error)}; asked again in {pause:.0f} s")
            time.sleep(pause)


def _may_pass(error: Exception) -> bool:
    import httpx2
    from huggingface_hub.errors import OfflineModeIsEnabled

    if (response := _response(error)) is not None:
        return response.status_code in _TRANSIENT
    return isinstance(error, httpx2.TransportError | ConnectionError) and not isinstance(error, OfflineModeIsEnabled)


def _asked_pause(error: Exception) -> float:
    """Return the seconds that the hub asks to wait, at most five minutes."""
    response = _response(error)
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    return min(float(asked), 300.0) if asked.isdigit() else 0.0


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
    why = str(error.__cause__ or error).strip().split("\n")[0] or type(error).__name__
    return f"{response.status_code if response is not None else type(error).__name__}: {why}"
