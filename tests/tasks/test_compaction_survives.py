"""Compaction and collection lose and double nothing, whatever is killed, fails or races."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from standings.address import Bucket
from tasks import admission
from tasks.collection import collect
from tasks.compaction import compact
from tasks.faults import POINTS
from tasks.inspection import inspect
from tasks.lake import Lake
from tasks.refresh import refresh
from tasks.s3 import S3Store
from tasks.seaweed import BUCKET, Server
from tasks.segments import COMPACTED, MANIFESTS, newest
from tasks.store import FolderStore
from tests.faultproxy import Fault, between
from tests.tasks.lakes import everything, fill, inbox, keys, publish, put, same
from tests.tasks.runs import NOON

ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)
# One process compacts and collects, with shards of a few runs so that a small lake has many.
_COMPACT = """
import sys
from datetime import datetime
from pathlib import Path
from tasks import compaction, sharding
from tasks.collection import collect
from tasks.lake import Lake
from tasks.s3 import open_store
from tasks.store import FolderStore
from tasks.settings import Settings
sharding.ROWS_AT_MOST = 30
now = datetime.fromisoformat(sys.argv[1])
lake = Lake(FolderStore(Path(sys.argv[2])) if len(sys.argv) > 2 else open_store(Settings().address))
compaction.compact(lake, now)
collect(lake, now)
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with five runs, compacted once, twenty more, and a snapshot that includes them all."""
    root = tmp_path_factory.mktemp("published")
    lake = Lake(FolderStore(root / "lake"))
    fill(lake, 5)
    compact(lake, NOON)
    fill(lake, 20)
    refresh(lake, root / "boards", NOON)
    return root / "lake"


def run_compactor(where: list[str], fault: str = "", now: datetime = NOON) -> int:
    command = [sys.executable, "-c", _COMPACT, now.isoformat(), *where]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "STANDINGS_FAULT": fault}, timeout=60, check=False
    ).returncode


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith(("compact.", "collect."))])
def test_killed_at_a_fault_point_nothing_is_lost_or_doubled(published: Path, tmp_path: Path, point: str):
    root = tmp_path / "lake"
    shutil.copytree(published, root)
    lake = Lake(FolderStore(root))
    before = everything(lake)
    later = NOON + 2 * DAY
    if point == "collect.in_files":
        assert run_compactor([str(root)]) == 0
    assert run_compactor([str(root)], point, later) == -signal.SIGKILL
    assert same(everything(lake), before)
    assert inspect(lake, later, deep=True).rotten == {}
    assert run_compactor([str(root)], now=later) == 0
    assert run_compactor([str(root)], now=later + 9 * DAY + (datetime.now(tz=NOON.tzinfo) - NOON)) == 0
    assert same(everything(lake), before)
    assert inbox(lake) == set()
    [manifest] = keys(lake, MANIFESTS)
    named = {file.key for segment in newest(lake.store).segments for file in segment.files}
    assert set(keys(lake, COMPACTED)) == named | {manifest}


def test_killed_on_a_bucket_nothing_is_lost_or_doubled(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STANDINGS_LAKE", f"s3://{BUCKET}/killed")
    lake = Lake(S3Store(Bucket(name=BUCKET, prefix="killed/", endpoint=server.endpoint)))
    fill(lake, 10)
    publish(lake, tmp_path)
    before = everything(lake)
    for point in ("compact.after_shard#2", "compact.before_manifest", "collect.in_originals"):
        assert run_compactor([], point) == -signal.SIGKILL
        assert same(everything(lake), before)
    assert run_compactor([]) == 0
    assert same(everything(lake), before)
    assert inbox(lake) == set()


def test_through_a_network_that_fails_three_times_of_ten_nothing_is_lost(server: Server, tmp_path: Path):
    prefix = "bad-network/"
    lake = Lake(S3Store(Bucket(name=BUCKET, prefix=prefix, endpoint=server.endpoint)))
    fill(lake, 8)
    publish(lake, tmp_path)
    before = everything(lake)
    faults: list[Fault] = ["unavailable", "lost reply", "reset", "truncated", "flipped"]

    def often(_: str, path: str, number: int) -> Fault | None:
        fault = faults[number // 3 % 5] if number % 10 in {0, 3, 7} else None
        # A flip in a listing has no sha256 that would tell.
        return None if fault == "flipped" and "list-type" in path else fault

    with between(server.endpoint, often) as proxy:
        there = Lake(S3Store(Bucket(name=BUCKET, prefix=prefix, endpoint=proxy.endpoint)))
        assert compact(there, NOON).runs == 8
        assert collect(there, NOON).originals == 7 * 3 + 1
        assert same(everything(there), before)
        assert len(set(proxy.done)) == 5
    assert same(everything(lake), before)


def test_compactors_that_race_in_processes_hold_each_run_once(published: Path, tmp_path: Path):
    root = tmp_path / "lake"
    shutil.copytree(published, root)
    lake = Lake(FolderStore(root))
    before = everything(lake)
    command = [sys.executable, "-c", _COMPACT, NOON.isoformat(), str(root)]
    racers = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [racer.wait(60) for racer in racers] == [0, 0, 0]
    assert same(everything(lake), before)
    assert inbox(lake) == set()


def test_writers_gates_compactors_collectors_and_readers_at_once_lose_nothing(lake: Lake, tmp_path: Path):
    fill(lake, 4)
    publish(lake, tmp_path)
    acknowledged: list[str] = []

    def write(number: int) -> None:
        acknowledged.append(put(lake, number)["run_id"])

    def read(_: int) -> None:
        log = {row["run_id"] for row in lake.admissions().to_pylist()}
        found = lake.facts("run", "scores", "admissions")
        assert set(found["run"]["run_id"].to_pylist()) >= log
        assert found["run"].num_rows == found["admissions"].num_rows

    acts: list[Callable[[int], object]] = [
        write,
        lambda _: admission.admit(lake, NOON),
        lambda _: compact(lake, NOON),
        lambda _: collect(lake, NOON),
        read,
    ]
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda number: acts[number % 5](number // 5), range(40)))
    admission.admit(lake, NOON)
    publish(lake, tmp_path)
    compact(lake, NOON)
    collect(lake, NOON)
    found = lake.facts("run", "admissions")
    assert found["admissions"]["admitted_seq"].to_pylist() == list(range(1, 13))
    assert set(found["run"]["run_id"].to_pylist()) > set(acknowledged)
    assert inbox(lake) == set()
    assert inspect(lake, NOON, deep=True).rotten == {}
