"""`standings check`: every fault of the registry and the suites at once."""

from typing import TYPE_CHECKING, Any

import typer

from flows.cli import context, options
from flows.cli.errors import FAULT
from flows.cli.output import counted, few, print_json, put

if TYPE_CHECKING:
    from standings.faults import Fault
    from standings.suite import Suite

EXAMPLE = "standings check"


def check(home: options.Home = None, json: options.Json = False) -> None:
    """Check the registry and the suites.

    Prints every fault with its file and what would be right, and how much there is.
    Exits with 1 where anything is faulty. A notice is something to know, and no fault.
    """
    from standings.checking import summary

    registry, suites, faults = context.look_at_registry(context.settings(home))
    errors = [fault for fault in faults if fault.severity == "error"]
    counts = {**summary(registry), "suites": {name: suite_counts(suite) for name, suite in suites.items()}}
    if json:
        print_json({"faults": [fault.model_dump() for fault in faults], "registry": counts})
    else:
        print_faults(faults)
        print_counts(counts, len(errors))
    raise typer.Exit(FAULT if errors else 0)


def suite_counts(suite: "Suite") -> dict[str, int]:
    """Count a suite's benchmarks, and how many of them are locked."""
    return {
        "benchmarks": len(suite.benchmarks),
        "locked": sum(suite.lock(item) is not None for item in suite.benchmarks),
    }


def print_faults(faults: "list[Fault]") -> None:
    """Print one fault a line, then the notices, those that say the same together."""
    for fault in faults:
        if fault.severity == "error":
            put(str(fault), whole=True)
    same: dict[str, list[Fault]] = {}
    for notice in faults:
        if notice.severity == "notice":
            same.setdefault(f"{notice.wrong} {notice.right}".strip(), []).append(notice)
    for said, notices in same.items():
        names = [notice.entry or notice.file for notice in notices]
        put(f"notice: {f'{len(names)} × {said} {few(names)}' if len(names) > 1 else notices[0]}", style="dim")
    if any(len(notices) > 1 for notices in same.values()):
        put("Each with its file: standings check --json", style="dim")
    if faults:
        put()


def print_counts(counts: dict[str, Any], errors: int) -> None:
    """Print how many entries there are, and of which kinds."""
    parts = [
        counted(counts[word], word.removesuffix("s")) for word in ("models", "organisations", "licences", "groupings")
    ]
    put(f"{counted(errors, 'fault')} in {', '.join(parts)}.")
    for name, suite in counts["suites"].items():
        put(f"Suite {name}: {counted(suite['benchmarks'], 'benchmark')}, {suite['locked']} locked.")
