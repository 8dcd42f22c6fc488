"""`standings refresh`: admit what is new, rebuild the board, publish it."""

from datetime import UTC, datetime

from flows.cli import context, options
from flows.cli.output import counted, print_json, put

EXAMPLE = "standings refresh"


def refresh(home: options.Home = None, json: options.Json = False) -> None:
    """Look at new runs, build the board from the facts, and publish it.

    Evaluates nothing; on unchanged facts and code the published board stands.
    """
    from tasks.refresh import refresh as rebuild

    settings = context.settings(home)
    done = rebuild(context.lake(settings), settings.boards, datetime.now(UTC))
    if json:
        print_json(done.model_dump(mode="json"))
        return
    put(f"Snapshot {done.built}")
    put(f"{counted(done.admitted, 'new run')} admitted, {len(done.set_aside)} set aside.")
    for run, why in done.set_aside.items():
        put(f"  {run}: {why}", whole=True)
    if done.held:
        put(f"It waits: readers are held at {done.snapshot}: {done.held}. See: standings snapshot release", whole=True)
    put(f"Board: {done.board}", whole=True)
