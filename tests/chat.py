"""Take alarms as a chat's webhook would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from tests.served import served


@contextmanager
def listening(path: str) -> Iterator[tuple[str, list[str]]]:
    """Give the address of a webhook, and the texts that come to it; what is posted elsewhere is `a stranger`."""
    told: list[str] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append(json.loads(body)["text"] if self.path == path else "a stranger")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Leave standard error to what is tested."""

    with served(Chat) as address:
        yield address + path, told
