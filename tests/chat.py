"""Take alarms as a chat's webhook would."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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

    with ThreadingHTTPServer(("127.0.0.1", 0), Chat) as chat:
        threading.Thread(target=chat.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{chat.server_port}{path}", told
        chat.shutdown()
