"""Ask a hub what it says of models: lists by organisation, and the record of one with the hashes of its files.

Plain HTTP with the client that Prefect brings: huggingface_hub is of the worker extra, and this runs without it.
"""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from standings.hub import HubRecord, gone, parse_record
from tasks.weights import patience

# The hub refuses a whole request over one name that it does not list; these its lists give (huggingface_hub 2.4).
# `baseModels` is not among them: it says what the tags say (in each of 4,167 records).
EXPANDED = (
    "author", "cardData", "createdAt", "disabled", "downloads", "downloadsAllTime", "gated",
    "lastModified", "library_name", "likes", "pipeline_tag", "private", "safetensors", "sha", "tags",
)  # fmt: skip
_PAGE = 500  # records
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # seconds
_LOG = logging.getLogger(__name__)
Query = tuple[tuple[str, str], ...]


class NotAnswered(ConnectionError):
    """The hub does not answer this as a hub does."""


class Away(NotAnswered):
    """The hub can't be asked at all now, whatever the question."""


class Refused(PermissionError):
    """The hub does not tell whoever asks."""


class HubRecords:
    """Speak with the hub of HF_ENDPOINT, as the account of HF_TOKEN where there is one."""

    def __init__(self) -> None:
        self.endpoint, self._token = patience.endpoint(), token()
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        # httpx leaves the token out where a renamed repository leads to another host.
        self._client = httpx.Client(headers=headers, timeout=_TIMEOUT, follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def of(self, organisation: str, since: datetime | None = None) -> Iterator[HubRecord]:
        """List an organisation's models, the last modified first, down to those not modified since; None lists all.

        A list gives no hashes of files. Raises NotAnswered, Refused.
        """
        query: Query = (("author", organisation), ("sort", "lastModified"), ("limit", str(_PAGE)), *_expand(EXPANDED))
        asked: set[Query] = set()
        while query:
            asked.add(query)
            try:
                answer = self._get("/api/models", query)
            except httpx.HTTPStatusError as error:
                raise NotAnswered(f"{self.endpoint}: {organisation}'s models: {_words(error.response)}") from error
            if not isinstance(given := _json(answer), list):
                raise NotAnswered(f"{self.endpoint}: the list of {organisation}'s models is no list")
            for record in map(self._read, given):
                if record and record.modified and since and record.modified < since:
                    return
                if record:
                    yield record
            # Only the question is taken from the link: a mirror passes on links that name the hub itself.
            query = tuple(parse_qsl(urlsplit(answer.links.get("next", {}).get("url", "")).query))
            if query in asked:
                raise NotAnswered(f"{self.endpoint}: the list of {organisation}'s models leads back to itself")

    def one(self, model: str, revision: str | None = None) -> HubRecord:
        """Ask for a model's record with its files, at a commit or as it is now; one that is not there is gone.

        Raises NotAnswered, Refused.
        """
        return self._one(model, revision, (("blobs", "true"),))

    def numbers(self, model: str) -> HubRecord:
        """Ask for a model's record as a list has it, and with how many were made of it, which no list gives.

        Raises NotAnswered, Refused.
        """
        return self._one(model, None, _expand((*EXPANDED, "childrenModelCount")))

    def _one(self, model: str, revision: str | None, query: Query) -> HubRecord:
        path = f"/api/models/{quote(model)}" + (f"/revision/{quote(revision, safe='')}" if revision else "")
        try:
            answer = self._get(path, query)
        except httpx.HTTPStatusError as error:
            # Strangers can't tell what is private from what is not there. A bad token is told 401 of everything, so
            # that one does not make every model gone.
            code, status = error.response.headers.get("X-Error-Code"), error.response.status_code
            if code == "RepoNotFound" and status == (404 if self._token else status):
                return gone(model)
            raise NotAnswered(f"{self.endpoint}: {model}: {_words(error.response)}") from error
        if (record := parse_record(_json(answer))) is None:
            raise NotAnswered(f"{self.endpoint}: the record of {model} names no model and commit")
        return record

    def _read(self, given: object) -> HubRecord | None:
        """Read one record of a list; where the hub's lists name no commit, it is asked for by itself."""
        if isinstance(given, Mapping) and "sha" not in given and isinstance(given.get("id"), str):
            record = self._one(given["id"], None, ())
            return None if record.gone else record
        return parse_record(given)

    def _get(self, path: str, query: Query) -> httpx.Response:
        """Ask, and again while it may pass. Raises Away, Refused, or httpx's error for another refusal."""
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
            raise Away(f"{self.endpoint} is not asked: HF_HUB_OFFLINE is set")
        pauses = iter(patience.PAUSES)
        while True:
            try:
                answer = self._client.get(self.endpoint + path, params=query)
                if answer.status_code not in patience.TRANSIENT:
                    break
                why, asked = _words(answer), patience.asked_pause(answer)
            except httpx.RequestError as error:
                why, asked = f"{type(error).__name__}: {error}", 0.0
            if (pause := next(pauses, None)) is None:
                raise Away(f"{self.endpoint}{path}: {why}. Asked {len(patience.PAUSES) + 1} times")
            _LOG.info("%s%s: %s; asked again in %.0f s", self.endpoint, path, why, max(pause, asked))
            time.sleep(max(pause, asked))
        return self._accepted(answer)

    def _accepted(self, answer: httpx.Response) -> httpx.Response:
        code, status = answer.headers.get("X-Error-Code"), answer.status_code
        if code == "GatedRepo" or status == 403:
            remedy = "Accept its terms with the account of HF_TOKEN, or set a token that may read it"
            raise Refused(f"{answer.url.path}: {_words(answer)}. {remedy}")
        if status == 401 and (self._token or code != "RepoNotFound"):
            raise Refused(f"{answer.url.path}: {_words(answer)}. {'Set a valid' if self._token else 'Set'} HF_TOKEN")
        answer.raise_for_status()
        time.sleep(patience.asked_pause(answer))  # where nothing is left, the next request would be refused
        return answer


def token() -> str | None:
    """Return the token where huggingface_hub looks for it: HF_TOKEN, or the file that its login writes."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if given := os.environ.get(name, "").strip():
            return given
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    path = Path(os.environ.get("HF_TOKEN_PATH") or Path(home, "token")).expanduser()
    return (path.read_text(encoding="utf-8").strip() or None) if path.is_file() else None


def _expand(names: tuple[str, ...]) -> Query:
    return tuple(("expand", name) for name in names)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise NotAnswered(f"{answer.url.host}{answer.url.path} answers with no JSON") from error


def _words(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.headers.get('X-Error-Message') or answer.reason_phrase}".strip()
