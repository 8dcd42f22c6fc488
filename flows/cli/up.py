"""`standings up`: make a Prefect server ready for nights, and be one where none is named."""

import contextlib
import os
import shlex
import signal
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import context, options
from flows.cli.errors import FAULT, Stop, require_known
from flows.cli.output import put, say
from flows.wording import counted

if TYPE_CHECKING:
    from subprocess import Popen

    from flows.bootstrapping import Made
    from standings.pools import Pool
    from tasks.prefect_server import Server
    from tasks.settings import Settings

EXAMPLE = "standings up --limit 2"
CONTROL_RUNS = 4  # at once: a night, releases, a refresh; they wait more than they work
ASK_EVERY = "5"  # seconds between two looks of a worker for work


def up(
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Assignments at once; without it, one a GPU.")
    ] = None,
    pool: Annotated[
        str | None, typer.Option("--pool", metavar="NAME", help="Pool that this machine works for; needed of several.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1024, max=65535, metavar="N", help="Port; without it, a free one.")
    ] = None,
    home: options.Home = None,
) -> None:
    """Make a Prefect server ready for nights; without one, be one until Ctrl-C.

    Pools, queues, deployments, schedules and alarms are made as infra/ says; the second time changes nothing.
    Where PREFECT_API_URL names a server, that is all. Where it does not, a server and the workers of this machine
    are started, on loopback; their data lie in the home's folder prefect-server.
    """
    settings = context.settings(home)
    if os.environ.get("PREFECT_API_URL"):
        tell(bootstrapped(settings))
        return
    context.require_worker()
    from tasks.prefect_server import serving

    folder = settings.home.absolute() / "prefect-server"
    # Ctrl-C too: what a script starts in the background is told to ignore it.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), serving(folder, port) as server:
        os.environ.update(server.environment)
        tell(bootstrapped(settings))
        with workers(settings, server, pool, limit) as processes:
            show(server)
            wait({"the server": server.process, **processes})


def bootstrapped(settings: "Settings") -> "Made":
    """Make the server that is named ready. Stops where it does not answer."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    import httpx

    from flows.bootstrapping import bootstrap
    from tasks.workplace import Workplace

    try:
        return bootstrap(settings, Workplace.open(settings).pools)
    except httpx.HTTPError as error:
        raise Stop(os.environ["PREFECT_API_URL"], f"the server does not answer as one: {error}.") from error


def tell(made: "Made") -> None:
    """Say what was changed on the server, and what it lacks."""
    for change in made.changes:
        say(f"made: {change}")
    say(f"{counted(len(made.changes), 'change')}; the server is as infra/ says.")
    for warning in made.warnings:
        say(f"warning: {warning}")


@contextmanager
def workers(
    settings: "Settings", server: "Server", name: str | None, limit: int | None
) -> Iterator[dict[str, "Popen[bytes]"]]:
    """Run the workers of this machine: one for the flows that decide, one for the pool that it belongs to."""
    from flows.bootstrapping import CONTROL
    from tasks.prefect_server import note, working

    chosen = chosen_pool(settings, name)
    wanted = {CONTROL: CONTROL_RUNS} | ({chosen.name: limit or max(1, chosen.gpus)} if chosen else {})
    environment = {**server.environment, **absolute(settings), "PREFECT_WORKER_QUERY_SECONDS": ASK_EVERY}
    started = {}
    with ExitStack() as stack:
        for pool, runs in wanted.items():
            log = server.folder / f"worker-{pool}.log"
            process = stack.enter_context(working(environment, pool, f"{pool} on this machine", runs, log))
            note(server.folder, process)
            started[f"the worker of {pool}"] = process
        try:
            yield started
        finally:
            stack.close()
            if server.process.poll() is None:
                stopped(wanted)


def stopped(pools: Collection[str]) -> None:
    """Say which runs ended with the workers. Else they would be running, in the server's eyes, and be waited for."""
    import httpx

    from flows.ending import end_runs

    with contextlib.suppress(httpx.HTTPError):  # it ends too; the heartbeat's automation finds them later
        if count := end_runs(pools):
            say(f"{counted(count, 'run')} ended before its time; the next night asks again for what is missing.")


def chosen_pool(settings: "Settings", name: str | None) -> "Pool | None":
    """Return the pool that this machine works for: the one named, or the only one."""
    from tasks.workplace import Workplace

    pools = {pool.name: pool for pool in Workplace.open(settings).pools}
    if name is None:
        if len(pools) > 1:
            say(f"No worker for any of the pools {', '.join(pools)} is started here: say which with --pool.")
        return next(iter(pools.values())) if len(pools) == 1 else None
    require_known("--pool", "pool", [name], pools)
    return pools[name]


def absolute(settings: "Settings") -> Mapping[str, str]:
    """Name the folders of the settings from the root: a run begins in a folder of its own."""
    named = {"HOME": settings.home, "REGISTRY": settings.registry, "POOLS": settings.pools}
    if settings.lake and "://" not in settings.lake:
        named["LAKE"] = Path(settings.lake)
    return {f"STANDINGS_{name}": str(path.absolute()) for name, path in named.items() if path}


def show(server: "Server") -> None:
    """Print the variables with which another shell asks the server; its password stays in its file."""
    say(f"Prefect serves {server.url}, its page is {server.url.removesuffix('/api')}. In other shells:")
    put(f"export PREFECT_API_URL={server.url}", whole=True)
    put(f'export PREFECT_API_AUTH_STRING="$(cat {shlex.quote(str(server.folder / "auth"))})"', whole=True)
    say("standings status tells what it does. Ctrl-C stops it and its workers.")
    sys.stdout.flush()  # a script that started it reads the variables through a pipe


def wait(processes: Mapping[str, "Popen[bytes]"]) -> None:
    """Wait until Ctrl-C, or until one of the processes has ended, which none should."""
    while True:
        for name, process in processes.items():
            if (code := process.poll()) is not None:
                raise Stop("up", f"{name} ended with {code}; the rest was stopped.", "See its log.", FAULT)
        time.sleep(0.5)
