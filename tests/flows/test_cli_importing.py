"""`standings import` and `standings export` say what they did, and ours go out and come back equal."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.flows.conftest import Ask
from tests.standings.importing.files import AIDER, TIDY, harness_04

SOURCE = ("--source", "https://x.example", "--commit", "1a2b3c4")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "results_2026-08-01T12-00-00.0.json").write_text(json.dumps(harness_04()))
    (folder / "aider.yml").write_text(AIDER)
    return folder


def rows(ask: Ask, sql: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(ask("sql", sql, "--json").stdout)
    return found


def test_an_import_says_what_each_file_is_and_stands_beside_ours_after_a_refresh(ask_mine: Ask, given: Path) -> None:
    told = ask_mine("import", str(given), *SOURCE)
    assert told.exit_code == 0
    assert "aider.yml: aider, 2 numbers\n" in told.stdout
    assert "results_2026-08-01T12-00-00.0.json: lm-eval, 5 numbers\n" in told.stdout
    assert "kept as told: Tiny 1 (high). Declare with --aliases." in " ".join(told.stdout.split())
    assert "7 numbers added. Next: standings refresh" in told.stdout
    before = rows(ask_mine, "FROM leaderboard.results")
    ask_mine("refresh")
    assert rows(ask_mine, "FROM leaderboard.results") == before
    kinds = rows(ask_mine, "SELECT DISTINCT evidence FROM leaderboard.evidence ORDER BY ALL")
    assert [row["evidence"] for row in kinds] == ["measured", "measured_elsewhere", "reported"]
    named = "SELECT DISTINCT name, source_commit FROM leaderboard.evidence WHERE evidence = 'measured_elsewhere'"
    assert rows(ask_mine, named) == [{"name": "Acme Tiny 1", "source_commit": "1a2b3c4"}]


def test_a_second_import_says_that_all_is_held(ask_mine: Ask, given: Path) -> None:
    ask_mine("import", str(given), *SOURCE)
    told = ask_mine("import", str(given), *SOURCE).stdout
    assert "aider.yml: aider, 2 numbers, 2 of them held already" in told
    assert "0 numbers added" in told


def test_a_dry_run_adds_nothing(ask_mine: Ask, given: Path) -> None:
    assert "7 numbers would be added." in ask_mine("import", str(given), *SOURCE, "--dry-run").stdout
    assert "7 numbers added." in ask_mine("import", str(given), *SOURCE).stdout


def test_an_alias_declares_which_model_is_meant(ask_mine: Ask, given: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.yaml"
    names.write_text("Tiny 1 (high): acme/tiny-1\n")
    told = ask_mine("import", str(given / "aider.yml"), *SOURCE, "--aliases", str(names), "--json")
    assert json.loads(told.stdout)[0]["unmatched"] == []
    names.write_text("Tiny 1 (high): acme/tiny\n")
    told = ask_mine("import", str(given / "aider.yml"), *SOURCE, "--aliases", str(names))
    assert told.exit_code == 2
    assert "'Tiny 1 (high)' means 'acme/tiny', which is no model of the registry." in told.stderr


def test_a_refused_file_is_named_with_its_remedy_and_the_others_are_imported(ask_mine: Ask, given: Path) -> None:
    (given / "a.json").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n")
    (given / "b.csv").write_text(TIDY.replace(",source,", ",sauce,"))
    told = ask_mine("import", str(given), *SOURCE)
    assert told.exit_code == 1
    assert f"refused: {given / 'a.json'} is a pointer of Git LFS" in told.stdout
    assert f"refused: {given / 'b.csv'} has the unknown column sauce. docs/import.md lists the columns." in told.stdout
    assert "7 numbers added." in told.stdout


def test_a_path_that_is_not_there_and_a_folder_without_data_stop_the_command(ask: Ask, tmp_path: Path) -> None:
    assert ask("import", "nowhere.json").stderr == "nowhere.json: is not there.\n"
    assert "no file that could hold numbers" in ask("import", str(tmp_path)).stderr


def test_numbers_without_a_source_are_refused(ask: Ask, given: Path) -> None:
    told = ask("import", str(given / "aider.yml"), "--dry-run")
    assert (told.exit_code, "Say it with --source." in told.stdout) == (1, True)


@pytest.mark.parametrize("format", ["lm-eval", "every-eval-ever", "parquet"])
def test_what_is_exported_and_imported_again_stands_beside_ours_without_a_difference(
    ask_mine: Ask, tmp_path: Path, format: str
) -> None:
    told = ask_mine("export", "--format", format, "--suite", "mini", str(tmp_path / "out"))
    assert (told.exit_code, "written below" in told.stdout) == (0, True)
    assert ask_mine("import", str(tmp_path / "out"), *SOURCE).exit_code == 0
    ask_mine("refresh")
    pairs = rows(ask_mine, "SELECT difference, n, comparability FROM leaderboard.evidence WHERE evidence <> 'measured' "
                           "AND variant IS NULL AND measured IS NOT NULL")  # fmt: skip
    assert len(pairs) >= 8
    assert {row["n"] for row in pairs} == {40}
    counted = rows(ask_mine, "SELECT count(*) AS n FROM leaderboard.evidence AS a JOIN leaderboard.results AS b "
                   "ON b.model = a.model AND b.benchmark = a.benchmark AND b.score = a.score "
                   "WHERE a.evidence = 'measured_elsewhere'")  # fmt: skip
    assert counted[0]["n"] >= 8


def test_an_export_can_be_of_one_model_and_an_unknown_one_stops_it(ask: Ask, tmp_path: Path) -> None:
    ask("export", "--format", "parquet", "--model", "acme/tiny-1", str(tmp_path))
    assert set(pq.read_table(tmp_path / "scores.parquet")["model"].to_pylist()) == {"acme/tiny-1"}
    told = ask("export", "--format", "parquet", "--model", "acme/tiny-2", str(tmp_path))
    assert (told.exit_code, "Did you mean 'acme/tiny-1'?" in told.stderr) == (2, True)


def test_a_suite_that_the_hub_has_no_benchmark_of_writes_nothing(ask: Ask, tmp_path: Path) -> None:
    told = ask("export", "--format", "hub-eval-results", str(tmp_path / "out"))
    assert told.exit_code == 2
    assert "The Hub has no benchmark for mini/order" in told.stderr
    assert not (tmp_path / "out").exists()
