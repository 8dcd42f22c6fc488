"""Give the command line a home with a registry, a lake and a board, made once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli.app import app
from tests.flows.home import fill, write_registry

Ask = Callable[..., Result]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `registry` and `home`; nobody may change it."""
    root = tmp_path_factory.mktemp("standings")
    fill(root / "home", write_registry(root / "registry"))
    return root


@pytest.fixture
def mine(filled: Path, tmp_path: Path) -> Path:
    """A copy of the same that a test may change."""
    return Path(shutil.copytree(filled, tmp_path / "mine"))


def asking(root: Path) -> Ask:
    """Return a function that runs a command in this process, as on a terminal of 80 columns."""

    def ask(*words: str, **env: str) -> Result:
        settings = {"REGISTRY": root / "registry", "HOME": root / "home", "THREADS": 2, "MEMORY": "64GiB"}
        named = {f"STANDINGS_{name}": str(value) for name, value in settings.items()}
        return CliRunner().invoke(app, words, prog_name="standings", env={**named, "COLUMNS": "80", **env})

    return ask


@pytest.fixture
def ask(filled: Path) -> Ask:
    """Ask the shared home."""
    return asking(filled)


@pytest.fixture
def ask_mine(mine: Path) -> Ask:
    """Ask the test's own home."""
    return asking(mine)
