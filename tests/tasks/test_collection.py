"""Collection: nothing goes before its rows are safe elsewhere."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from standings.address import Bucket
from tasks import admission, collection, compaction, tidying
from tasks.collection import collect
from tasks.compaction import compact
from tasks.inspection import inspect
from tasks.lake import INBOX, Lake, RunKey
from tasks.s3 import S3Store, open_store
from tasks.seaweed import BUCKET, Server
from tasks.segments import COMPACTED
from tasks.store import FolderStore
from tests.tasks.lakes import everything, fill, inbox, keys, publish, put, same
from tests.tasks.runs import NOON

DAY = timedelta(days=1)


def test_originals_stay_until_a_snapshot_that_includes_them_is_published(lake: Lake, tmp_path: Path):
    fill(lake, 3)
    publish(lake, tmp_path)
    late = put(lake, 0)
    admission.admit(lake, NOON)
    compact(lake, NOON)
    done = collect(lake, NOON)
    assert (done.unpublished, inbox(lake)) == (1, {late["run_id"]})
    publish(lake, tmp_path)
    assert collect(lake, NOON).unpublished == 0
    assert inbox(lake) == set()


def test_what_is_set_aside_unfinished_or_waiting_stays_where_it_is(folder: Lake, tmp_path: Path):
    fill(folder, 3)
    faulty = put(folder, 0, variant_id="0" * 64)
    admission.admit(folder, NOON)
    waiting = put(folder, 1)
    unfinished = put(folder, 2)
    folder.store.delete(RunKey(unfinished["job_id"], unfinished["run_id"]).of("run"))
    compact(folder, NOON)
    publish(folder, tmp_path)  # its gate admits the one that waits, after what was compacted
    collect(folder, NOON)
    assert inbox(folder) == {faulty["run_id"], waiting["run_id"], unfinished["run_id"]}
    found = inspect(folder, NOON, deep=True)
    assert (found.admitted, found.compacted, list(found.set_aside)) == (4, 3, [faulty["run_id"]])
    assert found.rotten == {}


def test_a_worker_that_puts_its_run_again_after_all_is_not_counted_twice(folder: Lake, tmp_path: Path):
    run = put(folder, 4)
    admission.admit(folder, NOON)
    publish(folder, tmp_path)
    compact(folder, NOON)
    collect(folder, NOON)
    folder.put_run(run)
    assert admission.admit(folder, NOON).count == 0
    assert inspect(folder, NOON).waiting == ()
    assert folder.facts("run")["run"].num_rows == 1
    assert collect(folder, NOON).originals == 1
    assert inbox(folder) == set()


def test_a_refresh_compacts_by_itself_once_many_runs_have_come(
    folder: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tidying, "DUE", 4)
    for expected in ({"compacted": 0, "inbox": 3}, {"compacted": 6, "inbox": 0}, {"compacted": 6, "inbox": 3}):
        fill(folder, 3)
        publish(folder, tmp_path)
        assert {"compacted": inspect(folder, NOON).compacted, "inbox": len(inbox(folder))} == expected


def test_superseded_files_are_kept_for_their_readers_and_deleted_after_a_day(lake: Lake):
    fill(lake, 4)
    compact(lake, NOON)
    first = set(keys(lake, COMPACTED))
    fill(lake, 4)
    compact(lake, NOON + DAY)
    assert collect(lake, NOON + 2 * DAY).superseded == 0
    assert first <= set(keys(lake, COMPACTED))
    assert collect(lake, NOON + 2 * DAY + timedelta(seconds=1)).superseded == len(first)
    assert not first & set(keys(lake, COMPACTED))
    assert lake.facts("run")["run"].num_rows == 8


def test_files_that_no_manifest_names_are_deleted_after_a_week(folder: Lake):
    fill(folder, 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "_commit", fail)
        with pytest.raises(OSError, match="disk"):
            compact(folder, NOON)
    assert keys(folder, COMPACTED)
    now = datetime.now(tz=NOON.tzinfo)
    assert collect(folder, now + collection.ORPHAN_AFTER - DAY).superseded == 0
    assert collect(folder, now + collection.ORPHAN_AFTER + DAY).superseded > 0
    assert keys(folder, COMPACTED) == []


def fail(*_: object) -> bool:
    raise OSError(28, "No space left on the disk")


def test_a_reader_that_holds_an_older_manifest_finds_what_left_the_inbox(folder: Lake, tmp_path: Path):
    fill(folder, 8)
    before = everything(folder)
    publish(folder, tmp_path)

    class Slow(FolderStore):
        """Let all be compacted and collected between a reader's look at the manifest and its first run."""

        moved = False

        def read(self, key: str) -> bytes:
            if key.startswith(INBOX) and not self.moved:
                Slow.moved = True
                compact(folder, NOON)
                collect(folder, NOON)
            return super().read(key)

    for read in (
        lambda lake: lake.facts("run")["run"],
        lambda lake: lake.samples(*before["run"]["run_id"].to_pylist()),
    ):
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        shutil.copytree(tmp_path / "lake", tmp_path / "copy")
        Slow.moved = False
        found = read(Lake(Slow(tmp_path / "lake")))
        assert Slow.moved
        assert any(found.equals(table) for table in before.values())
        shutil.rmtree(tmp_path / "lake")
        shutil.copytree(tmp_path / "copy", tmp_path / "lake")


def test_another_machine_reads_a_bucket_through_its_cache_and_each_object_once(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bucket = Bucket(name=BUCKET, prefix="cached/", endpoint=server.endpoint)
    lake = Lake(S3Store(bucket))
    fill(lake, 6)
    before = everything(Lake(open_store(bucket, tmp_path / "cache")))
    publish(lake, tmp_path)
    compact(lake, NOON)
    collect(lake, NOON)
    assert same(everything(Lake(open_store(bucket, tmp_path / "cache"))), before)
    fetched: list[str] = []
    monkeypatch.setattr(S3Store, "read", lambda store, key: (fetched.append(key), store._get(key)[0])[1])
    assert same(everything(Lake(open_store(bucket, tmp_path / "cache"))), before)
    assert fetched == []
    assert inspect(Lake(open_store(bucket, tmp_path / "cache")), NOON, deep=True).rotten == {}
    assert {key.split("/")[2] for key in fetched} >= {"samples", "scores", "run", "prompts", "outcomes"}
