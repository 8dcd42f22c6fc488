"""A GPU is one process's at a time, and its child's for as long as that lives: real locks, real deaths, no GPU."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from standings.failure import Reason
from standings.work import Event, WrongMachine, make_work
from tasks import admission, attempt, leases, machine
from tasks.evaluate import Limits, evaluate
from tasks.leases import TooFewGpus, leased, visible
from tasks.workplace import Workplace
from tests.nights import Nights

FOUR = ("GPU-a", "GPU-b", "GPU-c", "GPU-d")
PATIENCE = 60.0  # seconds until a test that waits for what never comes gives up

# Takes a GPU, starts a child that holds it too, says the child's id, and waits to be killed.
TAKER = """
import signal, subprocess, sys
from pathlib import Path
from tasks.leases import leased
with leased(1, ("GPU-a",), Path(sys.argv[1]), print) as lease:
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], pass_fds=lease.descriptors)
    print(child.pid, flush=True)
    signal.pause()
"""
# What a child of ours says of the GPUs it sees before it fails.
TELLS = """
import os, sys
text = os.environ["CUDA_VISIBLE_DEVICES"]
os.write(int(os.environ["STANDINGS_EVENTS"]), b'{"event": "stage", "text": "sees %s"}\\n' % text.encode())
sys.exit("no CUDA here")
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch) -> None:
    """Look often."""
    monkeypatch.setattr(leases, "LOOK_EVERY", 0.002)


def together(*takers: Callable[[], None]) -> None:
    """Run takers at once, each with open files of its own, as processes have; they must end."""
    threads = [threading.Thread(target=taker, daemon=True) for taker in takers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"


def test_several_gpus_are_named_to_the_child_and_given_back(tmp_path: Path):
    with leased(2, FOUR, tmp_path, print) as one, leased(2, FOUR, tmp_path, print) as other:
        assert one.environment == {"CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b"}
        assert other.environment == {"CUDA_VISIBLE_DEVICES": "GPU-c,GPU-d"}
    with leased(4, FOUR, tmp_path, print) as all_of_them:
        assert all_of_them.gpus == FOUR


def test_a_gpu_stays_held_by_an_orphan_and_is_free_when_that_dies_too(tmp_path: Path):
    taker = subprocess.Popen(
        [sys.executable, "-c", TAKER, str(tmp_path)], stdout=subprocess.PIPE, env=machine.environment()
    )
    assert taker.stdout is not None
    orphan = int(taker.stdout.readline())
    taker.kill()
    taker.wait()
    heard: list[str] = []

    def tell(text: str) -> None:
        heard.append(text)  # it is held: only the parent is dead
        os.kill(orphan, signal.SIGKILL)

    with leased(1, ("GPU-a",), tmp_path, tell) as lease:
        assert lease.gpus == ("GPU-a",)
    assert heard == ["waiting for 1 of 1 GPUs, which others use"]
    taker.stdout.close()


def test_takers_of_several_gpus_never_wait_for_each_other_and_share_none(tmp_path: Path):
    in_use: list[str] = []

    def take(count: int) -> Callable[[], None]:
        def taken() -> None:
            for _ in range(15):
                with leased(count, FOUR, tmp_path, lambda _: None) as lease:
                    assert not set(lease.gpus) & set(in_use)
                    in_use.extend(lease.gpus)
                    for gpu in lease.gpus:
                        in_use.remove(gpu)

        return taken

    together(take(3), take(2), take(4), take(1), take(3), take(1))


def test_small_takers_do_not_starve_one_that_wants_all(tmp_path: Path):
    done = threading.Event()

    def small() -> None:
        while not done.is_set():
            with leased(1, FOUR, tmp_path, lambda _: None):
                done.wait(0.003)

    def large() -> None:
        with leased(4, FOUR, tmp_path, lambda _: None):
            done.set()

    together(small, small, small, small, small, large)


def test_a_taker_that_gives_up_leaves_nothing_held(tmp_path: Path):
    def give_up(text: str) -> None:
        raise KeyboardInterrupt

    with leased(1, FOUR[:2], tmp_path, print), pytest.raises(KeyboardInterrupt), leased(2, FOUR[:2], tmp_path, give_up):
        pass
    with leased(2, FOUR[:2], tmp_path, give_up) as lease:
        assert lease.gpus == FOUR[:2]


def test_a_lock_file_that_was_tidied_away_is_no_second_lock(tmp_path: Path, monkeypatch):
    opened = leases._opened

    def opened_and_tidied(path: Path) -> int:
        descriptor = opened(path)
        if not (tmp_path / "tidied").exists():
            (tmp_path / "tidied").touch()
            path.unlink()
        return descriptor

    monkeypatch.setattr(leases, "_opened", opened_and_tidied)
    with leased(1, ("GPU-a",), tmp_path, print) as lease:
        [path] = tmp_path.glob("GPU*")
        assert os.fstat(lease.descriptors[0]).st_ino == path.stat().st_ino


def test_more_gpus_than_there_are_is_said_at_once(tmp_path: Path):
    with (
        pytest.raises(TooFewGpus, match="2 GPUs are wanted, and this worker may use 1"),
        leased(2, "a", tmp_path, print),
    ):
        pass


def test_the_cpu_takes_no_lease(tmp_path: Path):
    with leased(0, (), tmp_path / "none", print) as lease:
        assert (lease.environment, lease.descriptors) == ({}, ())
    assert not (tmp_path / "none").exists()


def nvidia_smi(root: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """Put a program of that name before any other."""
    program = root / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


def test_gpus_are_named_by_uuid_however_the_environment_restricts_them(tmp_path: Path, monkeypatch):
    listed = "\\n".join(f"{place}, {name}" for place, name in enumerate(FOUR))
    nvidia_smi(tmp_path, monkeypatch, f'[ "$1" = --query-gpu=index,uuid ] && printf "{listed}\\n"')
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert visible() == FOUR
    assert visible(2) == FOUR[:2]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, 1,GPU-a")
    assert visible() == ("GPU-d", "GPU-b", "GPU-a")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible() == ()


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch) -> Workplace:
    """Open a workplace with one model, on a machine that is said to have two GPUs."""
    nights = Nights(tmp_path)
    nights.models = {"one": "a"}
    nights.write()
    nvidia_smi(tmp_path, monkeypatch, "exit 1")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(machine, "PYTHON", (sys.executable, "-c", TELLS))
    told = {"device": "cuda", "gpus": 2, "leases": tmp_path / "leases"}
    return Workplace.open(nights.settings.model_copy(update=told))


def test_an_assignment_runs_on_the_gpus_that_it_leased_and_its_runs_say_so(two_gpus: Workplace, tmp_path: Path):
    [assignment] = two_gpus.plan().assignments
    assert (assignment.pool, assignment.gpus) == ("here", 1)
    suites = {suite.suite: suite for suite in two_gpus.suites}
    work = make_work(assignment.model_copy(update={"gpus": 2}), two_gpus.registry, suites, two_gpus.place)
    heard: list[Event] = []
    outcome = evaluate(work, Limits(60, 60), tmp_path / "log", heard.append)
    assert heard[0].text == "sees 0,1"
    assert set(outcome.failed.values()) == {Reason.INFRASTRUCTURE}
    admission.admit(two_gpus.lake, attempt.now())
    row = two_gpus.lake.run(heard[1].run_id or "")
    assert (row["pool"], row["devices"], row["device"]) == ("here", 2, "cuda")


def test_a_plan_for_a_gpu_is_made_where_none_is_to_be_seen(two_gpus: Workplace):
    here = Workplace.open(two_gpus.settings.model_copy(update={"gpus": None})).here
    assert (here.device, here.gpus) == ("cuda", 1)


def test_what_was_planned_for_gpus_is_refused_by_a_machine_that_computes_on_its_cpu(two_gpus: Workplace):
    [assignment] = two_gpus.plan().assignments
    suites = {suite.suite: suite for suite in two_gpus.suites}
    place = two_gpus.place.model_copy(update={"device": "cpu"})
    with pytest.raises(WrongMachine, match="Set STANDINGS_DEVICE=cuda"):
        make_work(assignment, two_gpus.registry, suites, place)


def test_a_careful_users_folder_of_locks_is_open_to_the_others_of_the_machine(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with leased(1, FOUR, tmp_path / "leases", print):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "leases").stat().st_mode & 0o7777 == 0o1777  # as /tmp itself: nobody removes another's lock
    [lock] = (tmp_path / "leases").iterdir()
    assert lock.stat().st_mode & 0o444 == 0o444, "another user can't open the lock"
