"""`standings retry`: let jobs that failed for good be tried again."""

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import boardrows, context, options
from flows.cli.errors import FAULT, Stop, require_known
from flows.cli.output import print_json, put
from flows.wording import counted

if TYPE_CHECKING:
    from tasks.lake import Lake

EXAMPLE = 'standings retry --model Qwen/Qwen3-8B --reason "the disk was full"'
TRIED = ("failed", "given_up", "waiting")


def retry(
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it may go well now; kept in the lake.")],
    suite: options.Suites = None,
    model: options.Models = None,
    benchmark: options.Benchmarks = None,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Let failed, given-up and waiting jobs be tried again.

    A decision with its reason, appended to the lake; runs nothing.
    Without --suite, --model and --benchmark it is all of them. Exits with 1 where no such job is.
    """
    settings = context.settings(home)
    lake = context.lake(settings)
    rows = due(boardrows.reader(context.newest_board(settings)))
    for column, given in (("suite", suite), ("model", model), ("benchmark", benchmark)):
        require_known(f"--{column}", f"among failed jobs, {column}", given or (), {row[column] for row in rows})
        rows = [row for row in rows if not given or row[column] in given]
    if not rows:
        remedy = "See: standings board --by coverage"
        raise Stop("retry", "no failed, given-up or waiting job is like that.", remedy, FAULT)
    decide(lake, "retry", [row["job_id"] for row in rows], reason)
    if json:
        print_json(rows)
    else:
        for row in rows:
            put(f"{row['model']} {row['benchmark']}: was {row['state']}")
        put(f"{counted(len(rows), 'job')} to be tried again. Run them: standings run")


def due(ask: boardrows.Ask) -> list[dict[str, Any]]:
    """Return the cells whose job failed, as the newest board has them."""
    states = ", ".join(boardrows.literal(state) for state in TRIED)
    columns = "suite, benchmark, model, variant, state, reason, job_id"
    return ask(f"SELECT {columns} FROM leaderboard.coverage WHERE state IN ({states})")  # noqa: S608 - nothing given is in it


def decide(lake: "Lake", decision: str, targets: list[str], reason: str) -> None:
    """Append an operator's decision on each target, once."""
    from standings.facts import table

    act = {"decision": decision, "reason": reason, "who": getpass.getuser(), "decided_at": datetime.now(UTC)}
    lake.append("decisions", table("decisions", [{**act, "target": target} for target in dict.fromkeys(targets)]))
