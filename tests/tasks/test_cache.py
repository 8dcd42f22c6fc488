"""The cache: an object of a bucket is fetched once, and a copy is right or not used."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.cache import CachedStore, behind
from tasks.store import FolderStore, Missing


class Counting(FolderStore):
    """Count what is fetched."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.fetched: list[str] = []

    def read(self, key: str) -> bytes:
        """Read, and keep the key."""
        self.fetched.append(key)
        return super().read(key)


@pytest.fixture
def store(tmp_path: Path) -> Counting:
    return Counting(tmp_path / "bucket")


def cached(store: Counting, tmp_path: Path, limit: int = 10_000) -> CachedStore:
    """Open the cache as another process would."""
    return CachedStore(store, tmp_path / "home" / "cache", limit)


def copies(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "home").rglob("*") if path.is_file()]


def test_an_object_is_fetched_once_by_all_processes(store: Counting, tmp_path: Path) -> None:
    store.create("inbox/v1/a", b"body")
    for _ in range(3):
        assert cached(store, tmp_path).read("inbox/v1/a") == b"body"
    assert store.fetched == ["inbox/v1/a"]


def test_what_may_be_replaced_is_always_asked_for(store: Counting, tmp_path: Path) -> None:
    lake = cached(store, tmp_path)
    lake.swap("latest.json", b"1", None)
    assert lake.read("latest.json") == b"1"
    lake.swap("latest.json", b"2", b"1")
    assert lake.read("latest.json") == b"2"
    assert not (tmp_path / "home").exists()


def test_what_is_not_there_leaves_nothing_behind(store: Counting, tmp_path: Path) -> None:
    with pytest.raises(Missing):
        cached(store, tmp_path).read("inbox/v1/a")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("wrong", [b"", b"bod", b"b0dy"])
def test_a_copy_that_is_cut_or_has_rotted_is_fetched_again(store: Counting, tmp_path: Path, wrong: bytes) -> None:
    store.create("facts/v1/a", b"body")
    cached(store, tmp_path).read("facts/v1/a")
    [copy] = copies(tmp_path)
    copy.write_bytes(wrong)
    assert cached(store, tmp_path).read("facts/v1/a") == b"body"
    assert copy.read_bytes() == b"body"


def test_a_copy_that_another_process_deleted_is_fetched_again(store: Counting, tmp_path: Path) -> None:
    store.create("facts/v1/a", b"body")
    lake = cached(store, tmp_path)
    lake.read("facts/v1/a")
    copies(tmp_path)[0].unlink()
    assert lake.read("facts/v1/a") == b"body"
    assert len(store.fetched) == 2


def test_the_cache_stays_within_its_limit_and_forgets_what_was_read_longest_ago(
    store: Counting, tmp_path: Path
) -> None:
    lake = cached(store, tmp_path, limit=1_000)
    for number in range(30):
        store.create(f"inbox/v1/{number}", b"x" * 90 + b"%2d" % number)
        lake.read(f"inbox/v1/{number}")
        lake.read("inbox/v1/0")
        assert sum(path.stat().st_size for path in copies(tmp_path)) <= 1_000
    assert store.fetched.count("inbox/v1/0") == 1
    assert len(store.fetched) == 30


def test_a_limit_of_nothing_keeps_nothing(store: Counting, tmp_path: Path) -> None:
    store.create("inbox/v1/a", b"body")
    assert cached(store, tmp_path, limit=0).read("inbox/v1/a") == b"body"
    assert copies(tmp_path) == []


def test_many_threads_read_right(store: Counting, tmp_path: Path) -> None:
    for number in range(20):
        store.create(f"inbox/v1/{number}", b"%d" % number)
    lake = cached(store, tmp_path, limit=15)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: lake.read(f"inbox/v1/{number % 20}"), range(400)))
    assert found == [b"%d" % (number % 20) for number in range(400)]


def test_what_has_to_be_read_as_it_lies_there_goes_past_the_cache(store: Counting, tmp_path: Path) -> None:
    assert behind(cached(store, tmp_path)) is store
    assert behind(store) is store


def test_what_a_killed_process_left_is_deleted_in_time(store: Counting, tmp_path: Path) -> None:
    lake = cached(store, tmp_path, limit=5)
    store.create("facts/v1/a", b"a body")
    lake.folder.mkdir(parents=True)
    old, young = lake.folder / "old.part", lake.folder / "young.part"
    for part in (old, young):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    lake.read("facts/v1/a")
    assert copies(tmp_path) == [young]
