"""`standings suite`: list the suites, show one, lock its tasks."""

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import context, options
from flows.cli.errors import FAULT, Stop
from flows.cli.output import clipped, print_json, put, say, table
from flows.wording import counted

if TYPE_CHECKING:
    from standings.suite import Benchmark, Suite

group = typer.Typer(no_args_is_help=True, help="List suites, show one, lock its tasks.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="A suite's name.")]


@group.command("list", epilog="Example: standings suite list")
def list_suites(home: options.Home = None, json: options.Json = False) -> None:
    """List the suites."""
    suites, faults = context.look_at_suites(context.settings(home))
    context.warn_of_faults(faults)
    rows = [
        {
            "suite": name,
            "title": suite.title,
            "benchmarks": len(suite.benchmarks),
            "documents": sum(lock.documents for lock in suite.locks.values()),
            "locked": sum(suite.lock(item) is not None for item in suite.benchmarks),
            "categories": sorted({item.category for item in suite.benchmarks}),
        }
        for name, suite in suites.items()
    ]
    if json:
        print_json(rows)
        return
    columns = (
        "Suite",
        "Title",
        ">Benchmarks",
        ">Locked",
        ">Documents",
    )
    lines = [(row["suite"], row["title"], row["benchmarks"], row["locked"], row["documents"]) for row in rows]
    put(table(columns, lines, flexible=(1,)))


@group.command("show", epilog="Example: standings suite show quick")
def show(name: Name, home: options.Home = None, json: options.Json = False) -> None:
    """Show a suite's benchmarks, and how each kind of model is asked."""
    suites, faults = context.look_at_suites(context.settings(home))
    suite = context.suite_named(name, suites)
    context.warn_of_faults(faults)
    if json:
        print_json(suite.model_dump(mode="json"))
    else:
        print_suite(suite)


def print_suite(suite: "Suite") -> None:
    """Print a suite's benchmarks as a table, then its protocols."""
    put(f"{suite.suite}: {suite.title}", style="bold")
    put(suite.description)
    put()
    columns = (
        "Benchmark",
        "Category",
        "Asked as",
        ">Documents",
        ">Chance, %",
        ">Epoch",
    )
    put(table(columns, [benchmark_line(suite, item) for item in suite.benchmarks]))
    put()
    for name, protocol in suite.protocols.items():
        put(f"{name}: {protocol.canonical()}")
    put(f"{counted(len(suite.benchmarks), 'benchmark')}. A kind that no protocol names can't sit the benchmark.")


def benchmark_line(suite: "Suite", benchmark: "Benchmark") -> tuple[object, ...]:
    """Return a benchmark's line of the table."""
    lock = suite.lock(benchmark)
    asked = sorted(dict.fromkeys(benchmark.protocols.values()))
    documents = lock.documents if lock else "not locked"
    return benchmark.id, benchmark.category, ", ".join(asked), documents, benchmark.chance * 100, benchmark.epoch


@group.command("lock", epilog="Example: standings suite lock quick --check")
def lock(
    name: Name,
    check: Annotated[
        bool, typer.Option("--check", metavar="", help="Only compare with the lock as it is; write nothing.")
    ] = False,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Lock what each task of a suite is now.

    Hashes each task, shows what changed, and writes the suite's lock. Needs the worker extra.
    With --check, writes nothing and exits with 1 where the lock is not what the tasks are.
    """
    from tasks import locks

    settings = context.settings(home)
    suites, _ = context.look_at_suites(settings)
    suite = context.suite_named(name, suites)
    context.require_worker()
    try:
        found = locks.compute(suite, settings.registry.absolute())
    except locks.CannotLock as error:
        raise Stop("suite lock", str(error), code=FAULT) from error
    changed = locks.differences(suite, found)
    written = None if check or not changed else locks.write(suite, found, settings.registry)
    if json:
        print_json({"suite": name, "tasks": len(found), "changed": changed, "written": written})
    else:
        for line in [*changed, f"{name}: {counted(len(found), 'task')}, {counted(len(changed), 'difference')}."]:
            put(clipped(line, 400), whole=True)
    if written:
        say(f"Written to {written}. Jobs of what changed are asked again: review it before you commit it.")
    raise typer.Exit(FAULT if changed and check else 0)
