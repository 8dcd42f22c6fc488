"""Kill a client while its request is open: a proxy that knows the client's process id does it.

| how | the client dies | the server |
| --- | --- | --- |
| unsent | when its request is out | never hears of it |
| half sent | when its request is out | gets half of the body, then the connection ends |
| unanswered | when the server has answered | did it; no byte of the answer arrives |
| half answered | with half of the answer | did it |
| late | when its request is out | hears of it after the next pass has done the work again |
"""

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.survival.forks import Fork
from tests.faultproxy import Handler, Proxy

WRITES, READS = ("unsent", "half sent", "unanswered", "late"), ("unsent", "half answered")
DEAD_WITHIN = 5.0  # seconds


@dataclass(frozen=True)
class Aim:
    """Which request of which process is the last."""

    pid: int
    kind: str  # write or read
    number: int  # of its requests of that kind
    how: str


class _Proxy(Proxy):
    """Pass on, count, and kill at the request that was aimed at."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream, lambda *_: None)
        self.RequestHandlerClass = _Handler
        self.lock = threading.Lock()
        self.late, self.passed_on = threading.Event(), threading.Event()
        self.aim_at(None)

    def aim_at(self, aim: Aim | None) -> None:
        """Begin to count anew."""
        self.aim, self.hit, self.seen = aim, "", Counter[str]()
        self.late.clear()
        self.passed_on.clear()

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients are killed here."""

    def due(self, method: str, path: str) -> Aim | None:
        """Count a request, and tell whether it is the one."""
        kind = "read" if method in ("GET", "HEAD") else "write"
        with self.lock:
            self.seen[kind] += 1
            aim = self.aim
            if aim is None or self.hit or aim.kind != kind or self.seen[kind] != aim.number:
                return None
            self.hit = f"{method} {path.partition('?')[0]}"
            return aim


class _Handler(Handler):
    server: _Proxy

    def handle_one(self) -> None:
        """Pass one request on, or be the end of the client."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        aim = self.server.due(self.command, self.path)
        if aim is None:
            self.reply(*self.ask(body))
            return
        if aim.how == "half answered":
            status, headers, answer = self.ask(body)
            self.reply(status, headers, answer[: len(answer) // 2])
            self.wfile.flush()
        elif aim.how == "unanswered":
            self.ask(body)
        _kill(aim.pid)
        if aim.how == "half sent":
            self.ask_half(body)
        elif aim.how == "late":
            self.server.late.wait()
            self.ask(body)
            self.server.passed_on.set()
        self.abort()

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_one  # noqa: N815 - as http.server calls them

    def do_AIM(self) -> None:  # noqa: N802 - as http.server calls it
        """Be told what to aim at, in the path."""
        _, pid, kind, number, how = self.path.split("/")
        self.server.aim_at(Aim(int(pid), kind, int(number), how.replace("-", " ")))
        self._tell({})

    def do_TELL(self) -> None:  # noqa: N802 - as http.server calls it
        """Say what was hit, and how many requests there were."""
        self._tell({"hit": self.server.hit, **self.server.seen})

    def do_LATE(self) -> None:  # noqa: N802 - as http.server calls it
        """Pass on the request that was kept."""
        self.server.late.set()
        self._tell({"passed on": self.server.passed_on.wait(30)})

    def _tell(self, what: dict[str, object]) -> None:
        body = json.dumps(what).encode()
        self.reply(200, [("Content-Length", str(len(body)))], body)


def _kill(pid: int) -> None:
    """Kill a client and wait until it is gone, so that its end of the connection is."""
    deadline = time.monotonic() + DEAD_WITHIN
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.001)


@dataclass(frozen=True)
class Killer:
    """The proxy, as those see it who use it."""

    endpoint: str

    def aim(self, kind: str, number: int, how: str) -> None:
        """Be the client whose request is the last."""
        self._ask("AIM", f"/{os.getpid()}/{kind}/{number}/{how.replace(' ', '-')}")

    def told(self) -> dict[str, object]:
        """Return what was hit and how many requests of each kind there were since the last aim."""
        return self._ask("TELL", "/")

    def release(self) -> bool:
        """Have the late request passed on; tell whether there was one."""
        return bool(self._ask("LATE", "/")["passed on"])

    def _ask(self, verb: str, path: str) -> dict[str, object]:
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=60)
        try:
            connection.request(verb, path)
            found: dict[str, object] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return found


@contextmanager
def killer(upstream: str) -> Iterator[Killer]:
    """Run the proxy in a process of its own until the block ends."""
    proxy = _Proxy(upstream)  # listens from here on
    fork = Fork(lambda _: proxy.serve_forever())
    proxy.socket.close()
    try:
        yield Killer(proxy.endpoint)
    finally:
        fork.kill()
        fork.wait()
