"""`standings sql`: ask the board anything, read-only."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from flows.cli import context, options
from flows.cli.errors import FAULT, Stop
from flows.cli.output import as_json, as_text, console, say, table, visible
from flows.wording import counted

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

EXAMPLE = "standings sql \"SELECT name, origin, index FROM leaderboard.overall WHERE suite = 'quick' ORDER BY rank\""


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


Statement = Annotated[
    str, typer.Argument(metavar="SELECT", help="One SELECT, DESCRIBE or SHOW; - reads standard input.")
]
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write to this file.")]


def sql(
    statement: Statement,
    format: Annotated[
        Format | None,
        typer.Option("--format", metavar="HOW", help=f"How rows are written: {', '.join(Format)}; else as FILE ends."),
    ] = None,
    output: Output = None,
    home: options.Home = None,
    json: Annotated[bool, typer.Option("--json", metavar="", help="The same as --format json.")] = False,
) -> None:
    """Run one SELECT on the newest board, read-only.

    What there is, with the meaning of each column: docs/views.md, or
    standings sql "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'overall'"
    """
    from tasks.materialise import query

    chosen = Format.JSON if json else format or format_of(output)
    if chosen is Format.PARQUET and output is None:
        raise Stop("--format parquet", "is for a file, not for a terminal.", "Give --output FILE.")
    board = context.newest_board(context.settings(home))
    text = sys.stdin.read() if statement == "-" else statement
    try:
        rows = query(board, text)
    except ValueError as error:
        raise Stop("sql", str(error), code=FAULT) from error
    if output is None:
        print_rows(rows, chosen)
        return
    try:
        with output.open("wb") as file:
            write(rows, chosen, file)
    except OSError as error:
        raise Stop(str(output), f"can't be written: {error.strerror}.", "Give --output another path.") from error
    say(f"{counted(rows.num_rows, 'row')} written to {output}")


def format_of(output: Path | None) -> Format:
    """Choose the format that a file's name says; a table where it says none."""
    ending = output.suffix.removeprefix(".").lower() if output else ""
    return Format(ending) if ending in (Format.CSV, Format.JSON, Format.PARQUET) else Format.TABLE


def print_rows(rows: "pa.Table", chosen: Format) -> None:
    """Print rows to standard output."""
    if chosen is Format.TABLE:
        print_table(rows, console())
    else:
        sys.stdout.flush()
        write(rows, chosen, sys.stdout.buffer)


def write(rows: "pa.Table", chosen: Format, file: BinaryIO) -> None:
    """Write rows as CSV, JSON or Parquet, or as the table that a terminal would show."""
    import json

    if chosen is Format.CSV:
        file.write(as_csv(rows))
    elif chosen is Format.JSON:
        file.write(json.dumps(rows.to_pylist(), indent=2, ensure_ascii=False, default=as_json).encode() + b"\n")
    elif chosen is Format.PARQUET:
        import pyarrow.parquet as pq

        pq.write_table(rows, file)
    else:
        out = console()
        with out.capture() as captured:
            print_table(rows, out)
        file.write(captured.get().encode())


def as_csv(rows: "pa.Table") -> bytes:
    """Write CSV; a list or a struct, for which CSV has no word, becomes JSON."""
    import csv
    import io
    import json

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.column_names)
    for row in rows.to_pylist():
        values = (
            json.dumps(value, default=as_json) if isinstance(value, list | dict) else value for value in row.values()
        )
        writer.writerow(as_json(value) if hasattr(value, "isoformat") else value for value in values)
    return text.getvalue().encode()


def print_table(rows: "pa.Table", out: "Console") -> None:
    """Print a table; where it is wider than the terminal, each row as lines of its own."""
    from rich.measure import Measurement

    found = rows.to_pylist()
    columns = [justify(field.type) + field.name for field in rows.schema]
    laid = table(columns, [[shown(value) for value in row.values()] for row in found], flexible=())
    if Measurement.get(out, out.options.update(max_width=10_000), laid).maximum <= out.width:
        out.print(laid)
    else:
        width = max(len(name) for name in rows.column_names)
        for row in found:
            for name, value in row.items():
                out.print(visible(f"{name:<{width}}  {as_text(shown(value))}"), soft_wrap=True)
            out.print()
    out.print(f"({counted(len(found), 'row')})", style="dim")


def shown(value: Any) -> object:
    """Show a number of a query with the digits that tell it apart, not rounded to one."""
    if isinstance(value, list):
        return [shown(item) for item in value]
    if not isinstance(value, float):
        return value
    return f"{value:.0f}" if 1e6 <= abs(value) < 1e15 else f"{value:.6g}"


def justify(kind: Any) -> str:
    """Mark numbers to be put to the right."""
    import pyarrow as pa

    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return ">" if numeric else "<"
