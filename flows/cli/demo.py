"""`standings demo`: the main job on three small models, and its leaderboard."""

import time

import typer

from flows.cli import board, boardrows, context, options
from flows.cli.boardrows import By, Slice
from flows.cli.errors import FAULT
from flows.cli.evaluate import failure, print_outcome
from flows.cli.output import duration, print_json, put, table
from flows.cli.progress import shown
from flows.cli.recorder import Recorder

EXAMPLE = "standings demo"
NEXT = (
    ("standings board --by category", "who is good at what"),
    ("standings board --by coverage", "what was not measured, and why"),
    ("standings runs", "each attempt; samples RUN_ID shows its answers"),
    ('standings sql "SHOW ALL TABLES"', "what the board can be asked"),
)


def demo(home: options.Home = None, json: options.Json = False) -> None:
    """Evaluate three small models and print their leaderboard.

    On the suite quick, by origin and licence, with how long each stage took.
    Fetches about 1 GB of weights the first time; they need no account. Takes some minutes on two cores.
    """
    settings = context.settings(home)
    context.require_worker()
    began = time.monotonic()
    with shown() as heard:
        from flows.demo import SUITE
        from flows.demo import demo as run_demo

        done = run_demo(settings, heard)
        heard.close("board built and published")
    seconds = time.monotonic() - began
    if json:
        stages = {stage.name: stage.seconds for stage in heard.stages}
        failures = [failure(job) for job in heard.failed]
        print_json({**done.model_dump(mode="json"), "failures": failures, "stages": stages, "seconds": seconds})
    else:
        ask = boardrows.reader(done.refreshed.board)
        print_outcome(heard)
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
    width = max(len(command) for command, _ in NEXT)
    for command, what in NEXT:
        put(f"  {command:<{width}}  {what}")
