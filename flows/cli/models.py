"""`standings models`: what the registry holds, and what of it can be evaluated."""

from itertools import groupby
from typing import TYPE_CHECKING, Any, get_args

import typer

from flows.cli import context, options
from flows.cli.errors import Stop, require_known
from flows.cli.output import UNKNOWN, billions, few, print_json, put, table
from flows.wording import counted

if TYPE_CHECKING:
    from standings.registry import Model, Registry

group = typer.Typer(invoke_without_command=True, help="List the models of the registry.")


@group.callback(epilog="Example: standings models --origin FR --licence osi_approved")
def models(
    command: typer.Context,
    origin: options.Origin = None,
    licence: options.Licence = None,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """List the models of the registry.

    With origin, licence class, kind and size, and why one can't be evaluated.
    """
    if command.invoked_subcommand:
        if origin or licence or home or json:
            raise Stop(
                "models", f"these options are given before {command.invoked_subcommand}.", "Give its own after it."
            )
        return
    from standings.licences import LicenceClass

    registry, _, faults = context.look_at_registry(context.settings(home))
    rows = [row_of(registry, model) for model in registry.models.values()]
    require_known("--origin", "origin", [origin] if origin else [], known_origins(rows))
    require_known("--licence", "licence class", [licence] if licence else [], get_args(LicenceClass))
    rows = [row for row in rows if is_in(row, origin, licence)]
    rows.sort(key=lambda row: (row["origin"] or "~", row["name"].lower()))
    context.warn_of_faults(faults)
    if json:
        print_json(rows)
    else:
        print_models(rows)


def row_of(registry: "Registry", model: "Model") -> dict[str, Any]:
    """Gather what a reader wants to know of a model."""
    from standings.discovery import is_written
    from standings.lineage import declared, lineage_conditions, origin_base

    organisation = registry.organisations[model.organisation]
    licence, licence_class = declared(registry, model.id)
    conditions = lineage_conditions(registry, model.id)
    return {
        "model": model.id,
        "name": model.name,
        "organisation": organisation.name,
        "origin": organisation.origin,
        "origin_disputed": organisation.disputed,
        "origin_base": origin_base(registry, model.id),
        "licence": licence,
        "licence_class": licence_class,
        "lineage_class": conditions.licence_class,
        "lineage_differs": conditions.differs,
        "access": model.access,
        "kind": model.kind,
        "total_b": model.parameters and model.parameters.total_b,
        "active_b": model.parameters and model.parameters.active_b,
        "revision": model.pinned,
        "blocked": model.blocked,
        "written": is_written(registry, model.id),
    }


def known_origins(rows: list[dict[str, Any]]) -> set[str]:
    """Return each origin, and each country of a joint one."""
    origins = {row["origin"] for row in rows if row["origin"]}
    return origins | {country for origin in origins for country in origin.split("+")}


def is_in(row: dict[str, Any], origin: str | None, licence: str | None) -> bool:
    """Tell whether a row passes the filters; FR finds FR+US."""
    countries = (row["origin"] or "").split("+")
    return (origin is None or origin in countries or origin == row["origin"]) and (
        licence is None or licence == row["licence_class"]
    )


def print_models(rows: list[dict[str, Any]]) -> None:
    """Print the table, then what can't be evaluated, by reason."""
    if not rows:
        put("No model of the registry is like that.")
        return
    columns = ("Model", "Origin", "Licence", "Kind", ">Size, B")
    lines = [
        (
            row["name"] + ("" if row["blocked"] is None else "✗") + ("" if row["written"] else "°"),
            (row["origin"] or UNKNOWN) + ("?" if row["origin_disputed"] else ""),
            row["licence_class"] + ("*" if row["lineage_differs"] else ""),
            row["kind"],
            parameters(row["total_b"], row["active_b"]),
        )
        for row in rows
    ]
    put(table(columns, lines))
    put()
    put(f"{counted(len(rows), 'model')}. Size: total, and active where fewer.")
    if any(row["origin_disputed"] for row in rows):
        put("? Sources differ on the origin.")
    if any(row["lineage_differs"] for row in rows):
        put("* An ancestor whose weights it carries declares another class.")
    if not all(row["written"] for row in rows):
        put("° In no file: it was accepted from a hub. Write it down: standings models export MODEL")
    print_blocked(rows)


def print_blocked(rows: list[dict[str, Any]]) -> None:
    """Print why models can't be evaluated, each reason once."""
    blocked = sorted((row["blocked"], row["name"]) for row in rows if row["blocked"])
    for why, group in groupby(blocked, key=lambda item: item[0]):
        put(f"✗ Can't be evaluated, {why}: {few([name for _, name in group])}.")


def parameters(total_b: float | None, active_b: float | None) -> str:
    """Write a size as `671 / 37`, `0.49`, or a dash."""
    total = billions(total_b)
    return total if active_b in (None, total_b) else f"{total} / {billions(active_b)}"
