"""`standings canary`: how the small model that is asked every night did, ask it now, or accept what it became."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import context, options
from flows.cli.errors import FAULT, Stop
from flows.cli.output import duration, print_json, put, table
from flows.cli.progress import shown
from flows.cli.retry import decide
from flows.wording import counted

if TYPE_CHECKING:
    from tasks.canary import Canary
    from tasks.canary_past import Past, Perch
    from tasks.settings import Settings

group = typer.Typer(invoke_without_command=True, help="See whether the canary drifted; accept what it became.")
ACCEPT = 'standings canary accept --reason "torch 2.14 rounds otherwise"'


@group.callback(epilog="Example: standings canary")
def history(asked: typer.Context, home: options.Home = None, json: options.Json = False) -> None:
    """Show the canary's nights: whether its answers are still those of its baseline, and what changed.

    The canary is one small model that is asked the same every night. A night in which it drifted does not publish.
    Exits with 1 where the newest night drifted.
    """
    if asked.invoked_subcommand:
        return
    from tasks import canary

    perch, past = read(context.settings(home), write=False)
    nights = canary.nights(perch, past)
    if json:
        print_json([as_json(night) for night in nights])
    else:
        print_nights(perch, nights)
    raise typer.Exit(FAULT if nights and nights[-1].drift else 0)


@group.command("run", epilog="Example: standings canary run")
def run(home: options.Home = None, json: options.Json = False) -> None:
    """Ask the canary now, as a night does.

    What it was asked in the last 12 hours by the same software is not asked again. The board does not change.
    Exits with 1 where it drifted, or could not be asked.
    """
    settings = context.settings(home)
    context.require_worker()
    from tasks import canary
    from tasks.observer import observing

    read(settings, write=False)  # stops where there is none
    with shown() as heard, observing(heard):
        said = canary.ask(settings, canary.evaluate_here)
    if json:
        print_json(as_json(said))
    else:
        print_night(said)
    raise typer.Exit(FAULT if said.state in ("drifted", "failed") else 0)


@group.command("accept", epilog=f"Example: {ACCEPT}")
def accept(
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What changed it, and why that is right.")],
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Take the canary's newest answers for its baseline, so that nights publish again.

    A decision with its reason, appended to the lake. Exits with 1 where the newest answers are the baseline already.
    """
    from datetime import UTC, datetime

    from tasks import canary, canary_past

    perch, past = read(context.settings(home), write=True)
    runs = [run for run in canary.newest(past) if run is not past.baselines[run["job_id"]]]
    if not runs:
        remedy = "Ask it first: standings canary run" if not past.runs else "See: standings canary"
        raise Stop("canary accept", "there are no answers beyond the baseline.", remedy, FAULT)
    decide(perch.workplace.lake, canary_past.ACCEPT, [run["run_id"] for run in runs], reason)
    now = canary.nights(perch, canary_past.read_past(perch, datetime.now(UTC)))[-1]
    if json:
        print_json(as_json(now))
    else:
        put(f"The baseline of {counted(len(runs), 'benchmark')} is now what was answered on {now.at:%Y-%m-%d %H:%M}.")
        put("Nights publish again. What was measured meanwhile waits in the lake; publish it: standings refresh")


def read(settings: "Settings", *, write: bool) -> "tuple[Perch, Past]":
    """Read the canary and its runs, or stop where the registry has none."""
    from datetime import UTC, datetime

    from tasks import canary_past

    perch = canary_past.perch(settings)
    if perch is None:
        raise Stop("canary", f"{settings.registry} holds no canary.yaml.", "See docs/canary.md.")
    return perch, canary_past.read_past(perch, datetime.now(UTC), write=write)


def print_nights(perch: "Perch", nights: "list[Canary]") -> None:
    """Print a night a line, the newest last, and what is the matter with it."""
    policy = perch.policy
    put(f"{policy.model}: {', '.join(policy.benchmarks)} of {policy.suite}", style="bold")
    if not nights:
        put("It has never been asked. Ask it: standings canary run")
        return
    lines = [
        (
            f"{night.at:%Y-%m-%d %H:%M}", night.state, *(shown_score(night, name) for name in policy.benchmarks),
            sum(row.flips for row in night.rows), sum(row.answers for row in night.rows), duration(night.seconds),
        )
        for night in nights
    ]  # fmt: skip
    columns = ("Night", "State", *(f">{name}" for name in policy.benchmarks), ">Flips", ">Answers", ">Took")
    put(table(columns, lines, flexible=()))
    put("\nFlips and other answers are counted against the baseline. Times are UTC.", style="dim")
    print_night(nights[-1])


def shown_score(night: "Canary", benchmark: str) -> str | None:
    """Write a score; None where there is none. A limited benchmark has a name of its own."""
    found = [score for name, score in night.scores.items() if name.partition("-limit-")[0] == benchmark]
    return f"{found[0]:.3f}" if found else None


def print_night(night: "Canary") -> None:
    """Say what became of one night."""
    for name, why in night.failed.items():
        holds = "its last answers hold" if night.drift else "that is no drift, and nothing is known of it"
        put(f"{name}: no answers, {why}; {holds}.")
    if night.drift:
        put(f"DRIFTED: {night.drift}")
        put(f"Mend the cause, or accept it: {ACCEPT}")
        return
    changed = "; ".join(map(str, night.changed)) or "nothing"
    told = {"begun": "This night is the baseline.", "kept": "No drift.", "failed": "No drift in the others."}
    put(f"{told[night.state]} Changed since the baseline: {changed}.")


def as_json(night: "Canary") -> dict[str, Any]:
    """Write a night for programs."""
    return {"state": night.state, **night.model_dump(mode="json")}
