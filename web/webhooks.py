"""Receive a hub's webhooks over HTTP: who knows the secret may say which model to look at, and nothing else.

`standings webhook up` runs it; so does `uvicorn --factory web.webhooks:receiver`. What it looks at it asks the hub
itself, and what it writes is written once, so a payload that comes twice, late or forged by somebody who knows the
secret does no more than the next poll would.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from standings.webhook import NoPayload, Told, read_payload, require_secret
from tasks.announcing import NotAnnounced
from tasks.hub_records import NotAnswered, Refused
from tasks.s3 import Unreachable
from tasks.settings import Settings
from tasks.watching import Noticed, look_at
from tasks.workplace import BrokenRegistry

PATH, HEADER = "/webhooks/hub", "X-Webhook-Secret"
MOST = 256 * 1024  # bytes of a body; a comment is the longest that the hub sends
SLOWEST = 10.0  # seconds for all of a body
WAITING = 32  # deliveries at once, the one in hand among them; the hub sends at most 1,000 a day
_LOG = logging.getLogger("uvicorn.error")  # where uvicorn's own words go


class Refusal(Exception):
    """What was sent is answered with a status and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def receiver() -> FastAPI:
    """Make the application from the environment. Raises NoSecret."""
    settings = Settings()
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    return application(secret, lambda model: look_at(settings, model))


def application(secret: str, look: Callable[[str], Noticed]) -> FastAPI:
    """Make the application; `look` asks the hub for a model and does what follows. Raises NoSecret."""
    known, queue = require_secret(secret).encode(), Queue()
    app = FastAPI(title="standings", docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(Refusal)
    async def refuse(_: Request, refusal: Refusal) -> JSONResponse:
        # Closed, or the rest of a body that nobody reads would be received to its end.
        return JSONResponse({"refused": str(refusal)}, refusal.status, {"Connection": "close"})

    @app.get("/healthz")
    async def health() -> dict[str, bool]:
        return {"ok": True}

    @app.post(PATH)
    async def receive(request: Request) -> JSONResponse:
        # The secret comes first: who does not know it has no byte of a body read.
        if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), known):
            raise Refusal(401, f"{HEADER} is missing or wrong")
        told = await read(request)
        if told.model is None:
            return JSONResponse({"ignored": told.ignored}, 202)
        try:
            async with queue.turn():
                found = await run_in_threadpool(look, told.model)
        except (NotAnswered, Refused, NotAnnounced) as error:
            _LOG.warning("%s: %s", told.model, error)
            raise Refusal(502, str(error)) from error
        except (Unreachable, BrokenRegistry) as error:
            _LOG.error("%s: %s", told.model, error)
            raise Refusal(503, "the lake or the registry can't be used; the receiver's log says why") from error
        _LOG.info("%s at %s: %s: %s", found.model, found.revision, found.outcome, found.reason)
        return JSONResponse(found.model_dump(mode="json"))

    return app


class Queue:
    """Let one delivery in at a time, so that the second of two equal ones finds what the first has written."""

    def __init__(self) -> None:
        self._one, self._waiting = asyncio.Lock(), 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until it is one's turn. Raises Refusal where too many wait."""
        if self._waiting >= WAITING:
            raise Refusal(503, "too many deliveries at once")
        self._waiting += 1
        try:
            async with self._one:
                yield
        finally:
            self._waiting -= 1


async def read(request: Request) -> Told:
    """Read a delivery. Raises Refusal where it is too long, too slow, or none."""
    try:
        async with asyncio.timeout(SLOWEST):
            return read_payload(json.loads(await body_of(request)))
    except TimeoutError as error:
        raise Refusal(408, f"the body took longer than {SLOWEST:.0f} s") from error
    except (NoPayload, ValueError, RecursionError) as error:
        raise Refusal(400, f"not a webhook's payload: {error}") from error


async def body_of(request: Request) -> bytes:
    """Read a body up to the limit, whatever its length is said to be. Raises Refusal."""
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > MOST:
            raise Refusal(413, f"a body of more than {MOST:,} bytes")
    return bytes(body)
