"""Answer over HTTP as a hub does: lists of models, the record of one at a commit, and its files in ranges."""

import json
import os
import re
import socket
import struct
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from tests.hub.faults import Fault
from tests.hub.listing import OF_ONE, WITHOUT_ASKING, Refused, chosen, page
from tests.hub.repositories import File, Repository

NAME = r"([\w.-]+/[\w.-]+)"

BAD_TOKEN = "Invalid credentials in Authorization header"
REFUSALS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "unavailable": (503, b"", {"Retry-After": "0"}),
    "too many": (429, b"", {"RateLimit": '"api";r=0;t=0'}),
    "unauthorised": (401, b"{}", {"X-Error-Message": BAD_TOKEN}),
    "forbidden": (403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."}),
    "unknown": (400, b"{}", {"X-Error-Message": "expand: Invalid option"}),
    "circle": (200, b"[]", {"Link": '<http://hub/api/models?author=acme&cursor=x>; rel="next"'}),
    "nonsense": (200, b"<html>Be right back</html>", {}),
}


@dataclass(frozen=True)
class Request:
    """One request and what was answered."""

    method: str
    path: str
    start: int  # first byte asked for
    token: str | None
    status: int
    sent: int  # bytes of the body

    @property
    def is_file(self) -> bool:
        """Tell whether bytes of a file were asked for, and not where they are."""
        return self.method == "GET" and not self.path.startswith("/api/") and self.status in (200, 206)


class Hub:
    """A hub on a free port of the loopback address, which runs in a thread of this process."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.moved: dict[str, str] = {}  # old name of a renamed repository to its new one
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.ranges = True  # it gives parts of files, as proxies sometimes don't
        self.stalled, self.go_on = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self._server = Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return the port."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Return what HF_ENDPOINT is to be."""
        return f"http://127.0.0.1:{self.port}"

    def repository(self, name: str) -> Repository:
        """Return a model's repository; it is made when it is first asked for."""
        return self.repositories.setdefault(name, Repository(name))

    def fetched(self, file: str = "") -> list[tuple[str, int, int]]:
        """List which files' bytes were asked for: name, first byte, bytes sent."""
        return [
            (request.path.rpartition("/")[2], request.start, request.sent)
            for request in self.requests
            if request.is_file and request.path.endswith(file)
        ]

    def stop(self) -> None:
        """End the server."""
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Server(ThreadingHTTPServer):
    """Carry the hub to the handlers."""

    daemon_threads = True

    def __init__(self, hub: Hub) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hub = hub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing where a client went away."""


class Handler(BaseHTTPRequestHandler):
    """Answer one connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._answer()

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Say nothing: `requests` keeps it."""

    @property
    def token(self) -> str | None:
        """Return the bearer's token."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ") or None

    def _answer(self) -> None:
        url = urlsplit(self.path)
        self.where, query, hub = unquote(url.path), parse_qs(url.query), self.server.hub
        with hub.lock:
            struck = [fault for fault in hub.faults if fault.strikes(self.where)]
        self.fault = next(iter(struck), None)
        if self.fault and (refusal := REFUSALS.get(self.fault.kind)):
            self._send(*refusal)
        elif self.where == "/api/models":
            self._list(query)
        elif found := re.fullmatch(rf"/api/models/{NAME}(?:/revision/([^/]+))?", self.where):
            self._record(found[1], found[2], query)
        elif found := re.fullmatch(rf"/{NAME}/resolve/([^/]+)/(.+)", self.where):
            self._resolve(*found.groups())
        elif found := re.fullmatch(rf"/cdn/{NAME}/([^/]+)/(.+)", self.where):
            self._body(hub.repositories[found[1]].commits[found[2]][found[3]])
        else:
            self._error(404, None, "not found")

    def _find(self, name: str, revision: str | None) -> tuple[Repository, str] | None:
        """Return repository and commit, or answer that there is none to see."""
        repository = self.server.hub.repositories.get(name)
        if repository is None or (repository.private and not repository.lets_read(self.token)):
            # Strangers can't tell what is not there from what is private.
            self._error(404 if self.token else 401, "RepoNotFound", "Repository not found")
        elif (sha := repository.at(revision)) is None:
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            return repository, sha
        return None

    def _list(self, query: dict[str, list[str]]) -> None:
        seen = [one for one in self.server.hub.repositories.values() if not one.private or one.lets_read(self.token)]
        try:
            records, cursor = page(seen, query)
        except Refused as error:
            self._error(400, None, str(error))
            return
        link = f"{self.server.hub.url}/api/models?{urlencode({**query, 'cursor': [cursor]}, doseq=True)}"
        self._send(200, json.dumps(records).encode(), {"Link": f'<{link}>; rel="next"'} if cursor else None)

    def _record(self, name: str, revision: str | None, query: dict[str, list[str]]) -> None:
        if there := self.server.hub.moved.get(name):
            self._send(307, b"", {"Location": self.path.replace(name, there, 1)})
            return
        if not (found := self._find(name, revision)):
            return
        repository, sha = found
        record = repository.record(sha, with_metadata=bool(query.get("blobs")))
        try:
            self._send(200, json.dumps(chosen(record, query, OF_ONE, WITHOUT_ASKING)).encode())
        except Refused as error:
            self._error(400, None, str(error))

    def _resolve(self, name: str, revision: str, path: str) -> None:
        if not (found := self._find(name, revision)):
            return
        repository, sha = found
        if said := repository.refusals.get(self.token or ""):
            self._error(403, None, said)
        elif not repository.lets_read(self.token):
            code = 403 if self.token else 401
            self._error(code, "GatedRepo", f"Access to model {name} is restricted.")
        elif (file := repository.commits[sha].get(path)) is None:
            self._error(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": sha})
        elif file.large:  # lies on another host, which gets no token
            there = f"http://localhost:{self.server.hub.port}/cdn/{name}/{sha}/{quote(path)}"
            linked = {"X-Linked-Size": str(len(file.body)), "X-Linked-Etag": f'"{file.sha256}"', "X-Repo-Commit": sha}
            self._send(302, b"", {"Location": there, **linked})
        else:
            self._body(file, {"X-Repo-Commit": sha})

    def _body(self, file: File, headers: dict[str, str] | None = None) -> None:
        body, status = file.body, 200
        if self.fault and self.fault.kind == "flip":
            at = self.fault.after
            body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        told = {"ETag": f'"{file.sha256 if file.large else file.blob}"', "Accept-Ranges": "bytes", **(headers or {})}
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if found and self.server.hub.ranges:
            first, last = int(found[1]), min(int(found[2] or len(body)), len(body) - 1)
            if first >= len(body):
                self._send(416, b"", {"Content-Range": f"bytes */{len(body)}"})
                return
            told["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            body, status = body[first : last + 1], 206
        self._send(status, body, told)

    def _error(self, status: int, code: str | None, message: str, headers: dict[str, str] | None = None) -> None:
        named = {"X-Error-Code": code, "X-Error-Message": message} if code else {}
        self._send(status, json.dumps({"error": message}).encode(), {**named, **(headers or {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        start = re.match(r"bytes=(\d+)", self.headers.get("Range", "") if self.server.hub.ranges else "")
        fault = self.fault if self.fault and self.fault.kind in ("cut", "reset", "stall") else None
        now = body[: fault.after] if fault else body
        sent = 0 if self.command == "HEAD" else len(now)
        request = Request(self.command, self.where, int(start[1]) if start else 0, self.token, status, sent)
        with self.server.hub.lock:
            self.server.hub.requests.append(request)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(now)
        if fault:
            self._break(fault, body)

    def _break(self, fault: Fault, body: bytes) -> None:
        if fault.kind == "stall":
            self.server.hub.stalled.set()
            self.server.hub.go_on.wait()
            self.wfile.write(body[fault.after :])
            return
        if fault.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        self.close_connection = True
