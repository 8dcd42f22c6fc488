"""Fail on demand, as networks and hubs do."""

from dataclasses import dataclass
from typing import Literal


@dataclass
class Fault:
    """What goes wrong with some requests, until it has happened `times` times."""

    kind: Literal[
        "unavailable",  # 503 in place of an answer
        "too many",  # 429, with the hub's own header
        "unauthorised",  # 401, as a bad token is told of everything
        "forbidden",  # 403 of terms that nobody accepted
        "unknown",  # 400, as for a field that the hub does not list any more
        "nonsense",  # 200 and no JSON
        "circle",  # a list whose next page is itself
        "cut",  # the body ends after some bytes
        "reset",  # the connection is reset after some bytes
        "stall",  # nothing comes after some bytes, until the hub's `go_on` is set
        "flip",  # one bit of the file is another
    ]
    file: str = ""  # only requests whose path has this in it; the bytes of large files lie below /cdn/
    after: int = 0  # bytes of this body; for `flip`, the byte of the file
    every: int = 1  # of the requests that it is about, each nth
    times: int | None = None  # None: for ever
    seen: int = 0

    def strikes(self, path: str) -> bool:
        """Tell whether it happens to this request."""
        if self.file not in path or self.times == 0:
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        if self.times is not None:
            self.times -= 1
        return True
