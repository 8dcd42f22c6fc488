"""Do everything through a network that fails three times of ten, and count what came of it."""

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.survival.acts import CALM, NOON, OLD, put_run, run_id
from benchmarks.survival.forks import Say, run
from benchmarks.survival.judge import judge
from benchmarks.survival.places import Seaweed
from benchmarks.survival.rights import rights
from tasks import admission, snapshot_gc
from tasks.collection import collect
from tasks.compaction import compact
from tasks.lake import Lake
from tests.faultproxy import Fault, between
from tests.tasks.publishing import inputs, made

FAULTS: dict[str, list[Fault]] = {
    "replies are lost": ["lost reply"],
    "connections are reset": ["reset"],
    "replies are cut": ["truncated"],
    "replies have a flipped bit": ["flipped"],
    "uploads are cut": ["cut upload"],
    "uploads have a flipped bit": ["flipped upload"],
    "the server answers 503": ["unavailable"],
    "all of these": ["lost reply", "reset", "truncated", "flipped", "cut upload", "flipped upload", "unavailable"],
}
SHARE = 0.3  # of requests
RUNS = range(2000, 2012)


def bad_network(where: Seaweed, name: str, faults: list[Fault]) -> dict[str, object]:
    """Put, admit, compact, publish and collect through it; judge past it."""
    right = rights(RUNS)
    chance = random.Random(name)

    def choose(_: str, path: str, __: int) -> Fault | None:
        fault = chance.choice(faults) if chance.random() < SHARE else None
        # A flip in a listing has no sha256 that would tell.
        return None if fault == "flipped" and "list-type" in path else fault

    def act(say: Say) -> None:
        with between(where.endpoint, choose) as proxy, tempfile.TemporaryDirectory() as folder:
            lake = where.at(proxy.endpoint, name)
            acknowledged, gave_up = set[int](), 0
            with ThreadPoolExecutor(4) as pool:
                for number, error in pool.map(lambda it: (it, _tried(lake, it)), RUNS):
                    acknowledged |= set() if error else {number}
                    gave_up += error is not None
            gave_up += sum(_passes(lake, Path(folder)) for _ in range(2))
            say(f"requests {next(proxy.counter) - 1}")
            say(f"faults {len(proxy.done)}")
        say(f"acknowledged {len(acknowledged)}")
        say(f"gave_up {gave_up}")
        straight = where.open(name)
        admission.admit(straight, NOON)
        for what, count in judge(straight, right, {run_id(number) for number in acknowledged}).items():
            say(f"{what} {count}")

    told = run(act)
    return Counter({what: int(count) for what, count in map(str.split, told.said)}, failed=int(told.status != 0))


def _tried(lake: Lake, number: int) -> Exception | None:
    try:
        put_run(lake, number)
    except Exception as error:  # noqa: BLE001 - what it is that a worker gives up on is what is counted
        print(f"put gave up: {error!r}"[:300])
        return error
    return None


def _passes(lake: Lake, folder: Path) -> int:
    """Do each pass; return how many gave up."""
    gave_up = 0
    steps: list[Callable[[], object]] = [
        lambda: admission.admit(lake, NOON),
        lambda: compact(lake, NOON),
        lambda: made(lake.store, folder, inputs(1), NOON),
        lambda: made(lake.store, folder, inputs(len(RUNS)), NOON + OLD),
        lambda: collect(lake, NOON),
        lambda: snapshot_gc.collect(lake.store, CALM, NOON + 2 * OLD),
    ]
    for step in steps:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - as above
            print(f"a pass gave up: {error!r}"[:300])
            gave_up += 1
    return gave_up
