"""Ctrl-C on a terminal reaches all of its process group at once: the command, Prefect's server and the child."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.store import FolderStore
from tests.tiny import tiny_model
from tests.workplaces import make_registry, write_suite

ROOT = Path(__file__).parents[2]


def test_ctrl_c_ends_a_run_within_seconds_says_what_is_stored_and_leaves_no_process_behind(tmp_path: Path) -> None:
    registry = make_registry(tmp_path / "registry", tiny_model(tmp_path / "model"))
    write_suite(registry, documents=400)
    places = {"STANDINGS_HOME": str(tmp_path / "home"), "STANDINGS_REGISTRY": str(registry), "STANDINGS_THREADS": "1"}
    command = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "run", "--suite", "tiny"],
        cwd=ROOT, env={**os.environ, **places}, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert command.stderr is not None
        assert "[1/3] acme/tiny" in next(line for line in command.stderr if line.startswith("["))
        os.killpg(command.pid, signal.SIGINT)
        _, told = command.communicate(timeout=20)
        with pytest.raises(ProcessLookupError):
            os.killpg(command.pid, signal.SIGTERM)
    finally:
        if command.poll() is None:
            os.killpg(command.pid, signal.SIGKILL)
    assert command.returncode == 130
    ended = re.match(r"interrupted: (\d) jobs? ended and stored\. The same command goes on", told.splitlines()[-1])
    assert ended, told
    runs = [item.key for item in FolderStore(tmp_path / "home" / "lake").list("inbox/") if "/run." in item.key]
    assert len(runs) == int(ended[1]), runs  # the job in hand left no failure either
