"""Kill compactors and collectors with kill -9, and count what is lost or doubled.

`python -m benchmarks.compaction_kills [--s3]`. Each kill is at a named fault point, or after a random time, whatever is
in flight then. Before it three more runs are put and admitted; after it every cell of every run is compared with what
was read before. Each step is a fork of its own.
"""

import argparse
import hashlib
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from tasks import admission, collection, sharding
from tasks.compaction import compact
from tasks.faults import POINTS
from tasks.inspection import inspect
from tasks.lake import Lake
from tasks.s3 import open_store
from tasks.seaweed import serving
from tasks.settings import Settings
from tasks.store import FolderStore
from tests.tasks.lakes import everything, inbox, put
from tests.tasks.runs import NOON

AT_TIME = "at any time"


def forked(act: Callable[[], object], kill_after: float | None = None) -> int:
    """Run an act in a fork of its own and return its exit status; kill it after some seconds if told."""
    pid = os.fork()
    if not pid:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - the fork must end here, whatever it was
            print(f"failed: {error!r}", flush=True)
            os._exit(1)
        os._exit(0)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def opened(root: Path) -> Lake:
    """Open the bucket that the environment names, or the folder."""
    return Lake(open_store(Settings().address) if "STANDINGS_LAKE" in os.environ else FolderStore(root / "lake"))


def add(root: Path, number: int) -> None:
    """Put three runs, admit them and write down what is there."""
    lake = opened(root)
    for each in range(3):
        put(lake, 3 * number + each)
    admission.admit(lake, NOON)
    (root / "right").write_text(digest(lake))


def tidy(root: Path, number: int) -> None:
    """Compact and collect; every round is a day, so that what the last one superseded goes."""
    lake, now = opened(root), NOON + 2 * number * timedelta(days=1)
    compact(lake, now)
    collection.collect(lake, now)


def check(root: Path, *, whole: bool) -> None:
    """Compare what is there with what was written down."""
    lake = opened(root)
    assert digest(lake) == (root / "right").read_text(), "a cell differs, or a row is lost or doubled"
    if whole:
        assert inspect(lake, NOON, deep=True).rotten == {}
        assert inbox(lake) == set()


def digest(lake: Lake) -> str:
    """Hash every cell of every row."""
    tables = everything(lake)
    return hashlib.sha256("".join(repr(tables[name].to_pylist()) for name in sorted(tables)).encode()).hexdigest()


def main() -> None:
    """Kill, compare, finish the work, compare; print a line a point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="at each named point, and as many in all at any time")
    parser.add_argument("--s3", action="store_true", help="keep the lake in a bucket of SeaweedFS")
    given = parser.parse_args()
    # Runs in no snapshot would stay for ever; no board is built here.
    collection._published = lambda _: lambda _: True
    sharding.ROWS_AT_MOST = 60
    points = [point for point in POINTS if point.startswith(("compact.", "collect."))]
    rounds = [point for point in points for _ in range(given.kills)]
    rounds += [AT_TIME] * len(rounds)
    random.Random(0).shuffle(rounds)
    counts: dict[str, Counter[str]] = {point: Counter() for point in (*points, AT_TIME)}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if given.s3:
            os.environ |= stack.enter_context(serving(Path(folder) / "s3")).environment
        for number, point in enumerate(rounds):
            root = Path(folder) / str(number // 20)  # a fresh lake now and then, or the last ones would be big
            root.mkdir(exist_ok=True)
            if given.s3:
                os.environ["STANDINGS_LAKE"] = f"s3://standings/{root.name}"
            assert forked(lambda: add(root, number)) == 0  # noqa: B023
            timed = random.Random(number).uniform(0.0, 0.5) if point == AT_TIME else None
            os.environ["STANDINGS_FAULT"] = "" if timed is not None else point
            status = forked(lambda: tidy(root, number), timed)  # noqa: B023
            os.environ["STANDINGS_FAULT"] = ""
            found = counts[point]
            found["killed"] += status == -signal.SIGKILL
            found["wrong after the kill"] += forked(lambda: check(root, whole=False)) != 0  # noqa: B023
            found["not finished by the next"] += forked(lambda: tidy(root, number)) != 0  # noqa: B023
            found["wrong after the next"] += forked(lambda: check(root, whole=True)) != 0  # noqa: B023
    for point, found in counts.items():
        print(f"{point:26} {', '.join(f'{count} {what}' for what, count in found.items())}")


if __name__ == "__main__":
    main()
