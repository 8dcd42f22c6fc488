"""Publishing: a reader sees a whole snapshot or the one before it."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.parquet import Faulty
from tasks.publish import BOARD, Inputs, latest, open_latest, publish
from tasks.store import FolderStore, Missing
from tests.tasks.runs import NOON

ROOT = Path(__file__).parents[2]
_PUBLISH = """
import sys
from pathlib import Path
from tasks.publish import Inputs, publish
from tasks.store import FolderStore
from tests.tasks.runs import NOON
inputs = Inputs(watermark=2, code="c", registry="r", sql="s")
publish(FolderStore(Path(sys.argv[1])), Path(sys.argv[2]), inputs, NOON)
"""


def inputs(watermark: int = 1, **changes: str) -> Inputs:
    return Inputs(**{"watermark": watermark, "code": "c", "registry": "r", "sql": "s", **changes})


def board(folder: Path, body: bytes = b"a board") -> Path:
    path = folder / "built.duckdb"
    path.write_bytes(body)
    return path


def test_what_was_published_is_what_a_reader_opens(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    assert latest(store) is None
    with pytest.raises(Missing, match="standings refresh"):
        open_latest(store, tmp_path / "cache")
    assert not (tmp_path / "lake").exists()

    pointer = publish(store, board(tmp_path), inputs(), NOON)

    assert latest(store) == pointer
    assert (pointer.seq, pointer.watermark, pointer.published_at) == (1, 1, NOON)
    path = open_latest(store, tmp_path / "cache")
    assert path == tmp_path / "cache" / pointer.id / BOARD
    assert path.read_bytes() == b"a board"
    assert not os.access(path, os.W_OK) or os.geteuid() == 0


def test_the_same_inputs_are_the_same_snapshot_and_publish_once(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    first = publish(store, board(tmp_path), inputs(), NOON)
    objects = list(store.list(""))
    # Two builds of the same rows differ in DuckDB's bytes.
    assert publish(store, board(tmp_path, b"the same rows"), inputs(), NOON) == first
    assert list(store.list("")) == objects


@pytest.mark.parametrize("changes", [{"code": "d"}, {"registry": "q"}, {"sql": "t"}])
def test_other_code_registry_or_sql_publishes_on_unchanged_facts(tmp_path: Path, changes: dict[str, str]) -> None:
    store = FolderStore(tmp_path / "lake")
    publish(store, board(tmp_path), inputs(), NOON)
    second = publish(store, board(tmp_path, b"another"), inputs(**changes), NOON)
    assert second.seq == 2
    assert open_latest(store, tmp_path / "cache").read_bytes() == b"another"


def test_the_pointer_never_goes_back_to_fewer_facts(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    newer = publish(store, board(tmp_path), inputs(watermark=7), NOON)
    assert publish(store, board(tmp_path, b"older"), inputs(watermark=6), NOON) == newer
    assert open_latest(store, tmp_path / "cache").read_bytes() == b"a board"


def test_of_publishers_that_race_the_latest_watermark_stays(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    boards = {}
    for number in range(1, 21):
        (tmp_path / str(number)).mkdir()
        boards[number] = board(tmp_path / str(number), b"board %d" % number)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: publish(store, boards[number], inputs(number), NOON), boards))
    final = latest(store)
    assert final is not None
    assert final.watermark == 20
    assert all(pointer.watermark >= number for number, pointer in zip(boards, found, strict=True))
    assert final.seq == len({pointer.seq for pointer in found})
    assert open_latest(store, tmp_path / "cache").read_bytes() == b"board 20"


def test_publishers_of_one_snapshot_agree_though_their_bytes_differ(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")

    def build_and_publish(number: int) -> str:
        folder = tmp_path / str(number)
        folder.mkdir()
        return publish(store, board(folder, b"built by %d" % number), inputs(), NOON).id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(build_and_publish, range(16)))) == 1
    assert open_latest(store, tmp_path / "cache").read_bytes().startswith(b"built by ")


@pytest.mark.parametrize("point", ["publish.after_board", "publish.after_manifest"])
def test_killed_while_publishing_readers_keep_the_old_board_and_the_next_publish_completes(
    tmp_path: Path, point: str
) -> None:
    store = FolderStore(tmp_path / "lake")
    publish(store, board(tmp_path, b"old"), inputs(), NOON)
    command = [sys.executable, "-c", _PUBLISH, str(store.root), str(board(tmp_path, b"new"))]
    killed = subprocess.run(command, cwd=ROOT, env={**os.environ, "STANDINGS_FAULT": point}, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert open_latest(store, tmp_path / "cache").read_bytes() == b"old"
    publish(store, board(tmp_path, b"new, built again"), inputs(watermark=2), NOON)
    assert open_latest(store, tmp_path / "cache").read_bytes() == b"new"


def test_a_cut_or_swapped_board_is_not_opened(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    pointer = publish(store, board(tmp_path), inputs(), NOON)
    (store.root / f"snapshots/{pointer.id}/{BOARD}").write_bytes(b"a b0ard")
    with pytest.raises(Faulty, match="sha256"):
        open_latest(store, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.duckdb"))


def test_a_board_that_was_cut_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    publish(store, board(tmp_path), inputs(), NOON)
    path = open_latest(store, tmp_path / "cache")
    path.chmod(0o644)
    path.write_bytes(b"a b")
    assert open_latest(store, tmp_path / "cache").read_bytes() == b"a board"


def test_a_board_with_a_write_ahead_log_beside_it_is_refused(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    path = board(tmp_path)
    path.with_name("built.duckdb.wal").write_bytes(b"rows")
    with pytest.raises(ValueError, match="checkpoint"):
        publish(store, path, inputs(), NOON)


def test_a_cache_forgets_old_boards_and_keeps_the_one_that_was_just_read(tmp_path: Path) -> None:
    store, cache = FolderStore(tmp_path / "lake"), tmp_path / "cache"
    paths = []
    for number in range(1, 10):
        publish(store, board(tmp_path, b"board %d" % number), inputs(number), NOON)
        paths.append(open_latest(store, cache))
    assert [path.exists() for path in paths] == [False] * 4 + [True] * 5
    assert {path.parent for path in paths[4:]} == set(cache.iterdir())
