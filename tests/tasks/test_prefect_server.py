"""Two servers never share a folder, and what a killed one left is named: real locks and processes, no Prefect."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.prefect_server import NotServed, claim, launch, note, noted, require_free, serving, start


@contextmanager
def process(*kept: int, called: str = "prefect") -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process that is called so, and kill it at the end."""
    words = [sys.executable, "-c", "import sys; print(); sys.stdout.flush(); sys.stdin.read()", called]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=kept) as made:
        assert made.stdout
        made.stdout.readline()  # it is there under its own name
        yield made
        made.kill()


def test_a_folder_is_one_servers_for_as_long_as_its_process_lives_whoever_started_it(tmp_path: Path) -> None:
    lock = claim(tmp_path)
    with process(lock) as server:
        os.close(lock)  # as when `standings up` was killed
        note(tmp_path, server)
        with pytest.raises(NotServed, match=f"{tmp_path}: a server is at work .* kill {server.pid}$"):
            start(tmp_path)
    os.close(claim(tmp_path))


def test_workers_that_a_killed_server_left_are_named_before_others_are_started_beside_them(tmp_path: Path) -> None:
    with process() as worker, process(called="another program") as other:
        note(tmp_path, worker)
        note(tmp_path, other)  # has the number of one that ended
        assert noted(tmp_path) == [worker.pid]
        with pytest.raises(NotServed, match=f"kill {worker.pid}$"), serving(tmp_path):
            pass
    os.close(claim(tmp_path))
    assert noted(tmp_path) == []


def test_a_port_that_is_in_use_is_told_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NotServed, match=f"--port: {port} is in use. Give another one"):
            start(tmp_path, port)
    assert require_free(port) == port
    assert not (tmp_path / "server.log").exists()


def test_a_worker_starts_the_python_of_its_own_environment_whatever_is_first_on_the_path(tmp_path: Path) -> None:
    process = launch(["--version"], {"PATH": "/usr/bin"}, tmp_path / "log")
    path = Path(f"/proc/{process.pid}/environ").read_bytes() if sys.platform == "linux" else b""
    assert process.wait(60) == 0, (tmp_path / "log").read_text()
    if path:
        assert f"PATH={Path(sys.executable).parent}:/usr/bin".encode() in path.split(b"\0")
