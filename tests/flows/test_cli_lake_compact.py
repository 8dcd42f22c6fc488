"""`standings lake compact` says what it did, and every command goes on working on what it leaves."""

import json
from pathlib import Path

from tests.flows.conftest import Ask


def test_every_command_says_the_same_once_the_lake_is_compacted(ask_mine: Ask, mine: Path) -> None:
    asked = (("runs", "--json"), ("board", "--json"), ("plan", "--json"), ("lake", "check", "--deep", "--json"))
    before = [json.loads(ask_mine(*words).stdout) for words in asked]
    [run, *_] = [row for row in before[0] if row["status"] == "succeeded"]
    samples = ask_mine("samples", run["run_id"], "--json").stdout

    done = json.loads(ask_mine("lake", "compact", "--json").stdout)

    admitted = before[3]["admitted"]
    assert (done["compacted"]["runs"], done["collected"]["unpublished"]) == (admitted, 0)
    assert done["after"]["objects"] < done["before"]["objects"]
    assert [*(mine / "home" / "lake" / "inbox").rglob("*.parquet")] == []
    assert ask_mine("refresh").exit_code == 0
    after = [json.loads(ask_mine(*words).stdout) for words in asked]
    assert after[:3] == before[:3]
    assert after[3] == {**before[3], "compacted": admitted}
    assert ask_mine("samples", run["run_id"], "--json").stdout == samples


def test_what_it_did_is_told_and_a_second_time_there_is_nothing_to_do(ask_mine: Ask) -> None:
    first = ask_mine("lake", "compact", "--keep").stdout
    assert "runs compacted; the lake has 1 segment of 6 files." in first
    assert "deleted" not in first
    second = ask_mine("lake", "compact").stdout
    assert second.startswith("0 runs compacted; the lake has 1 segment of 6 files.\n")
    assert "objects of compacted runs and 0 superseded deleted." in second
    assert "of them compacted" in ask_mine("lake", "check").stdout


def test_a_file_that_has_rotted_is_told_and_is_no_success(ask_mine: Ask, mine: Path) -> None:
    ask_mine("lake", "compact", "--keep")
    [file] = (mine / "home" / "lake" / "compacted" / "v1" / "scores").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    found = ask_mine("lake", "compact")
    assert found.exit_code == 1
    assert "rotten, so that the objects of its runs are kept" in found.stdout
