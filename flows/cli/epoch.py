"""`standings epoch`: see which benchmarks are between two epochs, and decide that the board shows the new one."""

from typing import Annotated, Any

import typer

from flows.cli import boardrows, context, options
from flows.cli.errors import FAULT, Stop, require_known
from flows.cli.output import clipped, print_json, put, table
from flows.cli.retry import decide
from flows.wording import counted

group = typer.Typer(no_args_is_help=True, help="See what holds new epochs back; let the board flip.")
Row = dict[str, Any]
FLIP = 'standings epoch flip quick sums --reason "its weights are gone"'


@group.command("list", epilog="Example: standings epoch list")
def list_epochs(suite: options.Suite = None, home: options.Home = None, json: options.Json = False) -> None:
    """List the benchmarks whose new epoch is under way, and who holds it back.

    The board shows the old epoch until every model that counts in it has a run or a final failure in the new one.
    A changed lock is under way like an epoch.
    """
    rows = under_way(boardrows.reader(context.newest_board(context.settings(home))))
    if suite is not None:
        require_known("--suite", "between two epochs, suite", [suite], {row["suite"] for row in rows})
        rows = [row for row in rows if row["suite"] == suite]
    if json:
        print_json(rows)
        return
    if not rows:
        put("No benchmark is between two epochs.")
    for row in rows:
        put(f"{row['suite']} {row['benchmark']}: {said(row)}", style="bold")
        lines = [(held["model"], held["state"], clipped(held["why"])) for held in row["held_back"]]
        put(table(("Model", "State", "Why"), lines, flexible=(0, 2)), indent=2)
        put()


@group.command("flip", epilog=f"Example: {FLIP}")
def flip(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="A suite's name.")],
    benchmark: Annotated[str, typer.Argument(metavar="BENCHMARK", help="A benchmark of it.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it need not wait; kept in the lake.")],
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Let the board show a benchmark's new epoch now, whoever lacks it.

    A decision with its reason, appended to the lake and never taken back; the next refresh obeys it.
    Models without a run in the new epoch lose their number there until they have one.
    Exits with 1 where the benchmark is not between two epochs.
    """
    settings = context.settings(home)
    ask = boardrows.reader(context.newest_board(settings))
    known = ask("SELECT suite, benchmark FROM leaderboard.benchmarks")
    require_known("SUITE", "on the newest board, suite", [suite], {row["suite"] for row in known})
    names = {row["benchmark"] for row in known if row["suite"] == suite}
    require_known("BENCHMARK", f"in {suite}, benchmark", [benchmark], names)
    rows = [row for row in under_way(ask) if (row["suite"], row["benchmark"]) == (suite, benchmark)]
    if not rows:
        remedy = "See: standings epoch list"
        raise Stop("epoch flip", f"{suite} {benchmark} is not between two epochs on the newest board.", remedy, FAULT)
    [row] = rows
    decide(context.lake(settings), "flip_epoch", [f"{suite}/{benchmark}/{row['epoch']}"], reason)
    if json:
        print_json(row)
    else:
        lacking = counted(len(row["held_back"]), "model")
        what = f"epoch {row['epoch']} is shown from the next refresh on"
        put(f"{suite} {benchmark}: {what}; {lacking} without a run in it. Build it: standings refresh")


def under_way(ask: boardrows.Ask) -> list[Row]:
    """Return the benchmarks that the board shows in an older version than is asked, each with who holds it back."""
    held = ask("FROM leaderboard.held_back")
    columns = "suite, benchmark, epoch AS shown_epoch, newest_epoch AS epoch"
    rows = ask(f"SELECT {columns} FROM leaderboard.benchmarks WHERE waiting_for > 0")  # noqa: S608 - nothing given is in it
    for row in rows:
        mine = [item for item in held if (item["suite"], item["benchmark"]) == (row["suite"], row["benchmark"])]
        row["held_back"] = [{name: item[name] for name in ("model", "variant", "state", "why")} for item in mine]
    return rows


def said(row: Row) -> str:
    """Say what is shown, and how many it waits for."""
    waiting = counted(len(row["held_back"]), "model")
    if row["shown_epoch"] == row["epoch"]:
        return f"its lock changed in epoch {row['epoch']}; the old version is shown, held back by {waiting}"
    return f"epoch {row['shown_epoch']} is shown; epoch {row['epoch']} is held back by {waiting}"
