"""`standings import`: take in what others published or measured, beside what is measured here."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import context, options
from flows.cli.errors import FAULT, Stop
from flows.cli.output import clipped, few, print_json, put
from flows.wording import counted
from standings.importing.formats import Format

if TYPE_CHECKING:
    from standings.importing.matching import Known
    from standings.registry import Registry
    from standings.suite import Suite
    from tasks.importing import Read

EXAMPLE = "standings import results_2026-08-01T12-00-00.000000.json --source https://a.example --commit 1a2b3c4"


def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or folders to look through.")],
    format: Annotated[
        Format | None,
        typer.Option("--format", metavar="HOW", help=f"Read as {', '.join(Format)}; else as its content says."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="WHERE", help="Where the files are from, such as an address.")
    ] = None,
    commit: Annotated[
        str | None, typer.Option("--commit", metavar="SHA", help="Commit of the source that they were read at.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="Whose numbers these are, where the file names none.")
    ] = None,
    aliases: Annotated[
        Path | None,
        typer.Option("--aliases", metavar="FILE", help="YAML of names as told and the model ids they mean."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="Read and say what would be added, and write nothing.")
    ] = False,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Import numbers that others published or measured.

    They stand in leaderboard.evidence, beside ours and never pooled with them. The same file again adds nothing.
    Exits with 1 where a file was refused; the others are imported.
    """
    from datetime import UTC, datetime

    from standings.importing.matching import Origin
    from tasks.importing import import_files

    for path in paths:
        if not path.exists():
            raise Stop(str(path), "is not there.")
    settings = context.settings(home)
    registry, suites, faults = context.look_at_registry(settings)
    context.warn_of_faults(faults)
    found = import_files(
        context.lake(settings),
        paths,
        known(registry, suites, read_aliases(aliases)),
        Origin(source, commit),
        datetime.now(UTC),
        forced=format,
        model=model,
        write=not dry_run,
    )
    if not found:
        raise Stop(", ".join(map(str, paths)), "no file that could hold numbers.", "See docs/import.md.")
    if json:
        print_json([item.model_dump(mode="json") for item in found])
    else:
        print_read(found, dry_run)
    raise typer.Exit(FAULT if any(item.refused for item in found) else 0)


def known(registry: "Registry", suites: "dict[str, Suite]", aliases: dict[str, str]) -> "Known":
    """Return what the registry says of models and tasks; stop at an alias of no model."""
    from standings.importing.matching import Known

    revisions = {name: model.pinned for name, model in registry.models.items()}
    for told, name in aliases.items():
        if name not in revisions:
            raise Stop("--aliases", f"'{told}' means '{name}', which is no model of the registry.")
    versions: dict[str, set[str]] = {}
    for suite in suites.values():
        for lock in suite.locks.values():
            for task, locked in lock.tasks.items():
                versions.setdefault(task, set()).add(locked.version)
    return Known(revisions, aliases, {task: frozenset(locked) for task, locked in versions.items()})


def read_aliases(path: Path | None) -> dict[str, str]:
    """Read names as told and the ids that they mean."""
    if path is None:
        return {}
    import yaml

    try:
        found = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 — safe, and all text
    except (OSError, yaml.YAMLError) as error:
        raise Stop(str(path), f"can't be read: {error}.", "Write lines of `name as told: model id`.") from error
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        raise Stop(str(path), "holds no names.", "Write lines of `name as told: model id`.")
    return found


def print_read(found: list["Read"], dry_run: bool) -> None:
    """Print a line a file, then the names that are no model of the registry for certain."""
    for item in found:
        if item.refused:
            put(f"refused: {item.file} {item.refused}", whole=True)
            continue
        held = "" if item.added == item.numbers else f", {item.numbers - item.added} of them held already"
        put(f"{item.file}: {item.format}, {counted(item.numbers, 'number')}{held}", whole=True)
        if item.left_out:
            put(f"left out: {clipped('; '.join(item.left_out))}", indent=2)
    names = sorted({name for item in found for name in item.unmatched})
    if names:
        put(f"Not matched to a model of the registry, and kept as told: {few(names)}. Declare with --aliases.")
    added = counted(sum(item.added for item in found), "number")
    put(f"{added} would be added." if dry_run else f"{added} added. Next: standings refresh")
