"""Hold docs/views.md against the files that it describes."""

from pathlib import Path

from tasks.sqldocs import page

PAGE = Path(__file__).parents[2] / "docs" / "views.md"


def test_the_reference_names_every_view_macro_and_column_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tasks.sqldocs docs/views.md`"
