"""`standings plan`: what would be run, and why; nothing is."""

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import context, options
from flows.cli.errors import Stop
from flows.cli.output import clipped, duration, few, print_json, put, say, size, table
from flows.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from standings.plan import Assignment, Plan, Unplanned
    from standings.pools import Pool
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
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget", metavar="AMOUNT", help="Cut to what a night may take: 40h of GPUs, or $200 of machines."
        ),
    ] = None,
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
    pools = described(workplace, memory, gpus)
    made = cut_to(budget, workplace.plan(pools), pools)
    if json:
        here = {"pools": [pool.model_dump(mode="json") for pool in pools], "jobs": made.jobs, "seconds": seconds(made)}
        print_json({**here, **made.model_dump(mode="json")})
    else:
        print_plan(made, pools)
        print_cut(made.cut, budget)


def cut_to(budget: str | None, made: "Plan", pools: "Sequence[Pool]") -> "Plan":
    """Cut a plan to what a night may take, where somebody says so."""
    from standings.budget import Budget, afforded

    try:
        return afforded(made, Budget.parse(budget) if budget else None, pools)
    except ValueError as error:
        raise Stop("--budget", f"{error}.") from error


def described(workplace: "Workplace", memory: str | None, gpus: int | None) -> "tuple[Pool, ...]":
    """Return the machines that work, or the one that the options describe."""
    from pydantic import ByteSize, TypeAdapter, ValidationError

    from standings.pools import LEAST

    if memory is None:
        if gpus:
            raise Stop("--gpus", "how much memory has each GPU?", "Say so: --memory 24GiB")
        return workplace.pools if gpus is None else (like(workplace, gpus),)
    try:
        given = TypeAdapter(ByteSize).validate_python(memory)
    except ValidationError as error:
        raise Stop("--memory", f"'{memory}' is no number of bytes.", "Write it as 24GiB.") from error
    if given < LEAST:  # 0 would be taken for what is there, and a bare 24 was meant otherwise
        raise Stop("--memory", f"{counted(given, 'byte')} hold no model.", "Write it as 24GiB.")
    spare = workplace.settings.model_copy(update={"memory": given})
    return (like(replace(workplace, settings=spare), gpus),)


def like(workplace: "Workplace", gpus: int | None) -> "Pool":
    """Return this machine, with another number of GPUs where one is given."""
    here = workplace.here
    changed = {} if gpus is None else {"gpus": gpus, "device": "cuda" if gpus else "cpu"}
    return here.model_copy(update=changed)


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


def print_plan(plan: "Plan", pools: "Sequence[Pool]") -> None:
    """Print what would be run, then what would not."""
    if plan.jobs:
        work = f"{counted(plan.jobs, 'job')} in {counted(len(plan.assignments), 'assignment')}"
        put(f"To run on {machines(pools)}: {work}, {time_needed(plan)}.", style="bold")
        if any(pool.gpus for pool in pools):
            put("Times on GPUs are not measured yet.", style="dim")
    else:
        put("Nothing to run.", style="bold")
    print_assignments(plan.assignments, pools)
    if plan.unplanned:
        put()
        put("Not run now", style="bold")
        print_unplanned(plan.unplanned)
    put()
    print_totals(plan)


def machines(pools: "Sequence[Pool]") -> str:
    """Write on what a plan would run."""
    if len(pools) > 1:
        return ", ".join(f"{pool.name} ({pool.machines} × {whole(pool)})" for pool in pools)
    [pool] = pools
    several = f"{pool.machines} machines, each" if pool.machines > 1 else "a machine"
    return f"{several} with {counted(pool.threads, 'thread')}, {whole(pool)}"


def whole(pool: "Pool") -> str:
    """Write what one machine of a pool has."""
    return f"{counted(pool.gpus, 'GPU')} of {size(pool.memory)}" if pool.gpus else f"no GPU, {size(pool.memory)}"


def print_assignments(assignments: "tuple[Assignment, ...]", pools: "Sequence[Pool]") -> None:
    """Print a line for each model load, then what is asked and why; many models are asked the same."""
    if not assignments:
        return
    some, several = any(pool.gpus for pool in pools), len(pools) > 1
    lines = [
        (
            f"{item.model}  {item.variant}",
            str(len(item.jobs)),
            str(sum(job.documents for job in item.jobs)),
            duration(item.seconds),
            size(item.memory),
            *([str(item.gpus)] if some else []),
            *([item.pool] if several else []),
        )
        for item in assignments
    ]
    columns = ("Model", ">Jobs", ">Documents", ">Time", ">Memory", *([">GPUs"] if some else []))
    put()
    put(table((*columns, *(["Pool"] if several else [])), lines))
    put()
    same: dict[tuple[str, str, str], list[str]] = {}
    for item in assignments:
        for why, suite in sorted({(job.why, job.suite) for job in item.jobs}):
            names = ", ".join(job.benchmark for job in item.jobs if (job.why, job.suite) == (why, suite))
            same.setdefault((why, suite, names), []).append(item.model)
    for (why, suite, names), models in sorted(same.items(), key=lambda asked: (asked[0][:2], -len(asked[1]))):
        whose = f": {counted(len(models), 'assignment')}: {few(models)}" if len(assignments) > 1 else ""
        put(f"{why}: {suite}: {names}{whose}", indent=2)


def print_cut(cut: "Sequence[Assignment]", budget: str | None) -> None:
    """Print what a budget leaves for another night."""
    if not cut:
        return
    jobs = sum(len(item.jobs) for item in cut)
    put()
    put(f"Cut to {budget}: {counted(jobs, 'job')} wait for another night", style="bold")
    for item in cut:
        time = "of unknown length" if item.seconds is None else f"about {duration(item.seconds)}"
        on = f" on {counted(item.gpus, 'GPU')}" if item.gpus > 1 else ""
        put(f"{item.model}  {item.variant}: {counted(len(item.jobs), 'job')}, {time}{on}", indent=2)


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
