"""Collecting old snapshots: what a rule keeps stays, and no pointer ever names one that is half gone."""

import contextlib
import os
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from standings.retention import Rule
from tasks.holding import rollback
from tasks.lake import Lake
from tasks.publish import BeingCollected, claim
from tasks.snapshot_gc import Collecting, collect
from tasks.snapshots import BOARD, Inputs, fetch, key_of, latest, listed, read_manifest
from tasks.store import FolderStore, Missing
from tests.tasks.publishing import board_of, inputs, made
from tests.tasks.runs import NOON

ROOT = Path(__file__).parents[2]
RULE = Rule(newest=2, hours=24)


def at(day: float) -> datetime:
    return NOON + timedelta(days=day)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Ten snapshots, of watermarks 0 to 9: two a day, one at noon and one at six."""
    store = FolderStore(tmp_path / "lake")
    for number in range(10):
        made(store, tmp_path, inputs(number), at(number // 2 + number % 2 / 4))
    return store


def left(store: FolderStore) -> list[int]:
    """Return the watermarks of what is left, each checked to be whole."""
    found = []
    for snapshot in listed(store):
        manifest, _ = read_manifest(store, snapshot)
        assert store.read(key_of(snapshot, BOARD)) == board_of(manifest.inputs)
        found.append(manifest.inputs.watermark)
    return sorted(found)


def test_the_last_of_each_day_is_never_collected(store: FolderStore) -> None:
    report = collect(store, RULE, at(400))
    # 8 is one of the newest two
    assert left(store) == [1, 3, 5, 7, 8, 9]
    assert set(report.collected) == {inputs(number).id for number in (0, 2, 4, 6)}
    assert report.kept[inputs(1).id] == "the last of 2026-08-01"
    assert report.kept[inputs(9).id] == "readers have it"
    assert all(size > 0 for size in report.collected.values())
    assert {entry.key.split("/")[1] for entry in store.list("snapshots/")} == set(listed(store))


def test_a_dry_run_says_the_same_and_deletes_nothing(store: FolderStore) -> None:
    before = list(store.list(""))
    told = collect(store, RULE, at(400), dry_run=True)
    assert list(store.list("")) == before
    assert collect(store, RULE, at(400)) == told


def test_the_young_are_kept(store: FolderStore) -> None:
    collect(store, Rule(newest=0, hours=36), at(4))
    assert left(store) == [1, 3, 5, 6, 7, 8, 9]


def test_what_readers_are_held_at_and_what_waits_is_kept(store: FolderStore, tmp_path: Path) -> None:
    rollback(Lake(store), inputs(2).id, "a reason", "ann", at(5))
    made(store, tmp_path, inputs(10), at(6))
    made(store, tmp_path, inputs(11), at(6.1))
    report = collect(store, Rule(newest=0, hours=1), at(400))
    assert left(store) == [1, 2, 3, 5, 7, 9, 11]
    assert report.kept[inputs(2).id] == "readers are held at it"
    assert report.kept[inputs(11).id] == "waits behind a hold"


def test_what_a_killed_publisher_left_goes_once_it_is_old(store: FolderStore) -> None:
    torn = inputs(20)
    claim(store, torn.id, at(7))
    store.create(key_of(torn.id, BOARD), b"board")
    store.create(key_of("f" * 64, BOARD), b"of an older version, and nobody knows from when")
    assert collect(store, RULE, at(7.5)).kept[torn.id] == "being put"
    report = collect(store, RULE, at(9))
    assert report.collected == {torn.id: 5}
    assert report.kept["f" * 64] == "its time is not known"


def test_nobody_points_to_what_is_being_deleted(store: FolderStore, tmp_path: Path) -> None:
    class Watched(FolderStore):
        """Try to publish what is being deleted, as older code on unchanged facts would."""

        def delete(self, key: str) -> None:
            with pytest.raises(BeingCollected, match="gc"):
                made(store, tmp_path, older)
            with pytest.raises((BeingCollected, Missing)):  # its manifest goes first
                rollback(Lake(store), older.id, "a reason", "ann", at(400))
            super().delete(key)

    older = inputs(9, code="older")
    made(store, tmp_path, older, at(4.1))
    made(store, tmp_path, inputs(9, code="newer"), at(4.2))
    collect(Watched(store.root), RULE, at(400))
    assert inputs(9, code="older").id not in listed(store)
    made(store, tmp_path, older, at(401))
    assert fetch(store, read_manifest(store, older.id)[0], tmp_path / "cache").read_bytes() == board_of(older)


@pytest.mark.parametrize("hours", [0, 4], ids=["clocks agree", "one is two hours slow, one two hours fast"])
def test_two_do_not_collect_at_once(store: FolderStore, hours: float) -> None:
    class Watched(FolderStore):
        def delete(self, key: str) -> None:
            with pytest.raises(Collecting, match="another collection runs"):
                collect(store, RULE, at(400 + hours / 24))
            super().delete(key)

    collect(Watched(store.root), RULE, at(400))
    assert left(store) == [1, 3, 5, 7, 8, 9]


@pytest.mark.parametrize("point", ["gc.after_mark", "gc.in_deletion", "gc.in_deletion#5"])
def test_killed_while_collecting_the_next_one_ends_it(store: FolderStore, point: str) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from tests.tasks.test_snapshot_gc import RULE, FolderStore, at, collect;"
        "collect(FolderStore(Path(sys.argv[1])), RULE, at(400))"
    )
    command, variables = [sys.executable, "-c", script, str(store.root)], {**os.environ, "STANDINGS_FAULT": point}
    killed = subprocess.run(command, cwd=ROOT, env=variables, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert set(left(store)) >= {1, 3, 5, 7, 8, 9}
    with pytest.raises(Collecting):
        collect(store, RULE, at(400))
    collect(store, RULE, at(401))
    assert left(store) == [1, 3, 5, 7, 8, 9]
    pointer = latest(store)
    assert pointer is not None
    assert pointer.collection is None


def test_publishers_that_race_with_a_collector_always_point_to_a_whole_snapshot(tmp_path: Path) -> None:
    """Older code publishes on unchanged facts what lies there since long, whole or half."""
    given = [inputs(code=code) for code in "abcd"]
    for number in range(12):
        store = FolderStore(tmp_path / str(number))
        for hour, it in enumerate(given):
            made(store, tmp_path, it, at(hour / 24))
        store.delete(key_of(given[number % 3].id, "manifest.json"))

        def publish(it: Inputs, store: FolderStore = store) -> None:
            with contextlib.suppress(BeingCollected):
                made(store, tmp_path, it, at(400))

        with ThreadPoolExecutor(4) as pool:
            sweep = pool.submit(collect, store, Rule(newest=0, hours=24), at(400))
            list(pool.map(publish, random.Random(number).sample(given, 3)))
            sweep.result()
        pointer = latest(store)
        assert pointer is not None
        manifest, sha256 = read_manifest(store, pointer.id)
        assert sha256 == pointer.manifest_sha256
        for name in manifest.files:
            assert fetch(store, manifest, tmp_path / f"cache-{number}", name).exists()
        left(store)
