"""Compaction: few files, and every cell of every admitted row."""

from datetime import timedelta
from pathlib import Path

import pytest

from tasks import admission, compaction, sharding
from tasks.collection import collect
from tasks.compaction import compact
from tasks.inspection import inspect
from tasks.lake import Lake, RunKey
from tasks.parquet import Faulty
from tasks.refresh import refresh
from tasks.segments import COMPACTED, newest
from tasks.store import FolderStore
from tests.tasks.lakes import everything, fill, inbox, keys, publish, put, same
from tests.tasks.runs import NOON

DAY = timedelta(days=1)


def test_every_cell_of_every_admitted_row_reads_back_equal_and_in_order(lake: Lake, tmp_path: Path):
    fill(lake, 12)
    before = everything(lake)
    assert compact(lake, NOON).runs == 12
    assert same(everything(lake), before)
    fill(lake, 5)
    both = everything(lake)
    assert both["run"].num_rows == 17
    assert compact(lake, NOON).runs == 5
    publish(lake, tmp_path)
    assert collect(lake, NOON).originals == 14 * 3 + 3 * 1  # a failed run is one object
    assert inbox(lake) == set()
    assert same(everything(lake), both)
    for run in both["run"].to_pylist():
        assert lake.run(run["run_id"]) == run
        assert lake.scores(run["job_id"]).num_rows >= lake.scores(run["run_id"]).num_rows


def test_a_lake_stays_in_few_files_however_often_it_is_compacted(folder: Lake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sharding, "ROWS_AT_MOST", 10_000)
    for number in range(20):
        fill(folder, 3)
        done = compact(folder, NOON + number * DAY)
        collect(folder, NOON + number * DAY)
        assert (done.runs, done.files) == (3, done.segments * 6)
        assert done.segments <= 5
    # What the last day superseded is still there for its readers.
    assert len(keys(folder, COMPACTED)) <= 2 * 5 * 6 + 2
    assert folder.facts("run")["run"].num_rows == 60


def test_a_compaction_that_finds_nothing_writes_nothing(folder: Lake):
    assert compact(folder, NOON).segments == 0
    fill(folder, 3)
    compact(folder, NOON)
    before = keys(folder)
    assert compact(folder, NOON).runs == 0
    assert keys(folder) == before


def test_a_run_is_never_cut_and_a_segment_never_too_big(folder: Lake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compaction, "RUNS_AT_MOST", 4)
    monkeypatch.setattr(sharding, "ROWS_AT_MOST", 1)
    fill(folder, 10)
    before = everything(folder)
    compact(folder, NOON)
    segments = newest(folder.store).segments
    assert [(segment.after, segment.to, segment.runs, len(segment.shards)) for segment in segments] == [
        (0, 4, 4, 4),
        (4, 8, 4, 4),
        (8, 10, 2, 2),
    ]
    assert [segment.passes for segment in segments] == [0, 0, 1]
    assert same(everything(folder), before)


def test_the_board_stands_when_the_originals_are_gone(folder: Lake, tmp_path: Path):
    fill(folder, 6)
    first = refresh(folder, tmp_path / "boards", NOON)
    compact(folder, NOON)
    collect(folder, NOON)
    again = refresh(folder, tmp_path / "boards", NOON)
    assert again.snapshot == first.snapshot
    put(folder, 6)
    assert refresh(folder, tmp_path / "boards", NOON).admitted == 1
    assert folder.facts("run")["run"].num_rows == 7


def test_a_run_that_can_not_be_read_stays_in_the_inbox_and_stops_no_other(folder: Lake, tmp_path: Path):
    fill(folder, 3)
    rotten = put(folder, 0)
    admission.admit(folder, NOON)
    path = tmp_path / "lake" / RunKey(rotten["job_id"], rotten["run_id"]).of("samples")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    done = compact(folder, NOON)
    assert (done.runs, list(done.left_out)) == (3, [rotten["run_id"]])
    publish(folder, tmp_path)
    collect(folder, NOON)
    assert inbox(folder) == {rotten["run_id"]}
    assert list(inspect(folder, NOON, deep=True).rotten) == [rotten["run_id"]]
    path.write_bytes(whole)  # somebody restores it
    assert folder.samples(rotten["run_id"]).num_rows == 4
    fill(folder, 2)
    assert compact(folder, NOON).runs == 3
    assert list(inspect(folder, NOON, deep=True).rotten) == []


def test_a_compacted_file_that_rots_stops_the_reader_by_name_and_keeps_the_originals(folder: Lake, tmp_path: Path):
    fill(folder, 8)
    compact(folder, NOON)
    publish(folder, tmp_path)
    shard = newest(folder.store).segments[0].shards[0]
    file = tmp_path / "lake" / shard["scores"].key
    file.write_bytes(file.read_bytes()[:-1])
    done = collect(folder, NOON)
    assert list(done.rotten) == [shard["scores"].key]
    assert len(inbox(folder)) == shard["run"].rows
    assert len(inspect(folder, NOON, deep=True).rotten) == shard["run"].rows
    with pytest.raises(Faulty, match=shard["scores"].key):
        folder.facts("scores")
    fill(folder, 5)
    with pytest.raises(Faulty, match=shard["scores"].key):
        compact(folder, NOON)  # merging would lose them


def test_what_can_not_be_written_right_is_never_named(folder: Lake):
    class Flipping(FolderStore):
        def create(self, key: str, body: bytes) -> None:
            super().create(key, body[:-9] + bytes([body[-9] ^ 1]) + body[-8:] if "scores/" in key else body)

    fill(folder, 3)
    with pytest.raises(Faulty, match="scores"):
        compact(Lake(Flipping(Path(folder.store.root))), NOON)  # type: ignore[attr-defined]
    assert newest(folder.store).number == 0
