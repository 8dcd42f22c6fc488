"""Speak with a hub: list a repository at one commit, and download a file so that a cut loses nothing.

huggingface_hub 2.4 starts over where a process died or a connection was reset (it names its partial files at random
and deletes them, and asks a 503 once), so the bytes are asked for here, through its client, with its token and its
errors.
"""

import time
from pathlib import Path

from standings.repository import RepositoryFile
from standings.weights import HubPlace, WeightsFile
from tasks.weights.errors import Unusable
from tasks.weights.patience import endpoint, patiently
from tasks.weights.staging import Report

_TIMEOUT = 60.0  # seconds without a byte
_TOLD_EVERY = 10.0  # seconds between two words on a download's progress


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

    return patiently(ask, place, lambda: 0, report)


def download(place: HubPlace, source: str, wanted: WeightsFile | RepositoryFile, scratch: Path, report: Report) -> Path:
    """Download a file into `scratch` and return its path there; what an earlier try left there is gone on with.

    Raises Unusable. The bytes are not verified.
    """
    partial, told = partial_of(wanted, scratch), Told(wanted, report)

    def go_on() -> None:
        # A body may end early without a word: then it is short, and asked for again from there.
        if (there := partial.stat().st_size) < wanted.bytes:
            _stream(place, source, partial, wanted.bytes, told)
            if partial.stat().st_size < wanted.bytes:
                raise ConnectionError(f"the answer ended at byte {there:,} of {wanted.bytes:,}")

    patiently(go_on, place, lambda: partial.stat().st_size, report)
    return partial


def partial_of(wanted: WeightsFile | RepositoryFile, scratch: Path) -> Path:
    """Return the file that a download of the wanted one goes to, with what an earlier try left in it."""
    scratch.mkdir(parents=True, exist_ok=True)
    # Named by its content, so that what is gone on with can only be the same file.
    partial = scratch / f"{next(iter(wanted.hashes.values()))}.partial"
    partial.touch()
    if partial.stat().st_size > wanted.bytes:
        partial.write_bytes(b"")
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
