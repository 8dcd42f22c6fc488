"""`standings board`: print the newest leaderboard, whole or a slice of it."""

from typing import Annotated

import typer

from flows.cli import boardrows, context, options
from flows.cli.boardrows import By, Slice
from flows.cli.boardview import BODIES, Board
from flows.cli.output import print_json
from flows.cli.page import Page

EXAMPLE = "standings board --by origin"
Largest = Annotated[
    float | None,
    typer.Option(
        "--max-active-b",
        min=0,
        metavar="B",
        help="Only models of at most so many billion active parameters, as far as that is known.",
    ),
]
Category = Annotated[str | None, typer.Option("--category", metavar="NAME", help="Only this category of benchmarks.")]
Strict = Annotated[
    bool, typer.Option("--strict", metavar="", help="Leave out models whose ancestors declare another licence class.")
]


def board(
    suite: options.Suite = None,
    by: Annotated[By, typer.Option("--by", metavar="ROW", help=f"What a row is: {', '.join(By)}.")] = By.OVERALL,
    origin: options.Origin = None,
    licence: options.Licence = None,
    max_active_b: Largest = None,
    category: Category = None,
    strict: Strict = False,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Print the newest leaderboard, whole or a slice of it.

    Rank, rank interval and index are computed again within a slice. What can be narrowed by what: docs/cli.md.
    """
    ask = boardrows.reader(context.newest_board(context.settings(home)))
    chosen = Slice(
        suite=suite, origin=origin, licence=licence, max_active_b=max_active_b, category=category, strict=strict
    )
    boardrows.require_fitting(by, chosen)
    boardrows.require_known_names(ask, by, chosen)
    if json:
        rows = boardrows.rows(ask, by, chosen)
        print_json({"snapshot": boardrows.snapshot(ask), "by": by.value, "slice": chosen.given(), "rows": rows})
    else:
        show(ask, chosen, by)


def show(ask: boardrows.Ask, chosen: Slice, *bys: By) -> None:
    """Print boards of one slice on a page, with what their reader must know under them."""
    page = Page(ask)
    for by in bys:
        rows = boardrows.rows(ask, by, chosen)
        for name in [chosen.suite] if chosen.suite else boardrows.suites(ask):
            page.heading(name, by, chosen)
            BODIES[by](page, Board(name, [row for row in rows if row["suite"] == name], chosen.category))
    page.footnotes(with_index=bys != (By.COVERAGE,))
