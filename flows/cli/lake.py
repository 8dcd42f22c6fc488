"""`standings lake`: look over the lake, or serve one from this machine."""

import contextlib
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import context, options
from flows.cli.errors import FAULT
from flows.cli.output import clipped, few, print_json, put, say
from flows.wording import counted

if TYPE_CHECKING:
    from tasks.inspection import Inspection
    from tasks.tidying import Tidied

group = typer.Typer(no_args_is_help=True, help="Look over the lake, or serve one from this machine.")


@group.command("check", epilog="Example: standings lake check --deep")
def check(
    deep: Annotated[
        bool, typer.Option("--deep", metavar="", help="Read and verify every admitted object again.")
    ] = False,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Say what of the lake is admitted, set aside, waiting or orphaned.

    Reads only. Exits with 1 where something was set aside, or an admitted object is no longer what it was.
    """
    from datetime import UTC, datetime

    from tasks.inspection import inspect

    settings = context.settings(home)
    found = inspect(context.lake(settings), datetime.now(UTC), deep=deep)
    if json:
        print_json({"lake": str(settings.address), **found.model_dump(mode="json")})
    else:
        put(f"Lake {settings.address}", style="bold")
        print_inspection(found, deep)
    raise typer.Exit(FAULT if found.set_aside or found.rotten else 0)


def print_inspection(found: "Inspection", deep: bool) -> None:
    """Print how many runs are in which state, and what is wrong with which."""
    verified = ", each read and verified again" if deep else ""
    compacted = f", {found.compacted} of them compacted" if found.compacted else ""
    put(f"{counted(found.admitted, 'run')} admitted{compacted}{verified}.")
    if found.waiting:
        put(f"{counted(len(found.waiting), 'run')} waiting for the gate: standings refresh")
    if found.unfinished:
        put(f"{counted(len(found.unfinished), 'run')} without a commit record: a worker is at it, or died")
    if found.orphaned:
        put(f"{counted(len(found.orphaned), 'orphan')}, a week and more without a commit record: {few(found.orphaned)}")
    for run_id, why in found.newer.items():
        put(f"waiting for a newer version: {run_id}: {clipped(why)} Install the one that its worker has.", whole=True)
    for run_id, fault in found.set_aside.items():
        put(f"set aside: {run_id}: {clipped(fault)}", whole=True)
    for run_id, fault in found.rotten.items():
        put(f"rotten: {run_id}: {clipped(fault)}. Restore the object, or withdraw the run.", whole=True)


@group.command("compact", epilog="Example: standings lake compact")
def compact(
    keep: Annotated[bool, typer.Option("--keep", metavar="", help="Delete nothing.")] = False,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Write the admitted runs into few files, and delete their own objects.

    An object is deleted once the published snapshot includes its run and the files that hold its rows were read and
    verified again; what those files replace, a day later. Exits with 1 where a run or a file could not be read.
    """
    from datetime import UTC, datetime

    from tasks.tidying import tidy

    settings = context.settings(home)
    done = tidy(context.lake(settings), datetime.now(UTC), keep=keep)
    if json:
        print_json({"lake": str(settings.address), **done.model_dump(mode="json")})
    else:
        print_tidied(done)
    rotten = done.collected is not None and done.collected.rotten
    raise typer.Exit(FAULT if done.compacted.left_out or rotten else 0)


def print_tidied(done: "Tidied") -> None:
    """Print what was compacted, what it came to, and what had to be left."""
    held = f"{counted(done.compacted.segments, 'segment')} of {counted(done.compacted.files, 'file')}"
    put(f"{counted(done.compacted.runs, 'run')} compacted; the lake has {held}.")
    for run_id, why in done.compacted.left_out.items():
        put(f"left in the inbox: {run_id}: {clipped(why)}. Restore the object, or withdraw the run.", whole=True)
    if found := done.collected:
        put(f"{counted(found.originals, 'object')} of compacted runs and {found.superseded} superseded deleted.")
        if found.unpublished:
            put(f"{counted(found.unpublished, 'run')} in no published snapshot, kept as they are: standings refresh")
        for why in found.rotten.values():
            put(f"rotten, so that the objects of its runs are kept: {clipped(why)}", whole=True)
    before, after = done.before, done.after
    put(f"Objects of runs: {before.objects} before, {after.objects} now; {before.bytes:,} bytes, {after.bytes:,} now.")


@group.command("up", epilog="Example: standings lake up --port 8333")
def up(
    port: Annotated[
        int | None, typer.Option("--port", min=1024, max=45_000, metavar="N", help="Port; without it, a free one.")
    ] = None,
    home: options.Home = None,
) -> None:
    """Serve a lake from this machine, over S3 on loopback, until Ctrl-C.

    Prints the variables that workers on this machine need. The objects, and the keys that are made at the first
    start, lie in the home's folder s3. Needs the extra lake.
    """
    from tasks.seaweed import serving

    folder = context.settings(home).home.absolute() / "s3"
    with serving(folder, port) as server:
        say(f"SeaweedFS serves {folder} at {server.endpoint}. In the shells of its workers:")
        for name, value in server.environment.items():
            put(f"export {name}={value}", whole=True)
        say("Ctrl-C stops it.")
        sys.stdout.flush()  # a script that started it reads the variables through a pipe
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            server.process.wait()
