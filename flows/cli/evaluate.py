"""`standings run`: evaluate what is missing, refresh the board, print it."""

import typer

from flows.cli import board, boardrows, context, options
from flows.cli.boardrows import By, Slice
from flows.cli.errors import FAULT
from flows.cli.output import clipped, few, print_json, put, table
from flows.cli.progress import shown
from flows.cli.recorder import Finished, Recorder
from flows.cli.refresh import print_hold
from flows.wording import counted

EXAMPLE = "standings run --suite quick --model Qwen/Qwen2.5-Coder-0.5B-Instruct --limit 10"


def run(
    suite: options.Suites = None,
    model: options.Models = None,
    limit: options.Limit = None,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Evaluate what is missing, refresh the board and print it.

    See first what that would be: standings plan.
    Each job is stored as soon as it is done; stopped and started again, it goes on with the rest.
    Exits with 1 where a job failed.
    """
    settings = context.settings(home)
    context.require_worker()
    from flows.running import run as run_missing

    with shown() as heard:
        done = run_missing(settings, heard, suites=tuple(suite or ()), models=tuple(model or ()), limit=limit)
    if json:
        print_json({**done.model_dump(mode="json"), "failures": [failure(job) for job in heard.failed]})
    else:
        names = [f"{name}-limit-{limit}" if limit else name for name in suite or ()]
        print_outcome(heard)
        print_hold(done.refreshed)
        print_boards(boardrows.reader(done.refreshed.board), names)
    raise typer.Exit(FAULT if done.failed else 0)


def failure(job: Finished) -> dict[str, str | None]:
    """Name a failed job."""
    return {
        "model": job.assignment.model,
        "variant": job.assignment.variant,
        "benchmark": job.job.benchmark,
        "job_id": job.job.job_id,
        "reason": job.reason,
        "detail": job.detail,
    }


def print_outcome(heard: Recorder) -> None:
    """Say how many jobs were done, and why others failed, with the remedy."""
    if not heard.finished:
        waiting = sum(item.cells for item in heard.plan.unplanned) if heard.plan else 0
        put("Nothing to do." + (f" {counted(waiting, 'cell')} not run; why: standings plan" if waiting else ""))
    else:
        done = len(heard.finished) - len(heard.failed)
        put(f"{counted(done, 'job')} done, {len(heard.failed)} failed.")
    if heard.failed:
        print_failures(heard.failed)
    put()


def print_failures(failed: list[Finished]) -> None:
    """Print the reasons as a table, what several jobs failed of once, and each reason's remedy."""
    from standings.failure import REMEDIES, Reason

    same: dict[tuple[str, str], list[str]] = {}
    for job in failed:
        what = (job.reason or "", job.detail or "")
        same.setdefault(what, []).append(f"{job.assignment.model} {job.job.benchmark}")
    lines = [(reason, len(jobs), few(jobs, 3), clipped(detail)) for (reason, detail), jobs in same.items()]
    put()
    put(table(("Reason", ">Jobs", "Which", "What happened"), lines, flexible=(2, 3)))
    put()
    for reason in sorted({job.reason for job in failed if job.reason}):
        put(f"{reason}: {REMEDIES[Reason(reason)]}.")


def print_boards(ask: boardrows.Ask, names: list[str]) -> None:
    """Print the boards of the suites that were asked, or of all."""
    for name in names or boardrows.suites(ask):
        board.show(ask, Slice(suite=name), By.OVERALL)
