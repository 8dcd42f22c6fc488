"""DuckDB reads facts from files of this machine: verified each time, in place or out of a cache, whatever their age."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks import scale_lake
from standings.facts import SCHEMAS
from standings.paths import folder
from tasks import admission, materialise
from tasks.cache import CachedStore
from tasks.compaction import compact
from tasks.exports import export
from tasks.files import Rows
from tasks.lake import Lake, RunKey
from tasks.parquet import Faulty
from tasks.refresh import NOT_ON_THE_BOARD
from tasks.segments import newest
from tasks.store import FolderStore
from tests.tasks import runs
from tests.tasks.lakes import fill, put
from tests.tasks.runs import NOON
from tests.tasks.test_evolution import OLD

TABLES = tuple(name for name in SCHEMAS if name not in NOT_ON_THE_BOARD)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Six compacted runs, and two that are not."""
    lake = Lake(FolderStore(tmp_path / "lake"))
    fill(lake, 6)
    compact(lake, NOON)
    for number in (6, 7):
        put(lake, number)
    admission.admit(lake, NOON)
    return lake


def board(facts: materialise.Facts, made: Path) -> Path:
    made.mkdir()
    materialise.build(facts, made / "board.duckdb", now=NOON, snapshot="s", threads=2)
    return made / "board.duckdb"


def raw(facts: materialise.Facts, name: str) -> pa.Table:
    """Read a table as sql/ does."""
    return materialise.one_table(facts, f"raw.{name}", folder("sql"), now=NOON).sort_by("run_id")


@pytest.mark.parametrize("name", ["run", "scores", "admissions"])
def test_what_is_read_from_files_is_what_is_read_into_memory(lake: Lake, tmp_path: Path, name: str) -> None:
    rows, left_out = lake.rows(*TABLES, folder=tmp_path / "copies")
    assert len(rows[name].parts) == 1
    assert rows[name].rest.num_rows > 0
    assert rows[name].num_rows == lake.facts(name)[name].num_rows
    assert raw(rows, name).equals(raw(lake.facts(*TABLES), name))
    assert left_out == []
    assert not (tmp_path / "copies").exists()  # a folder's files are read where they lie


def test_a_file_that_lacks_a_later_column_is_read_with_null_beside_one_that_has_it(tmp_path: Path) -> None:
    lake = Lake(FolderStore(Path(shutil.copytree(OLD, tmp_path / "lake"))))
    put(lake, 4, peak_memory=2**30)
    admission.admit(lake, NOON)
    compact(lake, NOON)
    put(lake, 5, peak_memory=2**31)
    admission.admit(lake, NOON)
    rows, _ = lake.rows("run", "admissions", folder=tmp_path / "copies")
    found = raw(rows, "run").sort_by("admitted_seq")
    assert found["peak_memory"].to_pylist() == [None] * 4 + [2**30, 2**31]


@pytest.mark.parametrize("name", ["run", "scores"])
def test_a_flipped_bit_is_found_each_time_and_never_read(lake: Lake, tmp_path: Path, name: str) -> None:
    lake.rows(*TABLES, folder=tmp_path)
    [shard] = newest(lake.store).segments[0].shards
    path = tmp_path / "lake" / shard[name].key
    body = bytearray(path.read_bytes())
    body[len(body) // 3] ^= 1  # of a page: DuckDB would read another value
    path.write_bytes(body)
    with pytest.raises(Faulty, match=rf"{shard[name].key}: the bytes' sha256"):
        lake.rows(*TABLES, folder=tmp_path)


def test_an_admitted_run_that_can_not_be_read_is_named(lake: Lake, tmp_path: Path) -> None:
    left = put(lake, 8)
    admission.admit(lake, NOON)
    (tmp_path / "lake" / RunKey(left["job_id"], left["run_id"]).of("run")).write_bytes(b"rotten")
    rows, left_out = lake.rows(*TABLES, folder=tmp_path)
    assert left_out == [left["run_id"]]
    assert rows["run"].num_rows == 8


def test_files_of_a_bucket_outlive_their_copies_in_the_cache(lake: Lake, tmp_path: Path) -> None:
    """A limit of nothing: each copy goes as soon as it has come."""
    bucket = Lake(CachedStore(lake.store, tmp_path / "cache", limit=0))
    copies = tmp_path / "copies"
    rows, _ = bucket.rows(*TABLES, folder=copies)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
    assert {part.path.parent for name in TABLES for part in rows[name].parts} == {copies}
    assert raw(rows, "scores").equals(raw(lake.facts(*TABLES), "scores"))


def test_what_is_compacted_does_not_show_in_the_bytes_of_the_exports(tmp_path: Path) -> None:
    lake, size = Lake(FolderStore(tmp_path / "lake")), scale_lake.Size(scores=3_000, samples=1_000, late=1)
    scale_lake.sow(lake, size)
    scale_lake.grow(lake, size)
    for place in range(8):
        run = scale_lake.run_of(1, place, size)
        lake.put_run(run, runs.scores(run, value=place / 8, n_correct=None), runs.samples(run))
    admission.admit(lake, NOON)
    files = []
    for step in ("before", "after"):
        rows, _ = lake.rows(*TABLES, folder=tmp_path)
        export(board(rows, tmp_path / step), tmp_path / step)
        files.append({path.name: path.read_bytes() for path in (tmp_path / step).iterdir() if path.suffix != ".duckdb"})
        compact(lake, NOON)
    assert len(lake.rows("run", folder=tmp_path)[0]["run"].parts) > 1
    assert len(files[0]["results.csv"].splitlines()) == 1 + 100 + 8
    assert files[0] == files[1]


def test_the_largest_value_is_found_in_files_and_beside_them(lake: Lake, tmp_path: Path) -> None:
    rows, _ = lake.rows("run", folder=tmp_path)
    assert rows["run"].largest("seconds") == max(lake.facts("run")["run"]["seconds"].to_pylist())
    assert Rows((), SCHEMAS["run"].empty_table()).largest("seconds") is None
