"""docs/import.md names every format, mark and column there is, and no other."""

import re
from pathlib import Path

from standings.exporting.hub import BENCHMARKS
from standings.importing import tidy
from standings.importing.formats import Format
from standings.importing.marks import MEANING
from standings.importing.recognise import read
from tests.standings.importing.files import file

PAGE = (Path(__file__).parents[3] / "docs" / "import.md").read_text()


def rows(heading: str) -> dict[str, str]:
    """Return the first table under a heading: first cell to second."""
    part = re.split(r"^#+ ", PAGE, flags=re.MULTILINE)
    [section] = [text for text in part if text.startswith(heading)]
    return dict(re.findall(r"^\| `([^`]+)` \| (.*?) \|", section, re.MULTILINE))


def test_every_mark_is_told_as_it_is_meant() -> None:
    told = rows("What is in the way of comparing")
    assert {name: meaning for name, meaning in told.items() if name not in ("shots_differ", "suspect")} == MEANING


def test_every_format_is_told() -> None:
    assert set(rows("Formats that are read")) == set(Format)


def test_every_column_of_the_table_is_told() -> None:
    told = rows("The table of published numbers")
    assert set(told) == {*tidy.REQUIRED, *tidy.OPTIONAL}
    assert {name: told[name] for name in tidy.OPTIONAL} == tidy.OPTIONAL


def test_the_table_that_is_shown_can_be_read() -> None:
    [shown] = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    assert len(read(file(shown), None)[1].numbers) == 1


def test_the_benchmarks_that_the_hub_has_are_told() -> None:
    assert all(f"`{task}`" in rows("Formats that are written")["hub-eval-results"] for task in BENCHMARKS)
