"""A rollback holds: readers stay at an older snapshot through the nights, until somebody releases them."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.holding import NotHeld, release, rollback
from tasks.lake import Lake
from tasks.snapshots import latest, open_latest
from tasks.store import FolderStore, Missing
from tests.tasks.publishing import board_of, inputs, made, race
from tests.tasks.runs import NOON

ROOT = Path(__file__).parents[2]
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with two snapshots, of watermark 1 and 2."""
    store = FolderStore(tmp_path / "lake")
    for watermark in (1, 2):
        made(store, tmp_path, inputs(watermark))
    return Lake(store)


def held(lake: Lake, of: int = 1) -> None:
    """Roll back."""
    rollback(lake, inputs(of).id, "wrong ranks", "ann", LATER)


def acts(lake: Lake) -> list[tuple[str, str, str, str]]:
    """Return what was decided, as the lake has it."""
    rows = lake.facts("decisions")["decisions"].to_pylist()
    return [(row["decision"], row["target"], row["reason"], row["who"]) for row in rows]


def test_a_rollback_points_readers_back_and_says_why(lake: Lake, tmp_path: Path) -> None:
    held(lake)
    assert open_latest(lake.store, tmp_path / "cache").read_bytes() == board_of(inputs(1))
    pointer = latest(lake.store)
    assert pointer is not None
    assert pointer.hold is not None
    assert (pointer.hold.reason, pointer.hold.who, pointer.hold.since) == ("wrong ranks", "ann", LATER)
    assert acts(lake) == [("rollback", inputs(1).id, "wrong ranks", "ann")]


def test_a_night_behind_a_hold_keeps_its_snapshot_and_readers_stay(lake: Lake, tmp_path: Path) -> None:
    held(lake)
    told = made(lake.store, tmp_path, inputs(3))
    assert (told.id, told.front.id) == (inputs(1).id, inputs(3).id)
    assert made(lake.store, tmp_path, inputs(3)) == told
    assert open_latest(lake.store, tmp_path / "cache").read_bytes() == board_of(inputs(1))


def test_a_release_goes_to_the_newest_that_was_built_meanwhile(lake: Lake, tmp_path: Path) -> None:
    held(lake)
    for watermark in (3, 4):
        made(lake.store, tmp_path, inputs(watermark))
    assert release(lake, "mended", "bob", LATER).id == inputs(4).id
    assert open_latest(lake.store, tmp_path / "cache").read_bytes() == board_of(inputs(4))
    assert acts(lake)[-1] == ("release", inputs(4).id, "mended", "bob")
    assert made(lake.store, tmp_path, inputs(5)).id == inputs(5).id


def test_a_release_with_nothing_built_since_goes_back_to_where_it_came_from(lake: Lake) -> None:
    held(lake)
    assert release(lake, "it was right", "bob", LATER).id == inputs(2).id
    with pytest.raises(NotHeld):
        release(lake, "again", "bob", LATER)


def test_a_second_rollback_holds_elsewhere_and_forgets_nothing_that_waits(lake: Lake, tmp_path: Path) -> None:
    held(lake, of=2)
    made(lake.store, tmp_path, inputs(3))
    held(lake, of=1)
    assert release(lake, "mended", "bob", LATER).id == inputs(3).id


def test_no_publisher_races_past_a_rollback(lake: Lake, tmp_path: Path) -> None:
    from threading import Thread

    operator = Thread(target=held, args=(lake,))
    operator.start()
    race(lake.store, tmp_path, [inputs(number) for number in range(3, 40)])
    operator.join()
    pointer = latest(lake.store)
    assert pointer is not None
    assert (pointer.watermark, pointer.front.watermark) == (1, 39)


def test_a_snapshot_that_is_not_there_can_not_be_rolled_back_to(lake: Lake) -> None:
    before = latest(lake.store)
    with pytest.raises(Missing):
        rollback(lake, "0" * 64, "no reason", "ann", LATER)
    assert latest(lake.store) == before


def test_killed_before_the_lake_has_why_the_pointer_says_it(lake: Lake, tmp_path: Path) -> None:
    assert isinstance(lake.store, FolderStore)
    script = (
        "import sys; from pathlib import Path; from tasks.store import FolderStore; from tasks.lake import Lake;"
        "from tests.tasks.test_holding import held; held(Lake(FolderStore(Path(sys.argv[1]))))"
    )
    variables = {**os.environ, "STANDINGS_FAULT": "hold.after_pointer"}
    command = [sys.executable, "-c", script, str(lake.store.root)]
    killed = subprocess.run(command, cwd=ROOT, env=variables, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    pointer = latest(lake.store)
    assert pointer is not None
    assert pointer.id == inputs(1).id
    assert pointer.hold is not None
    assert pointer.hold.reason == "wrong ranks"
    held(lake)
    assert len(acts(lake)) == 1
