"""Race publishers, kill them and collect behind them: `python -m benchmarks.publish --kills 30 --races 40 [--s3]`.

Every snapshot is a few bytes that say which it is. Counts what was acknowledged, what is there and whole, what doubled
and what was torn; all but the first two have to be 0.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from standings.address import Bucket
from standings.retention import Rule
from tasks.faults import POINTS
from tasks.holding import release, rollback
from tasks.lake import Lake
from tasks.s3 import S3Store
from tasks.seaweed import BUCKET, serving
from tasks.snapshot_gc import collect
from tasks.snapshots import fetch, latest, listed, manifests, objects, read_manifest
from tasks.store import FolderStore, Missing, Store
from tests.tasks.publishing import board_of, inputs, made
from tests.tasks.runs import NOON

FAULTS = [point for point in POINTS if point.partition(".")[0] in ("publish", "hold", "gc")]
LAST = inputs(9999, appended=9)
CALM, OLD = Rule(newest=1, hours=24), timedelta(days=400)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("kills", 30), ("races", 40), ("publishers", 8), ("each", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--s3", action="store_true", help="on a SeaweedFS of its own; else in a folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, places(Path(folder), options.s3) as place:
        print(f"on {'SeaweedFS' if options.s3 else 'a folder'}")
        races(place, options.races, options.publishers, options.each)
        kills(place, options.kills)


@contextmanager
def places(folder: Path, s3: bool) -> Iterator["Places"]:
    """Give lakes that nothing was put to."""
    if not s3:
        yield Places(folder, None)
        return
    with serving(folder / "s3") as server:
        os.environ |= server.environment
        yield Places(folder, server.endpoint)


class Places:
    """Name lakes, and open them in this process or another."""

    def __init__(self, folder: Path, endpoint: str | None) -> None:
        self.folder, self.endpoint, self.count = folder, endpoint, 0

    def new(self) -> tuple[str, Store]:
        """Make an address and open it."""
        self.count += 1
        address = f"{self.endpoint}|{self.count}/" if self.endpoint else str(self.folder / str(self.count))
        return address, opened(address)


def opened(address: str) -> Store:
    """Open a lake by its address."""
    endpoint, _, prefix = address.partition("|")
    return S3Store(Bucket(name=BUCKET, endpoint=endpoint, prefix=prefix)) if prefix else FolderStore(Path(address))


def races(place: Places, rounds: int, publishers: int, each: int) -> None:
    """Let processes publish snapshots of random facts at once, and check what readers get."""
    began, told, torn, doubled, lost = time.monotonic(), 0, 0, 0, 0
    swaps = 0
    for number in range(rounds):
        address, store = place.new()
        given = ["publish", address, str(each)]
        running = [start(*given, str(number * 100 + it)) for it in range(publishers)]
        acknowledged = [line for it in running for line in it.communicate()[0].decode().splitlines()]
        assert all(it.returncode == 0 for it in running), [it.returncode for it in running]
        told += len(acknowledged)
        pointer = latest(store)
        assert pointer is not None
        swaps += pointer.seq
        mine = [tuple(map(int, line.split()[:3])) for line in acknowledged if line.endswith("mine")]
        lost += sum(it[0] > pointer.watermark or it[1] > pointer.appended for it in mine)
        doubled += len(set(mine)) - len({it[2] for it in mine})  # one swap told to two different snapshots
        torn += broken(store)
    print(f"{rounds} races of {publishers} processes, {each} publishes each, {time.monotonic() - began:.0f} s:")
    print(f"  answered {told}, swaps {swaps}; acknowledged and not shown {lost}; doubled {doubled}; torn {torn}")


def kills(place: Places, times: int) -> None:
    """Kill a process at each point of publishing, holding and collecting; check, do it again, check."""
    print(f"{'point':24} {'killed':>6} {'torn':>5} {'not completed':>14}")
    for point in FAULTS:
        count: Counter[str] = Counter()
        for number in range(times):
            address, store = place.new()
            for watermark in (1, 2, 3):
                made(store, place.folder / "made", inputs(watermark), NOON + timedelta(hours=watermark))
            made(store, place.folder / "made", inputs(4), NOON + OLD)
            act = point.partition(".")[0]
            after = random.randint(1, 3) if point == "gc.in_deletion" else 1
            killed = start("alone" if act == "publish" else act, address, "1", str(number), fault=f"{point}#{after}")
            killed.communicate()
            count["killed"] += killed.returncode == -signal.SIGKILL
            count["torn"] += broken(store)
            count["not completed"] += not completed(act, store, place.folder)
        print(f"{point:24} {count['killed']:6} {count['torn']:5} {count['not completed']:14}", flush=True)
    count = Counter()
    for number in range(times * len(FAULTS)):
        address, store = place.new()
        running = start("alone", address, "1000", str(number))
        assert running.stdout
        said = running.stdout.readline()
        time.sleep(random.random() / 20)  # wherever it then is: mostly in the middle of a request
        running.kill()
        said += running.stdout.read()
        running.wait()
        acknowledged = [line.split() for line in said.decode().splitlines()][-1]
        pointer = latest(store)
        count["killed"] += 1
        count["torn"] += broken(store)
        count["not completed"] += not completed("publish", store, place.folder)
        count["lost"] += pointer is None or pointer.watermark < int(acknowledged[0])
    print(f"{'anywhere in publishing':24} {count['killed']:6} {count['torn']:5} {count['not completed']:14}")
    print(f"  acknowledged and not shown after it: {count['lost']}")


def completed(act: str, store: Store, folder: Path) -> bool:
    """Do again what a killed process was at, and tell whether all is as if it had not been killed."""
    if act == "publish":
        done = made(store, folder / "made", LAST, NOON + OLD).id == LAST.id
    elif act == "hold":
        rollback(Lake(store), inputs(1).id, "a reason", "ann", NOON + OLD)
        done = release(Lake(store), "a reason", "ann", NOON + OLD).id == inputs(4).id
    else:
        collect(store, CALM, NOON + 2 * OLD)
        done = set(listed(store)) == {inputs(3).id, inputs(4).id} == {it for it, _, _ in objects(store)}
    return done and not broken(store)


def broken(store: Store) -> int:
    """Count listed snapshots, and what the pointer names, that are not whole or not what they say."""
    pointer = latest(store)
    wrong = 0 if pointer is None else read_manifest(store, pointer.id)[1] != pointer.manifest_sha256
    with tempfile.TemporaryDirectory() as cache:
        for manifest in manifests(store, listed(store)):
            try:
                bodies = {name: fetch(store, manifest, Path(cache), name).read_bytes() for name in manifest.files}
            except Missing:
                wrong += 1
                continue
            wrong += bodies["standings.duckdb"] != board_of(manifest.inputs)
    return int(wrong)


def start(*words: str, fault: str | None = None) -> "subprocess.Popen[bytes]":
    """Start a process that publishes, holds or collects."""
    variables = {**os.environ, **({"STANDINGS_FAULT": fault} if fault else {})}
    return subprocess.Popen([sys.executable, "-m", __spec__.name, *words], stdout=subprocess.PIPE, env=variables)


def worker(act: str, address: str, each: int, seed: int) -> None:
    """Be one of the processes."""
    store, chance = opened(address), random.Random(seed)
    if act == "hold":
        rollback(Lake(store), inputs(1).id, "a reason", "ann", NOON + OLD)
    elif act == "gc":
        collect(store, CALM, NOON + 2 * OLD - timedelta(hours=2))
    else:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(each):
                of = inputs(chance.randint(5, 9), appended=chance.randint(0, 9))
                if act == "alone":  # each has more facts than the one before, and is put
                    of = LAST if each == 1 else inputs(10 + number)
                pointer = made(store, Path(folder), of, NOON + OLD)
                print(of.watermark, of.appended, pointer.seq, "mine" if pointer.id == of.id else "other", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        worker(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
