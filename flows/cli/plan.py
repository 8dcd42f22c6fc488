"""`standings plan`: what would be run, and why; nothing is."""

from itertools import groupby
from typing import TYPE_CHECKING

from flows.cli import context, options
from flows.cli.output import clipped, counted, duration, few, print_json, put, say, size

if TYPE_CHECKING:
    from standings.plan import Assignment, Job, Plan, Unplanned
    from tasks.settings import Settings

EXAMPLE = "standings plan --suite quick --limit 5"


def plan(
    suite: options.Suites = None,
    model: options.Models = None,
    limit: options.Limit = None,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Say which jobs would be run, and why.

    With what they need of this machine, and what is not run. Runs and writes nothing.
    """
    from tasks.workplace import Workplace

    settings = context.settings(home)
    workplace = Workplace.open(settings, tuple(suite or ()), tuple(model or ()), limit)
    for item in workplace.suites:
        if unlocked := [benchmark.id for benchmark in item.benchmarks if item.lock(benchmark) is None]:
            name = item.suite.partition("-limit-")[0]
            say(f"{name}: {', '.join(unlocked)}: not locked, and left out. Run: standings suite lock {name}")
    made = workplace.plan()
    if json:
        print_json({"jobs": made.jobs, "seconds": seconds(made), **made.model_dump(mode="json")})
    else:
        print_plan(made, settings)


def seconds(plan: "Plan") -> float | None:
    """Sum the estimates; None where one is not known."""
    known = [item.seconds for item in plan.assignments if item.seconds is not None]
    return sum(known) if len(known) == len(plan.assignments) else None


def print_plan(plan: "Plan", settings: "Settings") -> None:
    """Print what would be run, then what would not."""
    machine = f"{counted(settings.threads, 'thread')}, {settings.device}, {size(settings.memory)}"
    if plan.jobs:
        work = f"{counted(plan.jobs, 'job')} in {counted(len(plan.assignments), 'assignment')}"
        put(f"To run on this machine ({machine}): {work}, about {duration(seconds(plan))}.", style="bold")
    else:
        put("Nothing to run.", style="bold")
    for assignment in plan.assignments:
        print_assignment(assignment)
    if plan.unplanned:
        put()
        put("Not run now", style="bold")
        print_unplanned(plan.unplanned)
    put()
    print_totals(plan)


def print_assignment(assignment: "Assignment") -> None:
    """Print one model load with its jobs, grouped by why they are run."""
    documents = sum(job.documents for job in assignment.jobs)
    put()
    put(f"{assignment.model}  {assignment.variant}", style="bold")
    put(
        f"{counted(len(assignment.jobs), 'job')}, {counted(documents, 'document')}, "
        f"about {duration(assignment.seconds)} and {size(assignment.memory)} of memory",
        indent=2,
    )

    def reason(job: "Job") -> tuple[str, str]:
        return job.why, job.suite

    for (why, suite), jobs in groupby(sorted(assignment.jobs, key=reason), key=reason):
        names = ", ".join(job.benchmark for job in jobs)
        put(f"{why}: {suite}: {names}", indent=2)


def print_unplanned(unplanned: "tuple[Unplanned, ...]") -> None:
    """Print what is not run, grouped by why; a registry may list many models that can't be."""

    def reason(item: "Unplanned") -> tuple[str, str]:
        return item.state, item.why

    for (state, why), group in groupby(sorted(unplanned, key=reason), key=reason):
        items = list(group)
        models = sorted({item.model for item in items})
        cells = counted(sum(item.cells for item in items), "cell")
        put(f"{state}: {clipped(why)}: {counted(len(models), 'model')}, {cells}: {few(models)}", indent=2)


def print_totals(plan: "Plan") -> None:
    """Print how many cells have their number already."""
    others = sum(item.cells for item in plan.unplanned)
    put(f"{counted(plan.counted, 'cell')} counted, {plan.jobs} to run, {others} not run now.")
