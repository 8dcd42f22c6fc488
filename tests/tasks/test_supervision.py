"""The parent hears a child to its end, whatever it leaves behind, and leaves none behind itself."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from standings.failure import Reason
from standings.work import Place, Work
from tasks import machine
from tasks.controlgroup import memory_limit, out_of_memory_kills
from tasks.evaluate import Child, Limits
from tasks.harness.child import Channel

SAYS = """
import os, signal, sys
def say(text): os.write(int(os.environ["STANDINGS_EVENTS"]), b'{"event": "stage", "text": "%s"}\\n' % text.encode())
"""
DIES_BEFORE_WHAT_IT_FORKED = (
    SAYS
    + """
forked = os.fork()
if not forked:
    signal.pause()
say(str(forked))
os.kill(os.getpid(), signal.SIGKILL)
"""
)
WAITS = (
    SAYS
    + """
say("here")
signal.pause()
"""
)
TELLS_WHAT_IT_WAS_TOLD = (
    SAYS
    + """
say(str(len(sys.stdin.read())))
"""
)


@pytest.fixture
def start(tmp_path: Path, monkeypatch):
    """Return a way to start a child that runs a script, with some work to do."""

    def started(script: str, **work: object) -> Child:
        monkeypatch.setattr(machine, "PYTHON", (sys.executable, "-c", script))
        place = Place(lake=tmp_path, weights=tmp_path, registry=tmp_path, device="cpu", threads=1, batch_size=1)
        given = Work(identity={}, manifest=None, jobs=(), suites={}, place=place).model_copy(update=work)
        return Child(given, Limits(load=300, job=300), tmp_path / "log")

    return started


def test_a_child_that_dies_is_named_at_once_though_what_it_forked_holds_the_pipe(start):
    child = start(DIES_BEFORE_WHAT_IT_FORKED)
    [event] = child.events()
    os.kill(int(event.text), signal.SIGKILL)
    reason, detail = child.cause()
    assert reason is Reason.INFRASTRUCTURE
    assert "SIGKILL" in detail


def test_a_listener_that_raises_leaves_no_child_behind(start):
    child = start(WAITS)

    def listen() -> None:
        for _ in child.events():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        listen()
    assert child.process.returncode == -signal.SIGKILL


def test_work_of_any_size_reaches_the_child(start):
    [event] = start(TELLS_WHAT_IT_WAS_TOLD, identity={"model": "m" * 300_000}).events()
    assert int(event.text) > 300_000


def test_a_file_named_tasks_where_somebody_stands_is_not_run(tmp_path: Path):
    (tmp_path / "tasks.py").write_text("raise SystemExit('this is the other one')")
    done = subprocess.run(
        [*machine.PYTHON, "tasks.harness.child"],
        cwd=tmp_path,
        env=machine.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ValidationError" in done.stderr, "it ran, and was told no work"


def test_a_child_that_nobody_hears_ends_and_stores_no_failure():
    heard, said = os.pipe()
    os.close(heard)
    with pytest.raises(SystemExit, match="parent is gone"):
        Channel(said).say("stage", text="?")


@pytest.mark.parametrize(
    ("membership", "place", "text"),
    [
        pytest.param("0::/user.slice/a.scope\n", "user.slice/a.scope/memory.events", "oom 3\noom_kill 2\n", id="v2"),
        pytest.param("0::/\n", "memory.events", "oom 3\noom_kill 2\n", id="v2 in a container"),
        pytest.param("4:memory:/a\n0::/\n", "memory/a/memory.oom_control", "under_oom 0\noom_kill 2\n", id="v1"),
        pytest.param("4:memory:/docker/a\n", "memory/memory.oom_control", "oom_kill 2\n", id="v1 in a container"),
    ],
)
def test_the_kernel_is_asked_how_often_memory_ran_out(membership: str, place: str, text: str, tmp_path: Path):
    (tmp_path / "cgroup").write_text(membership)
    assert out_of_memory_kills(tmp_path / "cgroup", tmp_path / "root") == 0
    (tmp_path / "root" / place).parent.mkdir(parents=True)
    (tmp_path / "root" / place).write_text(text)
    assert out_of_memory_kills(tmp_path / "cgroup", tmp_path / "root") == 2


@pytest.mark.parametrize(
    ("membership", "place"),
    [
        pytest.param("0::/user.slice/a.scope\n", "user.slice/a.scope/memory.max", id="v2"),
        pytest.param("0::/user.slice/a.scope\n", "user.slice/memory.max", id="v2, of the group that holds it"),
        pytest.param("0::/\n", "memory.max", id="v2 in a container"),
        pytest.param("4:memory:/a\n0::/\n", "memory/a/memory.limit_in_bytes", id="v1"),
    ],
)
def test_a_containers_limit_is_the_memory_there_is(membership: str, place: str, tmp_path: Path):
    (tmp_path / "cgroup").write_text(membership)
    limit = tmp_path / "root" / place
    limit.parent.mkdir(parents=True)
    limit.write_text("max\n")
    assert memory_limit(tmp_path / "cgroup", tmp_path / "root") is None
    limit.write_text("2147483648\n")
    assert memory_limit(tmp_path / "cgroup", tmp_path / "root") == 2 * 2**30
    (tmp_path / "root" / "memory.max").write_text("1073741824\n")
    assert memory_limit(tmp_path / "cgroup", tmp_path / "root") == 2**30, "the least that any of them allows"
