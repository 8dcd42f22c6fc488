"""`standings status`: what the server of the nights is doing."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flows.cli import options
from flows.cli.errors import Stop
from flows.cli.output import clipped, duration, print_json, put, table
from flows.wording import counted

if TYPE_CHECKING:
    from flows.serverstatus import Pool, Run, Status

EXAMPLE = "standings status"
NAME_ONE = "Set PREFECT_API_URL, and PREFECT_API_AUTH_STRING, as `standings up` prints them."


def status(json: options.Json = False) -> None:
    """Show the server's pools and workers, what waits and runs, the last nights.

    And what failed in the last seven days, and why. Asks the server that PREFECT_API_URL names.
    """
    found = ask()
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        print_status(found)


def ask() -> "Status":
    """Ask the server. Stops where none is named, where it does not answer, or refuses the password."""
    if not (url := os.environ.get("PREFECT_API_URL")):
        raise Stop("status", "no server is named.", NAME_ONE)
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    import httpx

    from flows.serverstatus import status as ask_server

    try:
        return ask_server(datetime.now(UTC))
    except httpx.HTTPStatusError as error:
        raise Stop(url, f"the server answered {error.response.status_code}.", NAME_ONE) from error
    except httpx.HTTPError as error:
        raise Stop(url, f"the server does not answer: {error}.", "Is it up? standings up starts one here.") from error


def print_status(found: "Status") -> None:
    """Print what a terminal has room for."""
    put(f"Server {found.server}, Prefect {found.version}", style="bold")
    pools = [
        (
            pool.name,
            ", ".join(pool.workers) or "no worker",
            *(waiting(pool, name) for name in ("release", "nightly")),
        )
        for pool in found.pools
    ]
    put(table(("Pool", "Workers online", ">Releases wait", ">Nightly wait"), pools, flexible=(1,)))
    put()
    if found.running:
        rows = [
            (run.flow, run.name, run.state, None if run.progress is None else f"{run.progress:.0f} %", _took(run))
            for run in found.running
        ]
        put(table(("Running", "Which", "State", ">Done", ">For"), rows, flexible=(1,)))
    else:
        put("Nothing is running.")
    put()
    if found.nights:
        nights = [(run.name, run.state, run.began, _took(run), run.message) for run in found.nights]
        put(table(("Night", "How", "Began", ">Took", "What came of it"), nights, flexible=(0, 4)))
    else:
        put("No night has run yet.")
    if found.failed:
        put()
        put(f"{counted(len(found.failed), 'run')} failed, or had jobs that did, in the last seven days:")
        for run in found.failed:
            put(f"{run.flow} {run.name}: {run.state}, {clipped(run.message or 'not told')}", whole=True)


def waiting(pool: "Pool", name: str) -> str:
    """Count the runs that wait in a queue of a pool."""
    return str(sum(queue.waiting for queue in pool.queues if queue.name == name))


def _took(run: "Run") -> str | None:
    return duration(((run.ended or datetime.now(UTC)) - run.began).total_seconds()) if run.began else None
