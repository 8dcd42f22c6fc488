"""`standings runs`: every attempt in the lake, with its fate."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import context, options
from flows.cli.errors import Stop, require_known
from flows.cli.output import clipped, duration, print_json, put, say, table
from flows.wording import counted

if TYPE_CHECKING:
    from tasks.lake import Lake
    from tasks.verdicts import Facts

EXAMPLE = "standings runs --status failed"
SHOWN = 12  # last digits of a run's id: random ones, where the first are the time
VERDICT = {"verdict": "verdict", "verdict_reason": "reason", "verdict_who": "who", "verdict_at": "decided_at"}
Row = dict[str, Any]


class Status(StrEnum):
    """How a run ended, or that the gate set it aside."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SET_ASIDE = "set-aside"


def runs(
    model: options.Models = None,
    benchmark: options.Benchmarks = None,
    status: Annotated[
        Status | None, typer.Option("--status", metavar="HOW", help=f"Only runs that ended so: {', '.join(Status)}.")
    ] = None,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """List the runs in the lake, the newest last.

    What was asked, how it ended, and why it failed; runs that the gate has not looked at yet included.
    """
    settings = context.settings(home)
    rows = read_runs(context.lake(settings))
    require_known("--model", "of these runs, model", model or (), {row["model"] for row in rows})
    require_known("--benchmark", "of these runs, benchmark", benchmark or (), {row["benchmark"] for row in rows})
    found = [
        row
        for row in rows
        if (not model or row["model"] in model)
        and (not benchmark or row["benchmark"] in benchmark)
        and (status is None or row["status"] == status.value)
    ]
    if json:
        print_json(found)
    else:
        print_runs(found)


def read_runs(lake: "Lake") -> list[Row]:
    """Return all runs, those included that the gate has not looked at yet, by the time they ended."""
    from tasks import verdicts

    return run_rows(verdicts.read_facts(lake, verdicts.look(lake, datetime.now(UTC), write=False), "scores"))


def run_rows(facts: "Facts") -> list[Row]:
    """Return one row a run, with its score and the verdict on it that holds, by the time they ended."""
    from tasks.verdicts import in_force

    values = {
        (row["run_id"], row["task"], row["metric"], row["filter"]): row["value"] for row in facts["scores"].to_pylist()
    }
    scored_by = {
        row["benchmark_id"]: (row["task"], row["metric"], row["filter"]) for row in facts["benchmarks"].to_pylist()
    }
    rows, rulings = facts["run"].to_pylist(), in_force(facts)
    for row in rows:
        row["score"] = values.get((row["run_id"], *scored_by.get(row["benchmark_id"], ())))
        ruling = rulings.get(row["run_id"], {})
        row |= {name: ruling.get(of) for name, of in VERDICT.items()}
    rows += [set_aside(row) for row in facts["admissions"].to_pylist() if row["fault"]]
    return sorted(rows, key=lambda row: (row["finished_at"], row["run_id"]))


def set_aside(row: Row) -> Row:
    """Write a run that the gate set aside: of it only the key and the fault are to be trusted."""
    unknown = dict.fromkeys(("model", "variant", "benchmark", "suite", "reason", "score", "seconds", *VERDICT))
    return {
        **unknown,
        "run_id": row["run_id"],
        "job_id": row["job_id"],
        "status": Status.SET_ASIDE.value,
        "detail": row["fault"],
        "finished_at": row["admitted_at"],
    }


def find(lake: "Lake", given: str) -> Row:
    """Return the one run whose id begins or ends as given."""
    return pick(read_runs(lake), given)


def pick(rows: list[Row], given: str) -> Row:
    """Return the one of these runs whose id begins or ends as given."""
    found = [row for row in rows if row["run_id"].startswith(given) or row["run_id"].endswith(given)]
    if len(found) > 1:
        raise Stop(given, f"{len(found)} runs begin or end so.", "Give more of the id.")
    if not found:
        raise (
            Stop(given, "no run begins or ends so.", "See: standings runs")
            if rows
            else Stop("lake", "there is no run yet.", "Run: standings run")
        )
    return found[0]


def how(row: Row) -> str:
    """Say how a run ended, or what it was for where it never counts, or that it was ruled on."""
    purpose = row.get("purpose", "board")
    ended = str(row["reason"] or (row["status"] if purpose == "board" else purpose))
    if row["verdict"] in (None, "cleared"):
        return ended
    return str(row["verdict"]) if ended == "succeeded" else f"{ended}, {row['verdict']}"


def verdict(row: Row) -> str | None:
    """Say what was ruled on a run, by whom, when and why; None where nothing was."""
    if row["verdict"] is None:
        return None
    return f"{row['verdict']} by {row['verdict_who']}, {row['verdict_at']:%Y-%m-%d %H:%M}: {row['verdict_reason']}"


def say_verdict(row: Row) -> None:
    """Tell on standard error, so that data stay data, that a run was ruled on."""
    if told := verdict(row):
        say(f"Run {row['run_id'][-SHOWN:]} is {told}")


def print_runs(rows: list[Row]) -> None:
    """Print one line a run, then why some failed."""
    lines = [
        (
            row["run_id"][-SHOWN:],
            f"{row['finished_at']:%m-%d %H:%M}",
            (row["model"] or "").rpartition("/")[2],
            row["benchmark"],
            how(row),
            None if row["score"] is None else f"{row['score']:.3f}",
            None if row["seconds"] is None else duration(row["seconds"]),
        )
        for row in rows
    ]
    columns = (
        "Run", "Ended", "Model", "Benchmark", "How",
        ">Score", ">Took",
    )  # fmt: skip
    if rows:
        put(table(columns, lines, flexible=(2,)))
        put()
    for row in rows:
        if row["status"] != "succeeded":
            put(f"{row['run_id'][-SHOWN:]} {row['reason'] or row['status']}: {clipped(row['detail'] or 'not told')}")
        if told := verdict(row):
            put(f"{row['run_id'][-SHOWN:]} {clipped(told)}")
    put(f"{counted(len(rows), 'run')}. Times are UTC. Run: the last {SHOWN} digits of the id." if rows else "No runs.")
