"""Start the stand-in for the Hub that serves the official tasks' data sets, where it is here."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "shared" / "data"
SERVER = DATA / "hub" / "hub_server.py"

needs_stand_in = pytest.mark.skipif(
    not SERVER.exists(), reason="the data sets come from a stand-in for the Hub at ../shared/data, which is not here"
)


@contextmanager
def stand_in(scratch: Path, root: Path = SERVER.parent) -> Iterator[dict[str, str]]:
    """Serve `root` on a free port, and yield the environment in which libraries find it and nothing cached."""
    command = [sys.executable, str(SERVER), "--root", str(root), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        [address] = [word for word in server.stdout.readline().split() if word.startswith("http://")]
        yield {
            "HF_ENDPOINT": address,
            "HF_HOME": str(scratch),
            "NLTK_DATA": str(DATA / "nltk_data"),
            "NO_PROXY": "127.0.0.1",
        }
    finally:
        server.terminate()
        server.communicate()


@contextmanager
def only(environment: dict[str, str]) -> Iterator[None]:
    """Set these variables, and none of the Hub's that were set before."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in [name for name in os.environ if name.startswith(("HF_", "HUGGINGFACE_"))]:
            patch.delenv(variable)
        for variable, value in environment.items():
            patch.setenv(variable, value)
        yield
