"""Both stores: written once, whole or not at all; the folder lists as S3 does. The network: tests/tasks/test_s3.py."""

import os
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standings.address import Bucket
from tasks.s3 import S3Store
from tasks.seaweed import BUCKET, Server
from tasks.store import Conflict, Entry, FolderStore, Missing, Store


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each store, with nothing in it."""
    if request.param == "folder":
        return FolderStore(tmp_path / "lake")
    server: Server = request.getfixturevalue("server")
    return S3Store(Bucket(name=BUCKET, prefix=f"{uuid4().hex}/", endpoint=server.endpoint))


def test_an_object_reads_back_as_it_was_created(store: Store) -> None:
    store.create("a/b/c.parquet", b"body")
    assert store.read("a/b/c.parquet") == b"body"
    assert list(store.list("a/")) == [Entry("a/b/c.parquet", 4)]


def test_a_file_is_created_as_its_bytes_are_and_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "board.duckdb"
    file.write_bytes(b"body" * 500_000)
    store.create("board", file)
    store.create("board", file)  # one's own lost reply
    store.create("board", file.read_bytes())
    assert store.read("board") == file.read_bytes()
    file.write_bytes(b"another")
    with pytest.raises(Conflict, match="board: other bytes"):
        store.create("board", file)
    assert store.read("board") == b"body" * 500_000


def test_creating_the_same_bytes_again_is_ones_own_lost_reply(store: Store) -> None:
    store.create("key", b"body")
    store.create("key", b"body")
    assert store.read("key") == b"body"


def test_creating_other_bytes_under_a_key_is_a_conflict_and_changes_nothing(store: Store) -> None:
    store.create("key", b"first")
    with pytest.raises(Conflict, match="key: other bytes"):
        store.create("key", b"second")
    assert store.read("key") == b"first"


def test_a_conflict_leaves_nothing_beside(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.create("key", b"first")
    with pytest.raises(Conflict):
        store.create("key", b"second")
    assert not [path for path in (tmp_path / ".tmp").iterdir() if path.name != "lock"]


def test_a_write_for_which_there_is_no_room_leaves_nothing_beside(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"body" * 1000)
    lake = tmp_path / "lake"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        for body in (file.read_bytes(), file):
            with pytest.raises(OSError, match="too large"):
                FolderStore(lake).create("key", body)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in lake.rglob("*")] == [".tmp"]


def test_what_a_killed_writer_left_beside_goes_after_a_day(tmp_path: Path) -> None:
    FolderStore(tmp_path).swap("key", b"body", None)
    FolderStore(tmp_path).swap("key", b"another", b"body")
    left = [tmp_path / ".tmp" / name for name in ("killed", "at-it", "lock")]
    for path, days in zip(left, (2, 0, 2), strict=True):
        path.write_bytes(b"bo")
        os.utime(path, (time.time() - days * 86_400,) * 2)
    FolderStore(tmp_path).create("other", b"body")
    assert [path.exists() for path in left] == [False, True, True]


def test_of_many_creators_of_one_key_one_wins(store: Store) -> None:
    def create(number: int) -> int | None:
        try:
            store.create("log/1", b"%d" % number)
        except Conflict:
            return None
        return number

    with ThreadPoolExecutor(16) as pool:
        winners = [number for number in pool.map(create, range(64)) if number is not None]
    assert len(winners) == 1
    assert store.read("log/1") == b"%d" % winners[0]


def test_swaps_that_race_lose_no_increment(store: Store) -> None:
    store.swap("latest.json", b"0 nobody", None)

    def increment(who: int) -> None:
        while True:
            current = store.read("latest.json")
            try:
                # Named, as two racers with the same bytes would both be told that they are there.
                return store.swap("latest.json", b"%d by-%d" % (int(current.split()[0]) + 1, who), current)
            except Conflict:
                continue

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(increment, range(40)))
    assert store.read("latest.json").startswith(b"40 ")


def test_a_swap_of_what_has_changed_is_a_conflict(store: Store) -> None:
    with pytest.raises(Conflict):
        store.swap("latest.json", b"new", b"old")
    store.swap("latest.json", b"old", None)
    with pytest.raises(Conflict):
        store.swap("latest.json", b"new", None)
    store.swap("latest.json", b"new", b"old")
    with pytest.raises(Conflict):
        store.swap("latest.json", b"newer", b"old")
    assert store.read("latest.json") == b"new"


def test_what_is_deleted_is_missing_and_may_be_created_anew(store: Store) -> None:
    store.create("a/b", b"body")
    for _ in range(2):  # the second finds nothing, and is quiet
        store.delete("a/b")
    store.delete("nowhere/at/all")
    with pytest.raises(Missing):
        store.read("a/b")
    assert list(store.list("")) == []
    store.create("a/b", b"other")
    assert store.read("a/b") == b"other"


def test_reading_a_store_that_is_not_there_creates_nothing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "home" / "lake")
    assert list(store.list("inbox/")) == []
    assert list(store.list("")) == []
    with pytest.raises(Missing):
        store.read("latest.json")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("key", ["", "../up", "a/../b", "/root", "a//b", "a/", ".tmp/x", "a/.b", "a b", "a\nb", "-\\x"])
def test_a_key_that_could_leave_the_store_is_refused(tmp_path: Path, key: str) -> None:
    store = FolderStore(tmp_path)
    for use in (lambda: store.create(key, b""), lambda: store.read(key), lambda: store.swap(key, b"", None)):
        with pytest.raises(ValueError, match="no part of a key"):
            use()


_keys = st.lists(
    st.lists(st.sampled_from(["a", "a-b", "a.b", "a_b", "ab", "b", "0"]), min_size=1, max_size=3).map("/".join),
    max_size=12,
    unique=True,
)


@settings(max_examples=60, deadline=None)  # a busy disk is no fault of the listing
@given(_keys, st.sampled_from(["", "a", "a/", "a-", "a/b", "a/a-b/"]), st.sampled_from(["", "a", "a/a", "a-b/a", "b"]))
def test_listing_gives_the_keys_of_a_prefix_after_a_key_in_the_order_of_their_bytes(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], prefix: str, after: str
) -> None:
    store = FolderStore(tmp_path_factory.mktemp("store"))
    # In a folder a key can't be an object and a prefix at once.
    keys = [key for key in keys if not any(other.startswith(key + "/") for other in keys)]
    for key in keys:
        (store.root / key).parent.mkdir(parents=True, exist_ok=True)
        (store.root / key).write_bytes(b"x")
    expected = sorted(key for key in keys if key.startswith(prefix) and key > after)
    assert [entry.key for entry in store.list(prefix, after)] == expected


def test_what_somebody_dropped_into_the_folder_under_no_valid_key_is_not_listed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.create("inbox/a", b"")
    (tmp_path / "inbox" / ".DS_Store").write_bytes(b"")
    (tmp_path / "inbox" / "copy of a").write_bytes(b"")
    assert [entry.key for entry in store.list("inbox/")] == ["inbox/a"]


def test_a_folder_that_a_delete_empties_is_gone_and_no_writer_beside_it_fails(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)

    def come_and_go(number: int) -> None:
        for turn in range(30):
            store.create(f"inbox/job/{number}-{turn}/run", b"body")
            store.delete(f"inbox/job/{number}-{turn}/run")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_and_go, range(8)))
    assert list(store.list("")) == []
    assert {path.name for path in tmp_path.iterdir()} == {".tmp"}


def test_what_is_deleted_while_it_is_listed_is_left_out(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for name in ("a/1", "a/2", "b/1"):
        store.create(name, b"body")
    listed = store.list("")
    assert next(listed).key == "a/1"
    store.delete("a/2")
    store.delete("b/1")
    assert list(listed) == []
