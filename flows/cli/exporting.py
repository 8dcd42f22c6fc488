"""`standings export`: write what is measured here in the formats of others."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import context, options
from flows.cli.errors import Stop, require_known
from flows.cli.output import few, print_json, put, say
from flows.wording import counted

if TYPE_CHECKING:
    from standings.exporting.counted import Sheet

EXAMPLE = "standings export --format lm-eval --suite quick exported"


class Format(StrEnum):
    """What can be written."""

    LM_EVAL = "lm-eval"
    EVAL_EVER = "every-eval-ever"
    HUB = "hub-eval-results"
    PARQUET = "parquet"


def export(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="Folder to write to; it is made if need be.")],
    format: Annotated[Format, typer.Option("--format", metavar="HOW", help=f"One of {', '.join(Format)}.")],
    suites: options.Suites = None,
    models: options.Models = None,
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Who measured, for every-eval-ever.")
    ] = "Standings, self-hosted",
    source: Annotated[
        str | None, typer.Option("--source", metavar="URL", help="Address at which the board is published.")
    ] = None,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Write the results of the newest board in a format of others.

    Only what counts on the board: no failed, withdrawn or imported number, and no text of a document.
    """
    from tasks.exporting import counted as read
    from tasks.exporting import write

    board = context.newest_board(context.settings(home))
    everything = read(board)
    require_known("--suite", "suite", suites or [], {str(sheet.head["suite"]) for sheet in everything})
    require_known("--model", "model", models or [], {str(sheet.head["model"]) for sheet in everything})
    chosen = [
        sheet
        for sheet in everything
        if sheet.head["suite"] in (suites or [sheet.head["suite"]])
        and sheet.head["model"] in (models or [sheet.head["model"]])
    ]
    if not chosen:
        raise Stop("export", "the newest board shows no result of these.")
    files = files_of(chosen, format, by, source)
    if not files:
        raise Stop("export", "no result of these has a place in this format.", "docs/import.md says which have.")
    write(files, target)
    if json:
        print_json([str(target / name) for name in files])
        return
    put(f"{counted(len(files), 'file')} written below {target}: {few(sorted(files), 2)}")


def files_of(sheets: list["Sheet"], format: Format, by: str, source: str | None) -> dict[str, bytes]:
    """Write the sheets in a format."""
    from standings.exporting import eval_ever, hub, lm_eval, tidy

    if format is Format.LM_EVAL:
        return lm_eval.write(sheets)
    if format is Format.EVAL_EVER:
        return eval_ever.write(sheets, by=by, source=source)
    if format is Format.PARQUET:
        return tidy.write(sheets, source=source)
    files, homeless = hub.write(sheets, source=source)
    if homeless:
        say(f"The Hub has no benchmark for {few(homeless)}.")
    return files
