"""A refresh leaves a published board and nothing else, whoever refreshes beside it and however it ends."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks import materialise
from tasks.lake import Lake
from tasks.publish import BOARD
from tasks.refresh import refresh
from tasks.store import FolderStore
from tests.tasks.runs import NOON


class FullDisk(FolderStore):
    """Have room for all but a snapshot."""

    def create(self, key: str, body: bytes) -> None:
        """Refuse a snapshot's objects."""
        if key.startswith("snapshots/"):
            raise OSError(28, "No space left on device")
        super().create(key, body)


def test_a_refresh_that_can_not_publish_leaves_no_file_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        refresh(Lake(FullDisk(tmp_path / "lake")), tmp_path / "boards", NOON)
    assert list((tmp_path / "boards").iterdir()) == []


def test_who_refreshes_at_the_same_time_never_writes_into_one_file(tmp_path: Path) -> None:
    def refreshed(_: int) -> Path:
        return refresh(Lake(FolderStore(tmp_path / "lake")), tmp_path / "boards", NOON).board

    with ThreadPoolExecutor(4) as pool:
        [board] = set(pool.map(refreshed, range(4)))
    assert materialise.query(board, "SELECT count(*) AS n FROM leaderboard.results").to_pylist() == [{"n": 0}]
    assert list((tmp_path / "boards").iterdir()) == [board.parent]
    assert board.name == BOARD
