"""`standings models review|export`: decide which releases of a hub come in, and write down one that did."""

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import context, options
from flows.cli.errors import FAULT, Stop
from flows.cli.output import billions, clipped, print_json, put, say, table
from flows.wording import counted

if TYPE_CHECKING:
    from standings.observed import Decided
    from standings.registry import Registry
    from standings.suite import Kind
    from tasks.lake import Lake
    from tasks.settings import Settings

Row = dict[str, Any]
REVIEW = 'standings models review --accept acme/big --kind instruct --reason "its card says so"'
EXPORT = "standings models export acme/big"


def review(
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept", metavar="MODEL[@SHA]", help="Let it in; may be repeated. Without @SHA its last commit."
        ),
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option("--reject", metavar="MODEL[@SHA]", help="Keep it out; may be repeated. Without @SHA all of it."),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept in the lake.")] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="KIND", help="How it can be asked: base, instruct or reasoning."),
    ] = None,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """List the releases of a hub that wait for a person; accept or reject them.

    With why they wait, and how long. What is accepted is planned as any entry is, and announced where a Prefect server
    is named; what is rejected leaves the board.
    """
    settings = context.settings(home)
    if not accept and not reject:
        if reason or kind:
            raise Stop(
                "models review", "a reason or a kind was given, and nothing to decide.", "Give --accept or --reject."
            )
        list_waiting(settings, json=json)
        return
    if not reason:
        raise Stop("models review", "a decision needs its reason.", "Give --reason TEXT.")
    made = decide(context.lake(settings), written(settings), accept or [], reject or [], reason, asked_as(kind))
    announced = [found for found in made if found.decision == "accept" and announce(found)]
    if json:
        print_json([found.model_dump(mode="json") for found in made])
        return
    for found in made:
        put(
            f"{found.model}@{found.revision[:12]}: {found.decision}ed"
            + (f", asked as {found.kind}" if found.kind else "")
        )
    if announced:
        put("It holds from now on, and the server was told: see standings status")
    else:
        put("It holds from now on. See what follows: standings plan")


def announce(found: "Decided") -> bool:
    """Tell the Prefect server, where one is named, so that what came in does not wait for the night."""
    from tasks import announcing

    try:
        return announcing.announce(found.model, found.revision, "review")
    except announcing.NotAnnounced as error:
        say(f"{error}. It is accepted all the same, and the next night takes it.")
        return False


def asked_as(kind: str | None) -> "Kind | None":
    """Check a kind that a person gives."""
    from standings.discovery import KINDS

    if kind is not None and kind not in KINDS:
        raise Stop("--kind", f"'{kind}' is none.", f"There are: {', '.join(KINDS)}.")
    return kind


def written(settings: "Settings") -> "Registry":
    """Read the registry's files, without what was accepted beside them."""
    from tasks.registry_files import read

    registry, faults = read(settings.registry)
    context.warn_of_faults(faults)
    return registry


def decide(
    lake: "Lake", yaml: "Registry", accept: list[str], reject: list[str], reason: str, kind: "Kind | None"
) -> "list[Decided]":
    """Append a person's decisions, all or none."""
    from tasks import discovery
    from tasks.reviewing import CannotDecide, accepting, meant, ruled

    held, who, now = discovery.decisions(lake), getpass.getuser(), datetime.now(UTC)
    try:
        made = [ruled(accepting(held, yaml, given, kind), "accept", reason, who, now) for given in accept]
        for given in reject:
            made += [ruled(it, "reject", reason, who, now) for it in meant(held, given, ("accept", "review"))]
    except CannotDecide as error:
        raise Stop("models review", str(error), code=FAULT) from error
    discovery.decide(lake, made)
    return made


def list_waiting(settings: "Settings", *, json: bool) -> None:
    """Print what waits, the longest first."""
    rows = waiting_for_a_person(settings)
    if json:
        print_json(rows)
        return
    lines = [
        (row["model"], row["revision"][:12], f"{row['days']} d", billions(row["total_b"]), clipped(row["reason"]))
        for row in rows
    ]
    if lines:
        put(table(("Model", "Commit", ">Waits", ">Size, B", "Why"), lines, flexible=(0, 4)))
        put()
        put('Decide: standings models review --accept MODEL --reason "why", or --reject MODEL.')
    put(f"{counted(len(lines), 'release')} wait{'s' if len(lines) == 1 else ''} for a person.")


def waiting_for_a_person(settings: "Settings") -> list[Row]:
    """Gather what waits for a person, and what a hub said of it; what a file pins by now waits no more."""
    if not context.anything_observed(settings):
        return []
    from standings.observed import waiting
    from tasks import discovery

    lake, yaml, now = context.lake(settings), written(settings), datetime.now(UTC)
    held = discovery.decisions(lake)
    models = {found.model for found in held.values() if found.decision == "review"}
    latest = {row["model"]: row for row in discovery.observed(lake, list(models))} if models else {}
    return [
        {
            **found.model_dump(include={"model", "revision", "reason", "kind"}),
            "waits_since": found.decided_at,
            "days": (now - found.decided_at).days,
            "total_b": ((latest.get(found.model) or {}).get("parameters") or 0) / 1e9 or None,
        }
        for found in waiting(held, latest)
        if found.model not in yaml.models or yaml.models[found.model].revision != found.revision
    ]


def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An accepted model's id.")],
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Write an accepted model as an entry of the registry, for review.

    With it in registry/models nothing is asked again: the same commit, the same variants, the same jobs.
    """
    from standings.discovery import is_written
    from tasks.entries import FIELDS, entry_text

    settings = context.settings(home)
    yaml = written(settings)
    joined = context.join(settings, yaml)
    filled = joined.filled.get(model)
    if not filled:
        place, why = yaml.places.get(f"models/{model}"), joined.unplaced.get(model, "it was not accepted.")
        what = f"{place.file} has it, and no gap of it was filled." if place else why
        raise Stop("models export", f"{model}: {what}", "See: standings models review", FAULT)
    entry = joined.registry.models[model]
    partly = is_written(yaml, model)
    text = entry_text(entry, ("id", *filled) if partly else FIELDS)
    if json:
        print_json({"model": model, "yaml": text, "came_from": joined.came_from[model]})
        return
    typer.echo(text, nl=False)
    file = yaml.places[f"models/{model}"].file if partly else f"registry/models/{entry.organisation}.yaml"
    say(f"{'Add these fields to its entry in' if partly else 'It belongs into'} {file}. Then: standings check")
