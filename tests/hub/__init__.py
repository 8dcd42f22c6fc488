"""A hub of the project's own for tests: repositories that a test writes to, served over HTTP, failing on demand.

hub = Hub()                                     # a free loopback port; the fixture `hub` stops it
sha = hub.repository("acme/tiny").commit({"config.json": b"{}"})
hub.repository("acme/tiny").commit({"README.md": b"Read me"}, day="2026-05-02")     # a second revision
hub.repository("acme/tiny").card |= {"downloads": 7, "cardData": {"license": "mit"}}  # as its record is to say
hub.repository("acme/tiny").gated = "manual"
del hub.repositories["acme/tiny"]               # its owner deleted it
hub.faults.append(Fault("cut", file="model.safetensors", after=1000, times=1))
hub.requests                                    # what was asked, in order
"""

from tests.hub.faults import Fault
from tests.hub.repositories import Repository
from tests.hub.server import Hub, Request

__all__ = ["Fault", "Hub", "Repository", "Request"]
