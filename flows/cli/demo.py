"""`standings demo`: the main job on three small models, and its leaderboard."""

import os
import shutil
import sys
import time
from pathlib import Path

import typer

from flows.cli import board, boardrows, context, options
from flows.cli.boardrows import By, Slice
from flows.cli.errors import FAULT
from flows.cli.evaluate import failure, print_outcome
from flows.cli.output import duration, print_json, put, table
from flows.cli.progress import shown
from flows.cli.recorder import Recorder
from flows.cli.refresh import print_hold

EXAMPLE = "standings demo"
NEXT = (
    ("board --by category", "who is good at what"),
    ("board --by coverage", "what was not measured, and why"),
    ("runs", "each attempt; samples RUN_ID shows its answers"),
    ('sql "SHOW TABLES FROM leaderboard"', "what the board can be asked; columns: docs/views.md"),
)


def demo(home: options.Home = None, json: options.Json = False) -> None:
    """Evaluate three small models and print their leaderboard.

    On the suite quick, by origin and licence, with how long each stage took.
    Fetches 0.8 GB of weights the first time, which need no account and become 5 GB on disk.
    Takes some minutes on two cores.
    """
    settings = context.settings(home)
    context.require_worker()
    began = time.monotonic()
    with shown() as heard:
        from flows.demo import SUITE
        from flows.demo import demo as run_demo

        done = run_demo(settings, heard)
        heard.close("finished")
    seconds = time.monotonic() - began
    if json:
        stages = {stage.name: stage.seconds for stage in heard.stages}
        failures = [failure(job) for job in heard.failed]
        print_json({**done.model_dump(mode="json"), "failures": failures, "stages": stages, "seconds": seconds})
    else:
        ask = boardrows.reader(done.refreshed.board)
        print_outcome(heard)
        print_hold(done.refreshed)
        board.show(ask, Slice(suite=SUITE), By.OVERALL, By.ORIGIN_AND_LICENCE)
        print_stages(heard, seconds)
        print_next()
    raise typer.Exit(FAULT if done.failed else 0)


def print_stages(heard: Recorder, seconds: float) -> None:
    """Print how long each stage took."""
    put()
    lines = [(stage.name, duration(stage.seconds)) for stage in heard.stages]
    put(table(("Stage", ">Time"), [*lines, ("in all", duration(seconds))]))


def print_next() -> None:
    """Say what a reader may try now."""
    put()
    put("What to try next", style="bold")
    name, width = called(), max(len(command) for command, _ in NEXT)
    for command, what in NEXT:
        put(f"  {name} {command:<{width}}  {what}")


def called() -> str:
    """Write this command as its user can call it again: by its path where its name alone is not found."""
    path = Path(sys.argv[0])
    return os.path.relpath(path) if path.name == "standings" and not shutil.which("standings") else "standings"
