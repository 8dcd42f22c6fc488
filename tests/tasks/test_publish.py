"""Publishing: a reader sees a whole snapshot or the one before it, whoever publishes beside and however it ends."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from standings.address import Bucket
from tasks.parquet import Faulty
from tasks.publish import publish
from tasks.s3 import S3Store
from tasks.seaweed import BUCKET, serving
from tasks.snapshots import BOARD, CLAIM, MANIFEST, fetch, key_of, latest, listed, open_latest, read_manifest
from tasks.store import FolderStore, Missing, Store
from tests.tasks.publishing import board_of, built, inputs, made, race
from tests.tasks.runs import NOON

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Store]:
    with serving(tmp_path_factory.mktemp("seaweed")) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield S3Store(Bucket(name=BUCKET, endpoint=server.endpoint))


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store that nothing was published to."""
    if request.param == "folder":
        return FolderStore(tmp_path / "lake")
    shared: S3Store = request.getfixturevalue("bucket")
    prefix = f"{request.node.name.translate({91: '-', 93: None})}/"
    return S3Store(shared.bucket.model_copy(update={"prefix": prefix}))


def test_what_was_published_is_what_a_reader_opens(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    assert latest(store) is None
    with pytest.raises(Missing, match="standings refresh"):
        open_latest(store, tmp_path / "cache")
    assert not (tmp_path / "lake").exists()

    pointer = made(store, tmp_path, inputs(), body=b"a board")

    assert latest(store) == pointer
    assert (pointer.seq, pointer.watermark, pointer.published_at) == (1, 1, NOON)
    path = open_latest(store, tmp_path / "cache")
    assert path == tmp_path / "cache" / pointer.id / BOARD
    assert path.read_bytes() == b"a board"
    assert not os.access(path, os.W_OK) or os.geteuid() == 0


def test_a_manifest_says_what_is_in_the_snapshot_and_what_it_was_built_from(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    pointer = made(store, tmp_path, inputs(3, appended=5))
    manifest, _ = read_manifest(store, pointer.id)
    assert manifest.inputs == inputs(3, appended=5)
    assert {name: file.rows for name, file in manifest.files.items()} == {BOARD: None, "overall.parquet": 3}
    names = [entry.key.rpartition("/")[2] for entry in store.list("snapshots/")]
    assert {name for name in names if not name.startswith(CLAIM)} == {MANIFEST, *manifest.files}
    assert manifest.made_with.keys() == {"duckdb", "pyarrow"}


def test_a_snapshot_of_an_older_version_is_still_read(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    pointer = made(store, tmp_path, inputs(), body=b"a board")
    old = {"inputs": {"watermark": 1, "code": "c", "registry": "0 rows", "sql": "s"}, "id": pointer.id}
    manifest, _ = read_manifest(store, pointer.id)
    told = {**old, "files": {BOARD: {name: getattr(manifest.files[BOARD], name) for name in ("sha256", "bytes")}}}
    store.delete(pointer.manifest)
    store.create(pointer.manifest, json.dumps(told).encode())
    assert read_manifest(store, pointer.id)[0].made_at is None
    assert fetch(store, read_manifest(store, pointer.id)[0], tmp_path / "cache").read_bytes() == b"a board"


def test_the_same_inputs_are_the_same_snapshot_and_publish_once(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    first = made(store, tmp_path, inputs())
    objects = list(store.list(""))
    # Two builds of the same rows differ in DuckDB's bytes.
    assert made(store, tmp_path, inputs(), body=b"the same rows") == first
    assert list(store.list("")) == objects


@pytest.mark.parametrize(
    "changes", [{"code": "d"}, {"registry": "q", "appended": 1}, {"sql": "t"}, {"left_out": ("run",)}]
)
def test_other_code_registry_sql_or_readable_runs_publish_on_unchanged_facts(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    store = FolderStore(tmp_path / "lake")
    made(store, tmp_path, inputs())
    second = made(store, tmp_path, inputs(**changes), body=b"another")
    assert second.seq == 2
    assert open_latest(store, tmp_path / "cache").read_bytes() == b"another"


@pytest.mark.parametrize(
    "fewer", [inputs(6, appended=4), inputs(7, appended=3), inputs(6, appended=3), inputs(6, appended=9)]
)
def test_the_pointer_never_moves_to_a_snapshot_that_lacks_a_fact_of_the_one_before(tmp_path: Path, fewer) -> None:
    store = FolderStore(tmp_path / "lake")
    newer = made(store, tmp_path, inputs(7, appended=4))
    assert made(store, tmp_path, fewer) == newer
    assert listed(store) == [newer.id]


def test_of_publishers_that_race_the_one_with_all_facts_stays(store: Store, tmp_path: Path) -> None:
    given = [inputs(watermark, appended=rows) for watermark in range(4) for rows in range(4)]
    random.Random(1).shuffle(given)
    told = race(store, tmp_path, [*given, *given])
    final = latest(store)
    assert final is not None
    assert (final.watermark, final.appended) == (3, 3)
    # Each swap was told to one publisher, and no swap was lost.
    assert {pointer.seq for pointer in told} == set(range(1, final.seq + 1))
    assert open_latest(store, tmp_path / "cache").read_bytes() == board_of(inputs(3, appended=3))


def test_publishers_of_one_snapshot_agree_though_their_bytes_differ(store: Store, tmp_path: Path) -> None:
    def bodies() -> Iterator[bytes]:
        for number in range(16):
            yield b"built by %d" % number

    folders = [built(tmp_path / str(number), body) for number, body in enumerate(bodies())]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda folder: publish(store, folder, inputs(), NOON), folders))
    assert len({pointer.id for pointer in told}) == 1
    assert open_latest(store, tmp_path / "cache").read_bytes().startswith(b"built by ")


@pytest.mark.parametrize(
    ("point", "reads"),
    [
        ("publish.before_board", "old"),
        ("publish.after_board", "old"),
        ("publish.after_table", "old"),
        ("publish.after_manifest", "old"),
        ("publish.after_pointer", "new"),
    ],
)
def test_killed_while_publishing_readers_have_a_whole_board_and_the_next_publish_completes(
    tmp_path: Path, point: str, reads: str
) -> None:
    store = FolderStore(tmp_path / "lake")
    boards = {"old": board_of(inputs(1)), "new": board_of(inputs(2))}
    made(store, tmp_path, inputs(1))
    command = [sys.executable, "-m", "tests.tasks.publishing", str(store.root), str(tmp_path), "2"]
    killed = subprocess.run(command, cwd=ROOT, env={**os.environ, "STANDINGS_FAULT": point}, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert open_latest(store, tmp_path / "cache").read_bytes() == boards[reads]
    made(store, tmp_path, inputs(2), body=b"built again")
    board = open_latest(store, tmp_path / "cache").read_bytes()
    assert board == (b"built again" if point == "publish.before_board" else boards["new"])


def test_a_cut_or_swapped_board_is_not_opened(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    pointer = made(store, tmp_path, inputs(), body=b"a board")
    (store.root / key_of(pointer.id, BOARD)).write_bytes(b"a b0ard")
    with pytest.raises(Faulty, match="sha256"):
        open_latest(store, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.duckdb"))


def test_a_manifest_under_another_snapshots_key_is_refused(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    one, two = (made(store, tmp_path, inputs(number)) for number in (1, 2))
    (store.root / two.manifest).write_bytes(store.read(one.manifest))
    with pytest.raises(Faulty, match="another snapshot"):
        read_manifest(store, two.id)


def test_a_board_that_was_cut_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "lake")
    made(store, tmp_path, inputs(), body=b"a board")
    path = open_latest(store, tmp_path / "cache")
    path.chmod(0o644)
    path.write_bytes(b"a b")
    assert open_latest(store, tmp_path / "cache").read_bytes() == b"a board"


def test_a_board_with_a_write_ahead_log_beside_it_is_refused(tmp_path: Path) -> None:
    folder = built(tmp_path / "built")
    (folder / f"{BOARD}.wal").write_bytes(b"rows")
    with pytest.raises(ValueError, match="checkpoint"):
        publish(FolderStore(tmp_path / "lake"), folder, inputs(), NOON)


def test_a_cache_forgets_old_boards_and_keeps_the_one_that_was_just_read(tmp_path: Path) -> None:
    store, cache = FolderStore(tmp_path / "lake"), tmp_path / "cache"
    paths = []
    for number in range(1, 10):
        made(store, tmp_path, inputs(number))
        paths.append(open_latest(store, cache))
    assert [path.exists() for path in paths] == [False] * 4 + [True] * 5
    assert {path.parent for path in paths[4:]} == set(cache.iterdir())
