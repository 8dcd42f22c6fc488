"""Every leaderboard table as Parquet and CSV: the same facts give the same bytes, wherever they are built."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from standings.paths import folder
from tasks import exports, materialise
from tasks.exports import export
from tasks.lake import Lake
from tasks.refresh import refresh
from tasks.snapshots import BOARD, Manifest, read_manifest
from tasks.store import FolderStore
from tests.flows.home import NOON, fill, write_registry

ROOT = Path(__file__).parents[2]
_REFRESH = """
import sys; from pathlib import Path; from tests.tasks.test_exports import again; print(again(Path(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("standings")
    fill(root / "home", write_registry(root / "registry"))
    return root / "home"


@pytest.fixture(scope="module")
def board(home: Path) -> Path:
    [found] = (home / "boards").rglob(BOARD)
    return found


def again(home: Path) -> str:
    """Refresh at another time; return the snapshot's id."""
    return refresh(Lake(FolderStore(home / "lake")), home / "boards", NOON + timedelta(days=3)).snapshot


def published(home: Path, snapshot: str) -> Manifest:
    return read_manifest(FolderStore(home / "lake"), snapshot)[0]


def test_two_refreshes_of_the_same_facts_in_two_homes_give_the_same_bytes(home: Path, tmp_path: Path) -> None:
    before = again(home)  # what stands there already
    other = tmp_path / "another home"
    shutil.copytree(home, other)
    shutil.rmtree(other / "boards")
    shutil.rmtree(other / "lake" / "snapshots")
    (other / "lake" / "latest.json").unlink()
    variables = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-c", _REFRESH, str(other)]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == before
    one, two = published(home, before).files, published(other, before).files
    assert len(one) > 20
    del one[BOARD], two[BOARD]  # DuckDB's own bytes differ between two builds of the same rows
    assert one == two


def test_threads_do_not_show_in_the_bytes(home: Path, tmp_path: Path) -> None:
    tables = Lake(FolderStore(home / "lake")).facts("run", "scores", "models", "benchmarks", "wanted", "admissions")
    for threads in (1, 4):
        made = tmp_path / str(threads)
        made.mkdir()
        materialise.build(tables, made / BOARD, now=NOON, snapshot="s", threads=threads)
        export(made / BOARD, made)
    for path in (tmp_path / "1").iterdir():
        assert path.name == BOARD or path.read_bytes() == (tmp_path / "4" / path.name).read_bytes(), path.name


def test_how_batches_were_cut_does_not_show_in_the_row_groups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(exports, "ROWS_PER_GROUP", 10)
    rows = pa.table({"n": range(35), "names": [["a", "é"]] * 35})
    for cut in (1, 7, 35):
        reader = pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches(cut))
        assert exports._write(reader, tmp_path / f"{cut}.parquet", tmp_path / f"{cut}.csv") == 35
    assert pq.ParquetFile(tmp_path / "1.parquet").num_row_groups == 4
    for ending in ("parquet", "csv"):
        assert len({(tmp_path / f"{cut}.{ending}").read_bytes() for cut in (1, 7, 35)}) == 1


def test_each_table_is_there_twice_and_reads_back_as_the_board_has_it(board: Path, tmp_path: Path) -> None:
    counts = export(board, tmp_path)
    names = {path.stem for path in (folder("sql") / "leaderboard").glob("*.sql")} - {"standings"}  # a macro
    assert set(counts) == {f"{name}.{ending}" for name in names for ending in ("parquet", "csv")}
    for name in names:
        table = materialise.query(board, f"FROM leaderboard.{name}")
        assert pq.read_table(tmp_path / f"{name}.parquet", page_checksum_verification=True).equals(table), name
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            lines = list(csv.DictReader(file))
        assert len(lines) == table.num_rows == counts[f"{name}.csv"]


def test_csv_has_json_for_lists_utc_for_times_and_nothing_for_unknown(board: Path, tmp_path: Path) -> None:
    export(board, tmp_path)
    with (tmp_path / "overall.csv").open(newline="") as file:
        [joint, *_] = list(csv.DictReader(file))
    assert json.loads(joint["origin_countries"]) == ["FR", "US"]
    assert joint["family"] == ""
    with (tmp_path / "snapshot.csv").open(newline="") as file:
        [row] = list(csv.DictReader(file))
    assert row["built_at"] == "2026-08-01T13:00:00.000000Z"


@pytest.mark.parametrize("path", sorted((folder("sql") / "leaderboard").glob("*.sql")), ids=lambda path: path.stem)
def test_each_leaderboard_table_orders_its_rows_by_what_makes_one_unique(path: Path) -> None:
    text = path.read_text()
    unique = re.search(r"-- assert unique: (.+)", text)
    if unique is None:
        # One row, a macro, and rulings, of which the same may be given twice.
        assert path.stem in {"snapshot", "standings", "verdicts"}
        return
    order = text.strip().rpartition("ORDER BY")[2]
    assert {name.strip() for name in unique[1].split(",")} <= set(re.findall(r"[a-z_]+", order)), order
