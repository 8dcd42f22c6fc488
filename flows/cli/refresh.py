"""`standings refresh`: admit what is new, rebuild the board, publish it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flows.cli import context, options
from flows.cli.output import print_json, put
from flows.wording import counted

if TYPE_CHECKING:
    from tasks.refresh import Refreshed

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
    print_hold(done)
    put(f"Board: {done.board}", whole=True)


def print_hold(done: "Refreshed") -> None:
    """Say where readers are held at an older snapshot: the board that follows is that one, and not what was built."""
    if done.held:
        what = f"{done.built} waits: readers are held at {done.snapshot}: {done.held}."
        put(f"{what} See: standings snapshot release", whole=True)
