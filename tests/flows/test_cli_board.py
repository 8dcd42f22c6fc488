"""The printed boards, as a terminal of 80 columns shows them.

STANDINGS_WRITE_BOARDS=1 writes the expected pages anew: read what changed before it is committed.
"""

import json
import os
import re
from pathlib import Path

import pytest

from tests.flows.conftest import Ask

BOARDS = Path(__file__).parent / "boards"
PAGES = {
    "overall": (),
    "origin": ("--by", "origin"),
    "licence": ("--by", "licence"),
    "origin-and-licence": ("--by", "origin-and-licence"),
    "category": ("--by", "category"),
    "coverage": ("--by", "coverage"),
    "slice": ("--origin", "FR", "--max-active-b", "10"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_printed_board_is_as_its_page_has_it(ask: Ask, name: str) -> None:
    result = ask("board", *PAGES[name])
    assert result.exit_code == 0, result.output
    page, text = BOARDS / f"{name}.txt", re.sub(r"Snapshot \w{12}", "Snapshot 0123456789ab", result.stdout)
    if os.environ.get("STANDINGS_WRITE_BOARDS"):
        page.write_text(text)
    assert text == page.read_text()
    assert max(map(len, text.splitlines())) <= 80


def test_a_board_by_origin_says_among_how_many_a_model_is_the_best(ask: Ask) -> None:
    rows = json.loads(ask("board", "--by", "origin", "--json").stdout)["rows"]
    chinese = next(row for row in rows if row["origin"] == "CN" and row["band"] == "all")
    assert (chinese["tried"], chinese["registered"]) == (1, 2)


def test_json_says_which_snapshot_and_which_slice_the_rows_are_of(ask: Ask) -> None:
    found = json.loads(ask("board", "--origin", "CN", "--json").stdout)
    assert found["slice"] == {"origin": "CN"}
    assert found["snapshot"]["built_at"] == "2026-08-01T13:00:00Z"
    assert [row["model"] for row in found["rows"]] == ["jade/base-8b", "jade/unpinned"]
    assert found["rows"][0]["rank"] == 1  # ranked anew within the slice


def test_a_joint_origin_is_found_by_each_of_its_countries_and_stays_one_row(ask: Ask) -> None:
    for country in ("FR", "US", "FR+US"):
        rows = json.loads(ask("board", "--by", "origin", "--origin", country, "--json").stdout)["rows"]
        assert "FR+US" in {row["origin"] for row in rows if row["band"] == "all"}


def test_an_option_that_the_rows_cannot_be_narrowed_by_is_refused(ask: Ask) -> None:
    result = ask("board", "--by", "origin", "--max-active-b", "4")
    assert result.exit_code == 2
    assert result.stderr.startswith("--max-active-b: does not go with --by origin")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--suite", "mimi"), "Did you mean 'mini'?"),
        (("--origin", "XX"), "There are: CN, FR, FR+US, US."),
        (("--licence", "osi-approved"), "Did you mean 'osi_approved'?"),
        (("--category", "maths"), "Did you mean 'mathematics'?"),
    ],
)
def test_a_name_that_the_board_does_not_have_is_told_with_the_nearest(
    ask: Ask, words: tuple[str, str], told: str
) -> None:
    result = ask("board", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith(words[0])
    assert told in result.stderr


def test_a_quote_in_a_name_is_no_sql(ask: Ask) -> None:
    result = ask("board", "--origin", "FR' OR '1'='1")
    assert result.exit_code == 2
    assert "is not known" in result.stderr


def test_without_a_board_the_message_says_how_to_get_one(ask: Ask, tmp_path: Path) -> None:
    for words in (("board",), ("sql", "SELECT 1")):
        result = ask(*words, "--home", str(tmp_path / "nothing"))
        assert result.exit_code == 2
        assert "Run `standings run` or `make demo` first" in result.stderr
        assert not (tmp_path / "nothing").exists()  # nothing is created by reading
