"""Read the conditions of a rule on runs: the options, and whether what they name is there."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import context
from flows.cli.errors import Stop, not_known, require_known

if TYPE_CHECKING:
    from tasks.settings import Settings

Row = dict[str, Any]


def _text(flag: str, metavar: str, told: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=f"Rule: {told}")


Suite = Annotated[str | None, _text("--suite", "NAME", "what this suite asks.")]
Benchmark = Annotated[str | None, _text("--benchmark", "NAME", "this benchmark.")]
Model = Annotated[str | None, _text("--model", "ID", "this model.")]
Revision = Annotated[str | None, _text("--revision", "SHA", "this revision of a model.")]
Lock = Annotated[str | None, _text("--lock", "SHA", "asked under this lock, or one that begins so.")]
Fingerprint = Annotated[str | None, _text("--fingerprint", "SHA", "asked these documents, as a suite locks them now.")]
Harness = Annotated[str | None, _text("--harness", "VERSION", "by this version of lm-eval.")]
Engine = Annotated[str | None, _text("--engine-version", "TEXT", "by this engine, as `runs --json` has it.")]
Worker = Annotated[str | None, _text("--worker", "NAME", "on this machine.")]
Device = Annotated[str | None, _text("--device", "NAME", "on such a device.")]
After = Annotated[datetime | None, _text("--finished-after", "TIME", "ended then (UTC) or later.")]
Before = Annotated[datetime | None, _text("--finished-before", "TIME", "ended before then (UTC).")]
Standing = Annotated[bool, typer.Option("--standing", metavar="", help="The rule covers runs that come in later, too.")]


def require_known_conditions(given: Mapping[str, Any], runs: Iterable[Row], named: Iterable[Row]) -> None:
    """Stop at the first condition that no run meets; `named` are suites' benchmarks, known without a run."""
    rows = list(runs)
    known: dict[str, set[str]] = {name: {row[name] for row in rows if row.get(name)} for name in given}
    for row in named:
        for name in known.keys() & {"suite", "benchmark"}:
            known[name].add(row[name])
    for name, value in given.items():
        if isinstance(value, str) and name != "lock":
            require_known(f"--{name.replace('_', '-')}", f"of the runs, {name.replace('_', ' ')}", [value], known[name])


def locks_of(settings: "Settings", lock: str | None, fingerprint: str | None, runs: Iterable[Row]) -> list[str | None]:
    """Return the whole locks that are meant; one None where no lock is asked for.

    A lock may be a run's or one that a suite has now; documents are known by the suites' locks alone.
    """
    if lock is None and fingerprint is None:
        return [None]
    suites, _ = context.look_at_suites(settings)
    locked = [found for suite in suites.values() for found in suite.locks.values()]
    if fingerprint is not None:
        prints = {task.fingerprint: one for one in locked for task in one.tasks.values()}
        meant = _one("--fingerprint", "of the suites' locks, fingerprint", fingerprint, prints)
        hashes = {one.sha256 for one in locked if meant in {task.fingerprint for task in one.tasks.values()}}
    else:
        hashes = {one.sha256 for one in locked} | {row["lock"] for row in runs if row.get("lock")}
    if lock is not None:
        hashes = {_one("--lock", "of runs and suites, lock", lock, hashes)}
    return [*sorted(hashes)]


def _one(option: str, what: str, given: str, known: Iterable[str]) -> str:
    """Return the one hash that begins so."""
    names = set(known)
    found = [name for name in names if name.startswith(given)]
    if not found:
        raise not_known(option, what, given, names)
    if len(found) > 1:
        raise Stop(option, f"{len(found)} begin with '{given}'.", "Give more of it.")
    return found[0]
