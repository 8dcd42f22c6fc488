"""`standings verdict`: rule that runs are withdrawn, suspect or cleared, one by one or by a rule."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import conditions as asked
from flows.cli import context, options, runs
from flows.cli.errors import FAULT, Stop
from flows.cli.output import clipped, print_json, put, table
from flows.wording import counted

if TYPE_CHECKING:
    from tasks.verdicts import Facts, Ruling

group = typer.Typer(no_args_is_help=True, help="Rule that runs are withdrawn, suspect or cleared.")
Row = dict[str, Any]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the lake, and quoted.")]
Runs = Annotated[
    list[str] | None, typer.Argument(metavar="RUN", help="Runs, each by its id or how that begins or ends.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", metavar="", help="Say which runs would be ruled, and write nothing.")
]
SHOWN = ("run_id", "job_id", "model", "variant", "suite", "benchmark", "status", "reason", "purpose", "finished_at")
MORE = ("lock", "harness", "engine_version", "worker", "device", "verdict")


@dataclass(frozen=True)
class Done:
    """What was ruled, or would be."""

    rows: list[Row]  # appended to the lake
    rules: bool  # they are rules, and not on runs one by one
    runs: list[Row]


def ruler(verdict: str) -> Callable[..., None]:
    """Make the function of a command that gives this verdict: all three take the same."""

    def rule(
        reason: Reason,
        run: Runs = None,
        suite: asked.Suite = None,
        benchmark: asked.Benchmark = None,
        model: asked.Model = None,
        revision: asked.Revision = None,
        lock: asked.Lock = None,
        fingerprint: asked.Fingerprint = None,
        harness: asked.Harness = None,
        engine_version: asked.Engine = None,
        worker: asked.Worker = None,
        device: asked.Device = None,
        finished_after: asked.After = None,
        finished_before: asked.Before = None,
        standing: asked.Standing = False,
        dry_run: DryRun = False,
        home: options.Home = None,
        json: options.Json = False,
    ) -> None:
        from tasks.verdicts import Ruling

        given: Row = {
            "suite": suite, "benchmark": benchmark, "model": model, "revision": revision, "lock": lock,
            "fingerprint": fingerprint, "harness": harness, "engine_version": engine_version, "worker": worker,
            "device": device, "finished_after": finished_after and finished_after.replace(tzinfo=UTC),
            "finished_before": finished_before and finished_before.replace(tzinfo=UTC),
        }  # fmt: skip
        given = {name: value for name, value in given.items() if value is not None}
        ruling = Ruling(verdict=verdict, reason=reason, who=getpass.getuser(), decided_at=datetime.now(UTC))
        done = decide(home, ruling, run or [], given, standing=standing, write=not dry_run)
        if json:
            kept = [{name: row.get(name) for name in (*SHOWN, *MORE)} for row in done.runs]
            print_json({"written": not dry_run, "rules" if done.rules else "verdicts": done.rows, "runs": kept})
        else:
            print_done(done, ruling, standing=standing, written=not dry_run)

    return rule


withdraw, suspect, clear = ruler("withdrawn"), ruler("suspect"), ruler("cleared")
withdraw.__doc__ = """Withdraw runs: they count no more, and their jobs are missing again.

    RUN… one by one; or without RUN… a rule, of all runs that meet every condition given and are in the lake by now.
    With --standing the rule covers runs that come in later too, and jobs whose runs it would withdraw aren't asked.
    Nothing is deleted: a later verdict overrides an earlier one. The next refresh obeys it.
    """
suspect.__doc__ = """Mark runs as suspect: they count, and readers see why they may not hold.

    RUN… one by one; or without RUN… a rule, as `standings verdict withdraw` has it.
    """
clear.__doc__ = """Clear runs of an earlier verdict.

    RUN… one by one; or without RUN… a rule, as `standings verdict withdraw` has it. With the conditions of a standing
    rule and --standing it ends that rule.
    """
NAME = "standings verdict"
group.command("withdraw", epilog=f'Example: {NAME} withdraw 7c1e5a90b3d2 --reason "another template"')(withdraw)
group.command("suspect", epilog=f'Example: {NAME} suspect --worker gpu-7 --reason "its memory is bad"')(suspect)
group.command("clear", epilog=f'Example: {NAME} clear 7c1e5a90b3d2 --reason "it was the right one"')(clear)


def decide(home: Path | None, ruling: "Ruling", named: list[str], given: Row, *, standing: bool, write: bool) -> Done:
    """Rule on the runs named, or on those that meet the conditions; say on which."""
    where = "verdict"
    if named and (given or standing):
        raise Stop(where, "runs and a rule's conditions were given.", "Give RUN…, or conditions.")
    if not named and not given:
        remedy = "Give RUN…, or conditions such as --suite and --benchmark."
        raise Stop(where, "without a run or a condition it would be about every run.", remedy)
    settings = context.settings(home)
    from tasks import verdicts

    lake = context.lake(settings)
    log = verdicts.look(lake, ruling.decided_at, write=write and not named)
    facts = verdicts.read_facts(lake, log, "scores")
    rows = runs.run_rows(facts)
    if named:
        chosen = [runs.pick(rows, name) for name in named]
        if aside := [row["run_id"] for row in chosen if row["status"] == runs.Status.SET_ASIDE]:
            raise Stop(aside[0], "the gate set it aside: it never counts.", "See: standings runs --status set-aside")
        ruled = {row["run_id"]: row for row in chosen}
        made = verdicts.rulings(ruling, list(ruled))
        if write:
            verdicts.append(lake, "verdicts", made)
        return Done(made, False, list(ruled.values()))
    rules = rules_of(settings, facts, rows, ruling, given, standing=standing)
    covered = set(verdicts.covered(facts, rules))
    if not covered and not standing:
        raise Stop(where, "no run in the lake meets all of these conditions.", "See: standings runs", FAULT)
    if write:
        verdicts.append(lake, "rules", rules)
    return Done(rules, True, [row for row in rows if row["run_id"] in covered])


def rules_of(
    settings: Any, facts: "Facts", rows: list[Row], ruling: "Ruling", given: Row, *, standing: bool
) -> list[Row]:
    """Make the rules: one, or one a lock where several have the documents that are meant."""
    from tasks.verdicts import make_rule

    conditions = {name: value for name, value in given.items() if name not in ("lock", "fingerprint")}
    if not standing:  # what stands may be about what is still to come
        asked.require_known_conditions(conditions, rows, facts["benchmarks"].to_pylist())
    locks = asked.locks_of(settings, given.get("lock"), given.get("fingerprint"), rows)
    return [make_rule(ruling, {**conditions, "lock": lock}, standing, facts["admissions"]) for lock in locks]


def print_done(done: Done, ruling: "Ruling", *, standing: bool, written: bool) -> None:
    """Print the runs, and what follows."""
    lines = [
        (
            row["run_id"][-runs.SHOWN :], f"{row['finished_at']:%m-%d %H:%M}", row["model"], row["benchmark"],
            runs.how(row), None if row["score"] is None else f"{row['score']:.3f}",
        )
        for row in done.runs
    ]  # fmt: skip
    if lines:
        put(table(("Run", "Ended", "Model", "Benchmark", "Was", ">Score"), lines, flexible=(2,)))
        put()
    how = ruling.verdict if written else f"would be {ruling.verdict}"
    put(f"{counted(len(lines), 'run')} {how}{', and those that come in later' if standing else ''}: {ruling.reason}")
    overridden = sum(row["verdict"] == "withdrawn" for row in done.runs)
    if overridden and ruling.verdict != "withdrawn":
        put(f"The latest verdict holds, so {counted(overridden, 'run')} that had been withdrawn may count again.")
    put("The board obeys from the next refresh on. Build it: standings refresh" if written else "Nothing was written.")


@group.command("list", epilog="Example: standings verdict list")
def list_verdicts(home: options.Home = None, json: options.Json = False) -> None:
    """List all verdicts and rules that were ever made, the newest last.

    With how many runs each covers, and for how many of them no later one overrides it.
    """
    from tasks import verdicts

    lake = context.lake(context.settings(home))
    rows = verdicts.listed(verdicts.read_facts(lake, verdicts.look(lake, datetime.now(UTC), write=False)))
    if json:
        print_json(rows)
        return
    lines = [
        (
            f"{row['decided_at']:%Y-%m-%d %H:%M}", row["verdict"], about(row), row["runs"], row["in_force"],
            row["who"], clipped(row["reason"]),
        )
        for row in rows
    ]  # fmt: skip
    if lines:
        put(table(("Decided", "Verdict", "About", ">Runs", ">In force", "Who", "Why"), lines, flexible=(2, 6)))
        put()
    rules = sum(row["rule_id"] is not None for row in rows)
    put(
        f"{counted(len(rows), 'verdict')}, {counted(rules, 'rule')} among them. Times are UTC."
        if rows
        else "No verdict."
    )


def about(row: Row) -> str:
    """Say what a verdict is about."""
    if row["run_id"] is not None:
        return f"run {row['run_id'][-runs.SHOWN :]}"
    return clipped(row["conditions"]) + (", standing" if row["standing"] else "")
