"""Write tables, numbers and JSON so that they fit a terminal, and never let data steer it."""

import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal

from rich.box import Box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

UNKNOWN = "—"
WIDTH = 100  # columns where the output is no terminal and COLUMNS does not say
RULED = Box("    \n    \n── ─\n    \n    \n    \n    \n    \n")  # one rule under the header
BIDI = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}  # would show text in another order than it is in


def console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: nothing in the data is markup."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def put(
    what: str | Text | Table = "",
    *,
    style: str | None = None,
    indent: int = 0,
    whole: bool = False,
    stderr: bool = False,
) -> None:
    """Print a paragraph or a table, without the blanks that rich leaves at the ends of lines.

    `whole` leaves a long line to the terminal, so that a path or a message can be copied in one piece.
    """
    out = console(stderr=stderr)
    with out.capture() as captured:
        shown = visible(what) if isinstance(what, str) else what
        out.print(Padding(shown, (0, 0, 0, indent)) if indent else shown, style=style, soft_wrap=whole)
    lines = captured.get().removesuffix("\n").split("\n")
    out.file.write("".join(line.rstrip(" ") + "\n" for line in lines))


def say(text: str) -> None:
    """Print a paragraph to standard error: what a person should know, and a pipe should not get."""
    put(text, stderr=True)


def visible(text: str) -> str:
    """Show what could steer a terminal, or reorder text on it, as a sign; new lines and tabs stay."""
    return "".join(_sign(letter) if _steers(letter) else letter for letter in text)


def _steers(letter: str) -> bool:
    return letter in BIDI or unicodedata.category(letter) in ("Cc", "Zl", "Zp")


def _sign(letter: str) -> str:
    if letter in "\n\t":
        return letter
    return chr(0x2400 + ord(letter)) if ord(letter) < 0x20 else "\ufffd"


def cell(value: object) -> Text:
    """Write one value of a table: an explicit dash where nothing is known."""
    return value if isinstance(value, Text) else Text(visible(as_text(value)))


def as_text(value: object) -> str:
    """Write a value as a reader expects it: one decimal, yes or no, minutes, `a, b`."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, list | tuple):
        return ", ".join(as_text(item) for item in value) or UNKNOWN
    return str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], flexible: tuple[int, ...] = (0,)) -> Table:
    """Lay out rows under headers, to the right where one begins with `>`.

    Only the `flexible` columns give way, and wrap, where the terminal is narrow.
    """
    made = Table(box=RULED, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for place, header in enumerate(columns):
        justify: Literal["left", "right"] = "right" if header.startswith(">") else "left"
        name = cell(header[1:] if header[:1] in ("<", ">") else header)
        made.add_column(name, justify=justify, no_wrap=place not in flexible, overflow="fold")
    for row in rows:
        made.add_row(*(cell(value) for value in row))
    return made


def print_json(value: object) -> None:
    """Print JSON: unknown is null, times are ISO 8601."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=as_json) + "\n")


def as_json(value: Any) -> Any:
    """Turn what JSON has no word for into what it has."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def duration(seconds: float | None) -> str:
    """Write a time as a person says it."""
    if seconds is None:
        return "unknown"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if hours < 48 else f"{round(hours / 24):,} days"


def size(count: float | None) -> str:
    """Write bytes in GiB."""
    return "unknown" if count is None else f"{count / 1024**3:.1f} GiB"


def billions(count: float | None) -> str:
    """Write billions of parameters with three digits that count, and all digits before the point."""
    if count is None:
        return UNKNOWN
    return f"{count:.3g}" if count < 100 else f"{count:.0f}"


def few(names: Sequence[str], most: int = 4) -> str:
    """Name a few and count the rest."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def clipped(text: str, most: int = 160) -> str:
    """Cut a long text and the hashes in it; whoever needs it whole asks for JSON."""
    text = re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1…", text)
    return text if len(text) <= most else text[: most - 1] + "…"
