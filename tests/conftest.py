"""Give every test the project's own hub."""

import os
from collections.abc import Iterator

import pytest

from tests.hub import Hub

# Read when torch is imported. Tests run beside each other: threads that wait for those of another test's cost more than
# they bring, up to ten times on two cores. What evaluates sets its own number.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Run a hub that this process and its children ask in place of the real one, and nobody has a token for."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs the worker extra")
    running = Hub()
    monkeypatch.setenv("HF_ENDPOINT", running.url)
    monkeypatch.setenv("HF_TOKEN_PATH", "/nonexistent")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nonexistent")  # both are read at import
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    yield running
    running.stop()
