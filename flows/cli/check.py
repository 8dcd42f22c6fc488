"""`standings check`: every fault of the registry and the suites at once."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import context, options
from flows.cli.errors import FAULT
from flows.cli.output import clipped, few, print_json, put, table
from flows.cli.releases import waiting_for_a_person
from flows.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from standings.faults import Fault
    from standings.registry import Registry
    from standings.suite import Suite
    from tasks.settings import Settings

EXAMPLE = "standings check"
QUESTIONS = 12  # told one by one before the rest is counted
FIELDS = {  # what is counted of a family, and its column's header
    "models": ">models",
    "open": ">open",
    "restricted": ">restricted",
    "licence_not_known": ">not known",
    "behind_api": ">API",
    "with_revision": ">revision",
    "with_licence": ">licence",
    "with_source": ">source",
    "complete": ">all three",
}


def check(
    home: options.Home = None,
    every: Annotated[bool, typer.Option("--all", help="Print each notice whole and for itself.")] = False,
    json: options.Json = False,
) -> None:
    """Check the registry and the suites.

    Prints every fault with its file and what would be right, and how much there is.
    Exits with 1 where anything is faulty. A notice is something to know, and no fault.
    """
    from standings.summary import summary

    settings = context.settings(home)
    registry, suites, faults = context.look_at_registry(settings)
    faults += licences_on_the_hub(settings, registry)
    waiting = len(waiting_for_a_person(settings))
    errors = [fault for fault in faults if fault.severity == "error"]
    notices = [fault for fault in faults if fault.severity == "notice"]
    counts = {**summary(registry), "suites": {name: suite_counts(suite) for name, suite in suites.items()}}
    if json:
        print_json({"faults": [fault.model_dump() for fault in faults], "registry": counts, "waiting": waiting})
    else:
        print_faults([*errors, *notices] if every else errors)
        if not every:
            print_notices(notices)
        print_counts(counts, len(errors))
        if waiting:
            wait = "waits" if waiting == 1 else "wait"
            put(f"{counted(waiting, 'release')} {wait} for a person: standings models review")
    raise typer.Exit(FAULT if errors else 0)


def licences_on_the_hub(settings: "Settings", registry: "Registry") -> "list[Fault]":
    """Ask where a hub by now declares another licence than a file."""
    if not context.anything_observed(settings):
        return []
    from standings.observed import licence_questions
    from tasks.discovery import observed

    rows = observed(context.lake(settings), list(registry.models))
    return list(licence_questions(registry, {row["model"]: row for row in rows}))


def suite_counts(suite: "Suite") -> dict[str, int]:
    """Count a suite's benchmarks, and how many of them are locked."""
    return {
        "benchmarks": len(suite.benchmarks),
        "locked": sum(suite.lock(item) is not None for item in suite.benchmarks),
    }


def print_faults(faults: "list[Fault]") -> None:
    """Print one fault a line."""
    for fault in faults:
        notice = fault.severity == "notice"
        put(f"notice: {fault}" if notice else str(fault), whole=True, style="dim" if notice else None)
    if faults:
        put()


def print_notices(notices: "list[Fault]") -> None:
    """Print those that say the same together; what a person must decide comes last, as a list."""
    decide = [notice for notice in notices if notice.field == "review"]
    for said, same in alike(notice for notice in notices if notice.field != "review").items():
        names = [notice.entry or notice.file for notice in same]
        put(f"notice: {f'{len(names)} × {said} {few(names)}' if len(names) > 1 else same[0]}", style="dim")
    questions = alike(decide)
    if questions:
        put(f"\nTo decide: {counted(len(questions), 'question')} of {len(decide)} entries")
    most_asked = sorted(questions.items(), key=lambda item: -len(item[1]))
    for said, same in most_asked[:QUESTIONS]:
        asking = few([notice.entry or notice.file for notice in same], 2)
        put(f"{asking}: {clipped(said.removeprefix('to decide: '))}", indent=2)
    if len(questions) > QUESTIONS:
        put(f"and {counted(len(questions) - QUESTIONS, 'more question')}", indent=2)
    if notices:
        put("Each notice whole, with its file: standings check --all\n", style="dim")


def alike(notices: "Iterable[Fault]") -> "dict[str, list[Fault]]":
    """Group notices by what they say."""
    same: dict[str, list[Fault]] = {}
    for notice in notices:
        same.setdefault(f"{notice.wrong} {notice.right}".strip(), []).append(notice)
    return same


def print_counts(counts: dict[str, Any], errors: int) -> None:
    """Print the families with what is known of their models, and how many entries there are."""
    if counts["families"]:
        every = {"all": counts, **counts["families"]} if len(counts["families"]) > 1 else counts["families"]
        rows = [[name, *(found[field] for field in FIELDS)] for name, found in every.items()]
        put(table(["family", *FIELDS.values()], rows))
        put()
    parts = [
        counted(counts[word], word.removesuffix("s")) for word in ("models", "organisations", "licences", "groupings")
    ]
    put(f"{counted(errors, 'fault')} in {', '.join(parts)}.")
    for name, suite in counts["suites"].items():
        put(f"Suite {name}: {counted(suite['benchmarks'], 'benchmark')}, {suite['locked']} locked.")
