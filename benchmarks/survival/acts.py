"""The acts that are killed, each with the pass that follows and what has to be true after that."""

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from benchmarks.survival.forks import Say
from standings.registry import Registry
from standings.retention import Rule
from standings.suite import Suite
from tasks import admission, collection, snapshot_gc
from tasks.compaction import compact
from tasks.holding import release, rollback
from tasks.lake import Lake
from tasks.planning import WRITTEN_BY_SYNC, pending_rows, write_pending
from tasks.registry_files import read, read_suites
from tasks.segments import COMPACTED, MANIFESTS, newest
from tasks.snapshots import latest, listed, objects
from tests.flows.home import write_registry
from tests.tasks.lakes import inbox, keys, put
from tests.tasks.publishing import inputs, made
from tests.tasks.runs import NOON

DAY = timedelta(days=1)
OLD = timedelta(days=400)
LAST = inputs(9999, appended=9)
CALM = Rule(newest=1, hours=24)
COMPACTED_FIRST, ADMITTED = 3, 7  # runs of a template; two more wait
WAITING, NEW = range(ADMITTED, ADMITTED + 2), range(10, 13)
RETRIED = 100  # a run's number and so much more is the next attempt of its job


def run_id(number: int) -> str:
    """Make a UUIDv7 that says which run it is."""
    return f"01980000-0000-7000-8000-{number:012d}"


def put_run(lake: Lake, number: int) -> None:
    """Put a run by its number."""
    put(lake, number % RETRIED, run_id=run_id(number), attempt=1 + number // RETRIED)


def fill(lake: Lake, folder: Path, template: str) -> None:
    """Make a template: `open` has runs in every state, `compacted` the same compacted twice, `snapshots` no run."""
    if template == "snapshots":
        for watermark in (1, 2, 3):
            made(lake.store, folder, inputs(watermark), NOON + timedelta(hours=watermark))
    else:
        _fill_with_runs(lake, compacted=template == "compacted")
    made(lake.store, folder, inputs(ADMITTED), NOON + OLD)


def _fill_with_runs(lake: Lake, *, compacted: bool) -> None:
    for number in range(ADMITTED):
        put_run(lake, number)
        if number + 1 in (COMPACTED_FIRST, ADMITTED):
            admission.admit(lake, NOON)
        if number + 1 == COMPACTED_FIRST or (compacted and number + 1 == ADMITTED):
            compact(lake, NOON)
    for number in WAITING:
        put_run(lake, number)


@dataclass(frozen=True)
class Act:
    """Something that is killed."""

    name: str  # of its fault points
    do: Callable[[Lake, Say], object]
    again: Callable[[Lake, Sequence[str]], object]  # the next pass, which may know what was acknowledged
    done: Callable[[Lake], bool]  # whether all else is as if nobody had been killed
    must: Callable[[Sequence[str]], set[int]]  # the runs that are there after it
    template: str = "open"
    often: int = 1  # so many times each of its points is reached at least

    @property
    def before(self) -> set[int]:
        """Return the runs that are admitted before it."""
        return set() if self.template == "snapshots" else {*range(ADMITTED)}


def _put(lake: Lake, say: Say) -> None:
    for number in NEW:
        put_run(lake, number)
        say(str(number))


def _put_again(lake: Lake, said: Sequence[str]) -> None:
    for number in NEW:
        if str(number) not in said:
            put_run(lake, number + RETRIED)
    admission.admit(lake, NOON)


def _of_put(said: Sequence[str]) -> set[int]:
    return {number if str(number) in said else number + RETRIED for number in NEW} | _admitted(said) | {*WAITING}


def _admitted(_: Sequence[str]) -> set[int]:
    return {*range(ADMITTED)}


def _none(_: Sequence[str]) -> set[int]:
    return set()


@cache
def registry() -> tuple[Registry, list[Suite]]:
    """Make a small registry."""
    with tempfile.TemporaryDirectory() as folder:
        root = write_registry(Path(folder) / "registry")
        return read(root)[0], [*read_suites(root)[0].values()]


def _sync(lake: Lake, minutes: int) -> None:
    write_pending(lake, *registry(), NOON + timedelta(minutes=minutes))


def _synced(lake: Lake) -> bool:
    """Tell whether sync finds nothing more, and nothing is there twice."""
    left = pending_rows(lake, *registry(), NOON + DAY)
    rows = Counter(
        (name, *(str(row.get(key)) for key in ("model", "variant", "suite", "benchmark")))
        for name, table in lake.facts(*WRITTEN_BY_SYNC).items()
        for row in table.to_pylist()
    )
    return not any(table.num_rows for table in left.values()) and set(rows.values()) == {1}


def _tidy(lake: Lake, now: datetime) -> None:
    compact(lake, now)
    collection.collect(lake, now)


def _tidied(lake: Lake) -> bool:
    """Tell whether only what waits is in the inbox, and only what the manifest names is compacted."""
    # Files of an attempt that died go after a week by the clock of this machine, which named them.
    collection.collect(lake, datetime.now(UTC) + 9 * DAY)
    left = set(keys(lake, MANIFESTS)) | {file.key for it in newest(lake.store).segments for file in it.files}
    return inbox(lake) == {run_id(number) for number in WAITING} and set(keys(lake, COMPACTED)) == left


def _publish(lake: Lake) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made(lake.store, Path(folder), LAST, NOON + OLD)


def _shows(lake: Lake, watermark: int) -> bool:
    pointer = latest(lake.store)
    return pointer is not None and pointer.hold is None and pointer.watermark == watermark


def _hold(lake: Lake, now: datetime) -> None:
    rollback(lake, inputs(1).id, "a reason", "ann", now)
    release(lake, "a reason", "ann", now)


def _collected(lake: Lake) -> bool:
    left = {inputs(3).id, inputs(ADMITTED).id}
    return set(listed(lake.store)) == left == {it for it, _, _ in objects(lake.store)}


def _collect_snapshots(lake: Lake, hours: int) -> None:
    snapshot_gc.collect(lake.store, CALM, NOON + 2 * OLD + timedelta(hours=hours))


LATER = NOON + 2 * DAY
ACTS = [
    Act("put", _put, _put_again, lambda _: True, _of_put, often=3),
    Act(
        "admit",
        lambda lake, _: admission.admit(lake, NOON),
        lambda lake, _: admission.admit(lake, NOON),
        lambda lake: lake.view().log.num_rows == ADMITTED + len(WAITING),
        lambda said: _admitted(said) | {*WAITING},
    ),
    Act("sync", lambda lake, _: _sync(lake, 0), lambda lake, _: _sync(lake, 1), _synced, _none, "snapshots"),
    Act(
        "compact", lambda lake, _: compact(lake, LATER), lambda lake, _: _tidy(lake, LATER), _tidied, _admitted, often=2
    ),
    Act(
        "collect",
        lambda lake, _: collection.collect(lake, LATER),
        lambda lake, _: _tidy(lake, LATER),
        _tidied,
        _admitted,
        "compacted",
    ),
    Act(
        "publish",
        lambda lake, _: _publish(lake),
        lambda lake, _: _publish(lake),
        lambda lake: _shows(lake, LAST.watermark),
        _none,
        "snapshots",
    ),
    Act(
        "hold",
        lambda lake, _: _hold(lake, NOON + OLD),
        lambda lake, _: _hold(lake, NOON + OLD + DAY),
        lambda lake: _shows(lake, ADMITTED),
        _none,
        "snapshots",
        often=2,
    ),
    Act(
        "gc",
        lambda lake, _: _collect_snapshots(lake, 0),
        lambda lake, _: _collect_snapshots(lake, 9),
        _collected,
        _none,
        "snapshots",
    ),
]
OFTEN = {"gc.in_deletion": 5}  # where a point is reached more often than its act's others
ONCE = {"compact.before_manifest", "compact.after_manifest"}


def times(act: Act, point: str) -> int:
    """Return how often a point of an act is reached at least."""
    return 1 if point in ONCE else OFTEN.get(point, act.often)
