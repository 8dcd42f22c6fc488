"""Files are imported into a lake whole or not at all, and the same file again adds nothing."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from standings.importing.matching import Known, Origin
from tasks.importing import Read, files, import_files
from tasks.lake import Lake
from tasks.refresh import refresh
from tasks.store import FolderStore
from tests.standings.importing.files import AIDER, TIDY, harness_03, harness_04, samples

NOW = datetime(2026, 8, 1, tzinfo=UTC)
KNOWN = Known({"acme/tiny-1": "a" * 40})
STAMP = "2026-08-01T12-00-00.000000"
SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(FolderStore(tmp_path / "lake"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of each of a few shapes."""
    made = tmp_path / "given"
    made.mkdir()
    (made / f"results_{STAMP}.json").write_text(json.dumps(harness_04()))
    (made / f"samples_sums_{STAMP}.jsonl").write_bytes(samples(1, 1, 1, 0))
    (made / "old.json").write_text(json.dumps(harness_03()))
    (made / "aider.yml").write_text(AIDER)
    (made / "pointer.json").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n")
    (made / "README.md").write_text("not data")
    return made


def imported(lake: Lake, *paths: Path, at: datetime = NOW, **more: Any) -> list[Read]:
    return import_files(lake, paths, KNOWN, Origin("https://x.example"), at, **more)


def held(lake: Lake) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lake.facts("reported")["reported"].to_pylist()
    return rows


def test_a_folder_is_looked_through_and_what_is_refused_stops_nothing_else(lake: Lake, folder: Path) -> None:
    found = {Path(item.file).name: item for item in imported(lake, folder)}
    assert {name: (item.format, item.added) for name, item in found.items() if not item.refused} == {
        f"results_{STAMP}.json": ("lm-eval", 5),
        "old.json": ("lm-eval", 4),
        "aider.yml": ("aider", 2),
    }
    assert "git lfs pull" in str(found["pointer.json"].refused)
    assert len(held(lake)) == 11


def test_the_same_files_again_add_nothing_from_wherever(lake: Lake, folder: Path, tmp_path: Path) -> None:
    imported(lake, folder)
    moved = Path(shutil.copytree(folder, tmp_path / "moved"))
    again = imported(lake, moved, at=NOW + timedelta(days=1))
    assert [item.added for item in again] == [0] * 4
    assert len(held(lake)) == 11


def test_the_same_file_twice_in_one_import_is_one(lake: Lake, folder: Path) -> None:
    copy = folder / "copy.yml"
    copy.write_text(AIDER)
    assert [item.added for item in imported(lake, folder / "aider.yml", copy)] == [2, 0]


def test_a_number_that_its_source_changed_is_a_version_of_its_own(lake: Lake, folder: Path) -> None:
    imported(lake, folder / "aider.yml")
    (folder / "aider.yml").write_text(AIDER.replace("35.7", "36.2"))
    [read] = imported(lake, folder / "aider.yml", at=NOW + timedelta(days=1))
    assert read.added == 1
    rows = [row for row in held(lake) if row["metric"] == "pass_rate_2"]
    assert [row["value"] for row in sorted(rows, key=lambda row: row["known_from"])] == [35.7, 36.2]
    assert len({row["reported_id"] for row in rows}) == 1


def test_sample_files_are_read_with_their_results_file_whichever_of_them_is_named(lake: Lake, folder: Path) -> None:
    [read] = imported(lake, folder / f"samples_sums_{STAMP}.jsonl")
    assert read.file.endswith(f"results_{STAMP}.json")
    [strict] = [row for row in held(lake) if row["filter"] == "strict"]
    assert (strict["n_correct"], strict["model"], strict["comparability"]) == (3, "acme/tiny-1", [])


def test_samples_without_their_results_file_are_refused(lake: Lake, folder: Path) -> None:
    (folder / f"results_{STAMP}.json").unlink()
    [read] = imported(lake, folder / f"samples_sums_{STAMP}.jsonl")
    assert "not whose they are" in str(read.refused)


def test_a_dry_run_writes_nothing(lake: Lake, folder: Path) -> None:
    assert imported(lake, folder / "aider.yml", write=False)[0].added == 2
    assert held(lake) == []


def test_a_file_of_two_numbers_for_one_thing_leaves_nothing_behind(lake: Lake, folder: Path) -> None:
    table = folder / "table.csv"
    table.write_text(TIDY + TIDY.splitlines()[1].replace("76.9", "77.1") + "\n")
    [read] = imported(lake, table)
    assert "two numbers for acme/tiny-1, MMLU: 76.9 and 77.1" in str(read.refused)
    assert held(lake) == []


def test_imported_numbers_reach_the_board_and_count_for_nothing(lake: Lake, folder: Path, tmp_path: Path) -> None:
    from tasks.materialise import query

    imported(lake, folder)
    board = refresh(lake, tmp_path / "boards", NOW).board
    rows = query(board, "SELECT evidence, count(*) AS n FROM leaderboard.evidence GROUP BY evidence ORDER BY evidence")
    assert rows.to_pylist() == [{"evidence": "measured_elsewhere", "n": 9}, {"evidence": "reported", "n": 2}]
    assert query(board, "FROM leaderboard.results").num_rows == 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent: published files are not part of the project")
def test_every_published_file_is_read_and_adds_nothing_a_second_time(lake: Lake) -> None:
    paths = (SHARED / "lm_eval_results", SHARED / "reported")
    first = imported(lake, *paths)
    assert [item.file for item in first if item.refused or item.left_out] == []
    assert sum(item.format == "lm-eval" for item in first) == len(list(paths[0].rglob("*.json")))
    assert [item.numbers for item in first if item.format == "aider"] == [138]  # 69 entries with two rates each
    assert sum(item.added for item in imported(lake, *paths)) == 0
    rows = held(lake)
    assert {row["harness_version"] for row in rows if row["harness"] == "lm-eval"} == {None, "0.4.9.2", "0.4.13"}
    generated = [row for row in rows if row["model_told"] == "dummy"]
    assert {row["n"] for row in generated} == {20}
    assert all(row["n_correct"] is not None for row in generated)
    assert not [row for row in generated if "samples_disagree" in row["comparability"]]


def test_what_a_folder_holds_is_read_in_an_order_that_is_always_the_same(folder: Path) -> None:
    names = [path.name for path in files([folder, folder / "aider.yml"])]
    assert names == ["aider.yml", "old.json", "pointer.json", f"results_{STAMP}.json"]
