"""Stand between a client and an S3 server, and do to a request what a network may do."""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["lost reply", "reset", "truncated", "flipped", "unavailable", "cut upload", "flipped upload"]
Choose = Callable[[str, str, int], Fault | None]  # method, path, number of the request → what happens to it


class Proxy(ThreadingHTTPServer):
    """Pass requests on to `upstream`; `choose` says what happens to each."""

    daemon_threads = True

    def __init__(self, upstream: str, choose: Choose) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        parts = urlsplit(upstream)
        assert parts.hostname
        assert parts.port
        self.upstream = (parts.hostname, parts.port)
        self.choose = choose
        self.counter = iter(range(1, 10**9))
        self.done: list[Fault] = []  # the faults so far

    @property
    def endpoint(self) -> str:
        """Return the address that a client is given."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Handle one connection."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def handle_one(self) -> None:
        """Ask upstream, then do what was chosen to the reply."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.choose(self.command, self.path, next(self.server.counter))
        if fault:
            self.server.done.append(fault)
        if fault == "unavailable":
            self.reply(503, [("Content-Length", "0")], b"")
            return
        if fault == "reset":
            self.abort()
            return
        if fault == "cut upload" and body:
            self.ask_half(body)
            self.abort()
            return
        status, headers, answer = self.ask(flipped(body) if fault == "flipped upload" else body)
        if fault == "lost reply":
            self.abort()
            return
        if fault == "flipped":
            answer = flipped(answer)
        self.reply(status, headers, answer[: len(answer) // 2] if fault == "truncated" else answer)
        if fault == "truncated":
            self.abort()

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_one  # noqa: N815 - as http.server calls them

    def ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Pass the request on, the Host that it signed included."""
        upstream = http.client.HTTPConnection(*self.server.upstream, timeout=30)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            reply = upstream.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        finally:
            upstream.close()

    def ask_half(self, body: bytes) -> None:
        """Send what a client that dies in the middle has sent."""
        upstream = http.client.HTTPConnection(*self.server.upstream, timeout=30)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body[: len(body) // 2])
        upstream.close()

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send a reply with its headers as they were."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def abort(self) -> None:
        """Reset the connection."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def flipped(body: bytes) -> bytes:
    """Change one bit of the last byte."""
    return body[:-1] + bytes([body[-1] ^ 1]) if body else body


@contextmanager
def between(upstream: str, choose: Choose) -> Iterator[Proxy]:
    """Run a proxy until the block ends."""
    proxy = Proxy(upstream, choose)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
