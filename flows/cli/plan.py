"""`standings plan`: what would be run, and why; nothing is."""

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import context, options
from flows.cli.errors import Stop
from flows.cli.output import clipped, counted, duration, few, print_json, put, say, size

if TYPE_CHECKING:
    from standings.plan import Assignment, Job, Machine, Plan, Unplanned
    from tasks.workplace import Workplace

EXAMPLE = "standings plan --suite core --memory 24GiB --gpus 1"
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory", metavar="BYTES", help="Plan for a machine with so much memory, such as 24GiB; of each GPU."
    ),
]
Gpus = Annotated[
    int | None,
    typer.Option("--gpus", min=0, max=8, metavar="N", help="Plan for a machine with N GPUs that one model may span."),
]


def plan(
    suite: options.Suites = None,
    model: options.Models = None,
    limit: options.Limit = None,
    memory: Memory = None,
    gpus: Gpus = None,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Say which jobs would be run, and why.

    With what they need of this machine, or of one that --memory and --gpus describe, and what is not run.
    Runs, fetches and writes nothing.
    """
    from tasks.workplace import Workplace

    settings = context.settings(home)
    workplace = Workplace.open(settings, tuple(suite or ()), tuple(model or ()), limit)
    for item in workplace.suites:
        if unlocked := [benchmark.id for benchmark in item.benchmarks if item.lock(benchmark) is None]:
            name = item.suite.partition("-limit-")[0]
            say(f"{name}: {', '.join(unlocked)}: not locked, and left out. Run: standings suite lock {name}")
    on = machine(workplace, memory, gpus)
    made = workplace.plan(on)
    if json:
        here = {"machine": on.model_dump(), "jobs": made.jobs, "seconds": seconds(made)}
        print_json({**here, **made.model_dump(mode="json")})
    else:
        print_plan(made, on)


def machine(workplace: "Workplace", memory: str | None, gpus: int | None) -> "Machine":
    """Return this machine, or the one that the options describe."""
    from pydantic import ByteSize, TypeAdapter, ValidationError

    if memory is None:
        if gpus:
            raise Stop("--gpus", "how much memory has each GPU?", "Say so: --memory 24GiB")
        return workplace.machine if gpus is None else workplace.machine.model_copy(update={"gpus": gpus})
    try:
        given = TypeAdapter(ByteSize).validate_python(memory)
    except ValidationError as error:
        raise Stop("--memory", f"'{memory}' is no number of bytes.", "Write it as 24GiB.") from error
    spare = workplace.settings.model_copy(update={"memory": given})
    found = replace(workplace, settings=spare).machine
    return found if gpus is None else found.model_copy(update={"gpus": gpus})


def seconds(plan: "Plan") -> float | None:
    """Sum the estimates; None where one is not known."""
    known = [item.seconds for item in plan.assignments if item.seconds is not None]
    return sum(known) if len(known) == len(plan.assignments) else None


def time_needed(plan: "Plan") -> str:
    """Write how long the plan takes, as far as it is known."""
    known = [item.seconds for item in plan.assignments if item.seconds is not None]
    more = len(plan.assignments) - len(known)
    told = f"about {duration(sum(known))}" if known or not more else "for an unknown time"
    return told + (f", and {counted(more, 'assignment')} of unknown length" if more and known else "")


def print_plan(plan: "Plan", on: "Machine") -> None:
    """Print what would be run, then what would not."""
    where = f"{counted(on.gpus, 'GPU')} of {size(on.memory)}" if on.gpus else f"no GPU, {size(on.memory)}"
    if plan.jobs:
        work = f"{counted(plan.jobs, 'job')} in {counted(len(plan.assignments), 'assignment')}"
        threads = counted(on.threads, "thread")
        put(f"To run on a machine with {threads}, {where}: {work}, {time_needed(plan)}.", style="bold")
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
        f"about {duration(assignment.seconds)}, {size(assignment.memory)} on {where(assignment)}",
        indent=2,
    )

    def reason(job: "Job") -> tuple[str, str]:
        return job.why, job.suite

    for (why, suite), jobs in groupby(sorted(assignment.jobs, key=reason), key=reason):
        names = ", ".join(job.benchmark for job in jobs)
        put(f"{why}: {suite}: {names}", indent=2)


def where(assignment: "Assignment") -> str:
    """Name what an assignment runs on."""
    if assignment.gpus > 1:
        return f"each of {assignment.gpus} GPUs"
    return "a GPU" if assignment.gpus else "the CPU"


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
