"""Lay into the inbox what does not belong there, and set the clocks two hours off."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.survival.acts import CALM, RETRIED, put_run, run_id
from benchmarks.survival.forks import Say, run
from benchmarks.survival.judge import judge
from benchmarks.survival.places import Where
from benchmarks.survival.rights import rights
from tasks import admission, snapshot_gc
from tasks.collection import collect
from tasks.compaction import compact
from tasks.inbox import RunKey
from tasks.lake import Lake
from tasks.snapshot_gc import Collecting
from tests.faultproxy import flipped
from tests.tasks.lakes import put
from tests.tasks.publishing import inputs, made
from tests.tasks.runs import NOON

HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
BODIES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "HTML": lambda _: HTML,
    "half": lambda body: body[: len(body) // 2],
    "a flipped bit": flipped,
}
GOOD = range(4000, 4010)
OFF = (timedelta(hours=-2), timedelta(), timedelta(hours=2))
STEPS = 150


def strays(where: Where, name: str) -> dict[str, object]:
    """Spoil each kind of object in each way, between good runs; the gate sets aside those and no other."""
    right = rights(GOOD)

    def act(say: Say) -> None:
        lake, spoilt = where.open(name), set[str]()
        for number in GOOD[:5]:
            put_run(lake, number)
        for body in BODIES.values():
            for kind in ("samples", "scores", "run"):
                spoilt.add(_spoilt(lake, kind, body))
        lake.store.create("inbox/v1/index.html", HTML)
        lake.store.create("inbox/v1/deep/er/than/any/run.parquet", b"")
        for number in GOOD[5:]:
            put_run(lake, number)
        aside = {key.run_id for key in admission.admit(lake, NOON).faults}
        say(f"spoilt {len(spoilt)}")
        say(f"set_aside {len(aside & spoilt)}")
        say(f"unfinished {len(aside ^ spoilt)}")
        compact(lake, NOON)
        for what, count in judge(lake, right, {run_id(number) for number in GOOD}).items():
            say(f"{what} {count}")

    told = run(act)
    return {"acknowledged": len(GOOD), **_counts(told.said), "failed": int(told.status != 0)}


def _spoilt(lake: Lake, kind: str, body: Callable[[bytes], bytes]) -> str:
    """Put a run one of whose objects came out wrong; return its id."""
    run_row = put(lake, 0)
    key = RunKey(run_row["job_id"], run_row["run_id"]).of(kind)
    right = lake.store.read(key)
    lake.store.delete(key)
    lake.store.create(key, body(right))
    return str(run_row["run_id"])


def clocks(where: Where, name: str, folder: Path) -> dict[str, object]:
    """Let machines whose clocks are two hours slow, right and two hours fast take turns at everything, for weeks."""
    numbers = range(5000, 5000 + RETRIED // 2)
    right = rights(numbers)

    def act(say: Say) -> None:
        lake, chance = where.open(name), random.Random(name)
        moment, left, watermark = datetime.now(UTC), list(numbers), 0
        refused = 0
        for _ in range(STEPS):
            moment += timedelta(hours=chance.uniform(0, 6))
            now = moment + chance.choice(OFF)
            match chance.randrange(6):
                case 0 if left:
                    put_run(lake, left.pop())
                case 1:
                    admission.admit(lake, now)
                case 2:
                    compact(lake, now)
                case 3:
                    collect(lake, now)
                case 4:
                    seen = lake.view().log.num_rows
                    pointer = made(lake.store, folder, inputs(seen), now)
                    assert pointer.watermark >= watermark, "readers were given fewer facts than before"
                    watermark = pointer.watermark
                case _:
                    try:
                        snapshot_gc.collect(lake.store, CALM, now)
                    except Collecting:
                        refused += 1
        for number in left:
            put_run(lake, number)
        admission.admit(lake, moment)
        say(f"refused {refused}")
        made(lake.store, folder, inputs(lake.view().log.num_rows), moment)
        for step in (compact, collect):
            step(lake, moment)
        snapshot_gc.collect(lake.store, CALM, moment + timedelta(hours=3))
        for what, count in judge(lake, right, {run_id(number) for number in numbers}).items():
            say(f"{what} {count}")

    told = run(act)
    return {"acknowledged": len(numbers), **_counts(told.said), "failed": int(told.status != 0)}


def _counts(said: tuple[str, ...]) -> dict[str, int]:
    return {what: int(count) for what, count in map(str.split, said)}
