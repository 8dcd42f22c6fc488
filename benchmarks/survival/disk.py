"""Fill the disk under a lake, on a file system of its own, and make room again; and under the S3 server."""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.survival.acts import NOON, OLD, put_run, run_id
from benchmarks.survival.forks import Say, run
from benchmarks.survival.judge import judge
from benchmarks.survival.rights import rights
from standings.address import Bucket
from tasks import admission
from tasks.collection import collect
from tasks.compaction import compact
from tasks.lake import Lake
from tasks.s3 import S3Store
from tasks.seaweed import BUCKET, serving
from tasks.snapshots import FOLDER
from tasks.store import FolderStore
from tests.tasks.publishing import inputs, made

RUNS = range(3000, 3100)
MIB = 2**20
PASSES, PAUSE = 8, 10.0  # seconds


class CannotMount(RuntimeError):
    """Say that a small file system can't be made here."""


@contextmanager
def small(folder: Path, size: int) -> Iterator[Callable[[int], None]]:
    """Mount a file system of so many bytes, and give what makes it larger. Raises CannotMount; only root may."""
    folder.mkdir(parents=True)

    def mount(options: str) -> None:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True, check=False)
        if done.returncode:
            raise CannotMount(done.stderr.decode().strip())

    mount(f"size={size}")
    try:
        yield lambda more: mount(f"remount,size={more}")
    finally:
        subprocess.run(["umount", folder], check=True)


def full_disk(root: Path, size: int) -> dict[str, object]:
    """Put runs until the disk is full, try each pass then, make room, and let the next passes complete."""
    with small(root / "disk", size) as grow:
        lake, folder = Lake(FolderStore(root / "disk" / "lake")), root / "made"
        steps: list[Callable[[], object]] = [
            lambda: admission.admit(lake, NOON),
            lambda: compact(lake, NOON),
            lambda: made(lake.store, folder, inputs(1), NOON),
            lambda: collect(lake, NOON),
        ]

        def fill(say: Say) -> None:
            for number in RUNS:
                with suppress(OSError):
                    put_run(lake, number)
                    say(f"put {number}")
                if number % 10 == 9:
                    for step in steps:
                        _try(step, say)

        said = Counter[str]()
        filled = run(fill)
        said.update(line.partition(" ")[0] for line in filled.said)
        left = len(os.listdir(root / "disk" / "lake" / ".tmp"))  # noqa: PTH208 - names alone
        acknowledged = {int(line.split()[1]) for line in filled.said if line.startswith("put ")}
        grow(64 * MIB)
        found = _finished(lake, acknowledged, lambda: made(lake.store, folder, inputs(2), NOON + OLD))
    return {"kind": "folder", "refused": said["refused"], "left_over": left, **found, "failed": int(filled.status != 0)}


def full_server(root: Path, size: int) -> dict[str, object]:
    """Do the same with the S3 server's disk."""
    with small(root / "served", size) as grow, serving(root / "served" / "s3") as server:
        os.environ |= server.environment
        lake = Lake(S3Store(Bucket(name=BUCKET, endpoint=server.endpoint, prefix="full/", attempts=2)))

        def fill(say: Say) -> None:
            for number in RUNS[:45]:
                _try(lambda: put_run(lake, number), say, f"put {number}")  # noqa: B023
                if number % 10 == 9:
                    _try(lambda: admission.admit(lake, NOON), say)
                # What else is kept there fills the disk sooner.
                _try(lambda: lake.store.create(f"{FOLDER}ballast/{number}", os.urandom(2 * MIB)), say)  # noqa: B023

        filled = run(fill)
        acknowledged = {int(line.split()[1]) for line in filled.said if line.startswith("put ")}
        grow(4 * size)
        found = _finished(lake, acknowledged, lambda: None, RUNS[:45])
    refused = sum(line == "refused" for line in filled.said)
    return {"kind": "SeaweedFS", "refused": refused, **found, "failed": int(filled.status != 0)}


def _try(step: Callable[[], object], say: Say, done: str = "done") -> None:
    try:
        step()
    except Exception as error:  # noqa: BLE001 - what a full disk raises, through whatever library
        print(f"refused: {error!r}"[:160])
        say("refused")
    else:
        say(done)


def _finished(
    lake: Lake, acknowledged: set[int], publish: Callable[[], object], runs: range = RUNS
) -> dict[str, object]:
    """Put what was refused anew, let the passes complete, and judge."""
    again = {number + 1000 for number in set(runs) - acknowledged}
    right = rights([*runs, *again])

    def finish(say: Say) -> None:
        for number in sorted(again):
            put_run(lake, number)
        for step in (lambda: admission.admit(lake, NOON), lambda: compact(lake, NOON), publish):
            step()
        collect(lake, NOON)
        for what, count in judge(lake, right, {run_id(number) for number in acknowledged | again}).items():
            say(f"{what} {count}")

    passes, told = 1, run(finish)
    while told.status and passes < PASSES:
        time.sleep(PAUSE)  # SeaweedFS looks now and then whether there is room
        passes, told = passes + 1, run(finish)
    counts = {what: int(count) for what, count in map(str.split, told.said)}
    return {"acknowledged": len(acknowledged), **counts, "passes": passes, "unfinished": int(told.status != 0)}
