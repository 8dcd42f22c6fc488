"""Let many write at once, let publishers race, and kill the S3 server under writers."""

import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.survival.acts import NOON, OLD, put_run, run_id
from benchmarks.survival.forks import Ended, Fork, Say, run
from benchmarks.survival.judge import judge, torn_snapshots
from benchmarks.survival.places import Where
from benchmarks.survival.rights import rights
from standings.address import Bucket
from tasks import admission
from tasks.collection import collect
from tasks.compaction import compact
from tasks.lake import Lake
from tasks.s3 import S3Store, Unreachable
from tasks.seaweed import BUCKET, Server, start
from tasks.snapshots import latest
from tests.tasks.publishing import inputs, made

WRITERS, RUNS = 20, 5
PUBLISHERS, PUBLISHES = 8, 10
UNDER_KILLS = 8  # writers, while their server is killed
UP = (0.2, 1.5)  # seconds that the server is up before it is killed


def writers(where: Where, name: str) -> dict[str, object]:
    """Let writers put runs at once, with two gates and a compactor beside them."""
    numbers = range(1000, 1000 + WRITERS * RUNS)

    def write(mine: Iterable[int]) -> Fork:
        def act(say: Say) -> None:
            for number in mine:
                put_run(where.open(name), number)
                say(str(number))

        return Fork(act)

    def tend(_: Say) -> None:
        while True:
            admission.admit(where.open(name), NOON)

    def tidy(_: Say) -> None:
        while True:
            compact(where.open(name), NOON)
            collect(where.open(name), NOON)

    beside = [Fork(tend), Fork(tend), Fork(tidy)]
    ended = [fork.wait() for fork in [write(numbers[it::WRITERS]) for it in range(WRITERS)]]
    for fork in beside:
        fork.kill()  # wherever they are
        fork.wait()
    return {"writers": WRITERS, **_counted(where.open(name), ended, numbers)}


def _counted(lake: Lake, ended: list[Ended], numbers: Iterable[int]) -> dict[str, object]:
    """Admit what is left, and judge it all."""
    acknowledged = [int(line) for one in ended for line in one.said]
    right = rights(numbers)

    def judged(say: Say) -> None:
        admission.admit(lake, NOON)
        for what, count in judge(lake, right, {run_id(number) for number in acknowledged}).items():
            say(f"{what} {count}")

    told = run(judged)
    assert told.status == 0
    counts = {what: int(count) for what, count in map(str.split, told.said)}
    return {"acknowledged": len(acknowledged), "failed": sum(one.status != 0 for one in ended), **counts}


def race(where: Where, name: str, number: int) -> dict[str, object]:
    """Let processes publish snapshots of random facts at once, and check what readers get."""

    def publish(seed: int) -> Fork:
        def act(say: Say) -> None:
            chance = random.Random(seed)
            with tempfile.TemporaryDirectory() as folder:
                for _ in range(PUBLISHES):
                    of = inputs(chance.randint(5, 9), appended=chance.randint(0, 9))
                    pointer = made(where.open(name).store, Path(folder), of, NOON + OLD)
                    say(f"{of.watermark} {of.appended} {pointer.seq} {int(pointer.id == of.id)}")

        return Fork(act)

    ended = [fork.wait() for fork in [publish(number * PUBLISHERS + it) for it in range(PUBLISHERS)]]
    answers = [tuple(map(int, line.split())) for one in ended for line in one.said]
    mine = [answer for answer in answers if answer[3]]
    found = Counter(acknowledged=len(answers), failed=sum(one.status != 0 for one in ended))

    def judged(say: Say) -> None:
        store = where.open(name).store
        pointer = latest(store)
        assert pointer is not None
        say(f"swaps {pointer.seq}")
        say(f"lost {sum(it[0] > pointer.watermark or it[1] > pointer.appended for it in mine)}")
        say(f"torn {torn_snapshots(where.open(name))}")

    found.update({what: int(count) for what, count in map(str.split, run(judged).said)})
    # One swap that was told to two different snapshots.
    found["doubled"] = len({it[:3] for it in mine}) - len({it[2] for it in mine})
    return {"publishers": PUBLISHERS, **found}


def killed_server(folder: Path, kills: int) -> dict[str, object]:
    """Kill the server under writers, and start it again, over and over."""
    server = start(folder)
    os.environ |= server.environment
    port = urlsplit(server.endpoint).port
    store = S3Store(_bucket(server))
    numbers = range(1000, 1000 + UNDER_KILLS * 10_000)

    def write(mine: Iterable[int]) -> Fork:
        def act(say: Say) -> None:
            for number in mine:
                with suppress(Unreachable):
                    put_run(Lake(store), number)
                    say(str(number))

        return Fork(act)

    forks = [write(numbers[it::UNDER_KILLS]) for it in range(UNDER_KILLS)]
    chance = random.Random(0)
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(*UP))
            server.process.kill()
            server.process.wait()
            server = start(folder, port)
        time.sleep(UP[1])
        for fork in forks:
            fork.kill()
        ended = [fork.wait() for fork in forks]
        # What a writer gave up on, or could not tell of any more, may be there whole.
        ends = [max([first, *map(int, one.said)]) for first, one in zip(numbers, ended, strict=False)]
        tried = {
            it
            for first, end in zip(numbers, ends, strict=False)
            for it in range(first, end + 9 * UNDER_KILLS, UNDER_KILLS)
        }
        found = _counted(Lake(store), ended, sorted(tried))
    finally:
        server.process.kill()
        server.process.wait()
    return {"kills": kills, **found, "failed": 0}


def _bucket(server: Server) -> Bucket:
    return Bucket(name=BUCKET, endpoint=server.endpoint, prefix="under-kills/")
