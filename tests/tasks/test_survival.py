"""The benchmark that kills: its judge sees each kind of wrong, and each fault point has an act that is killed there."""

from pathlib import Path

import pytest

from benchmarks.survival.acts import ACTS, ADMITTED, fill, run_id
from benchmarks.survival.judge import judge, look
from benchmarks.survival.kills import at_points, in_flight
from standings.facts import table
from tasks import sharding
from tasks.faults import POINTS
from tasks.inbox import RunKey
from tasks.lake import Lake
from tasks.parquet import encode
from tasks.snapshots import key_of, latest
from tasks.store import FolderStore

MUST = {run_id(number) for number in range(ADMITTED)}


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with compacted, admitted and waiting runs, and a snapshot."""
    monkeypatch.setattr(sharding, "ROWS_AT_MOST", 12)
    lake = Lake(FolderStore(tmp_path / "lake"))
    fill(lake, tmp_path / "made", "open")
    return lake


def replace(lake: Lake, key: str, body: bytes | None) -> None:
    lake.store.delete(key)
    if body is not None:
        lake.store.create(key, body)


def test_the_judge_sees_what_is_lost_what_is_torn_and_what_is_doubled(lake: Lake):
    right = look(lake)
    assert not judge(lake, right, MUST).total()
    assert judge(lake, right, {*MUST, run_id(99)})["lost"] == 1
    assert judge(lake, {**right, run_id(0): right[run_id(1)]}, MUST)["torn"] == 1
    fewer = {run: it.__class__(it.rows - 1, it.sha256) if run == run_id(2) else it for run, it in right.items()}
    assert judge(lake, fewer, MUST)["doubled"] == 1


def test_the_judge_sees_an_object_with_other_bytes(lake: Lake):
    right = look(lake)
    [key] = [entry.key for entry in lake.store.list("inbox/") if entry.key.endswith(f"{run_id(5)}/scores.parquet")]
    assert RunKey.named_by(key)
    replace(lake, key, encode("scores", table("scores", [])))
    assert judge(lake, right, MUST)["torn"] > 0


def test_the_judge_sees_a_snapshot_that_lacks_a_file(lake: Lake):
    right = look(lake)
    pointer = latest(lake.store)
    assert pointer is not None
    replace(lake, key_of(pointer.id, "overall.parquet"), None)
    assert judge(lake, right, MUST)["torn"] == 1


def test_every_fault_point_is_killed_at_and_as_many_kills_are_in_flight():
    named = {point for point in POINTS if not point.startswith("child.")}
    kills = at_points(30)
    assert {kill.point for kill in kills} == named
    assert all(kill.point.startswith(f"{kill.act.name}.") for kill in kills)
    assert len(in_flight(30)) >= len(kills) == 30 * len(named)
    assert {kill.act.name for kill in in_flight(1)} == {act.name for act in ACTS}
