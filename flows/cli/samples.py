"""`standings samples`: what a run was asked, what it answered, and what was right."""

import json as js
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from flows.cli import context, options, runs
from flows.cli.errors import Stop
from flows.cli.output import UNKNOWN, print_json, put, visible
from flows.wording import counted

if TYPE_CHECKING:
    from tasks.lake import Lake

EXAMPLE = "standings samples 7c1e5a90b3d2 --wrong --limit 3"
CUT = {"length": " (cut at the token budget)", "thought": "(no answer: cut at the token budget within its thought)"}
LONGEST = 600  # characters of a prompt, unless all is asked for
Row = dict[str, Any]


def samples(
    run_id: options.RunId,
    wrong: Annotated[
        bool, typer.Option("--wrong", metavar="", help="Only documents that were not answered right.")
    ] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N of them.")] = None,
    full: Annotated[bool, typer.Option("--full", metavar="", help="Print prompts whole, however long.")] = False,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Show what a run was asked and what it answered.

    Document by document: prompt, answer, what was right, and the outcome.
    """
    lake = context.lake(context.settings(home))
    run = runs.find(lake, run_id)
    runs.say_verdict(run)
    rows = read_samples(lake, run)
    right = sum(row["outcome"] == 1 for row in rows)
    chosen = [row for row in rows if not (wrong and row["outcome"] == 1)][:limit]
    if json:
        print_json(chosen)
        return
    for row in chosen:
        print_sample(row, full=full)
    put(f"{run['model']}, {run['benchmark']}: {counted(len(rows), 'document')}, {right} right; {len(chosen)} shown.")


def read_samples(lake: "Lake", run: Row) -> list[Row]:
    """Return one row a document and repeat, as the benchmark's score reads it, prompts put back everywhere."""
    if run["status"] != "succeeded":
        raise Stop(run["run_id"], f"has no samples: it is {run['reason'] or run['status']}: {run['detail']}.")
    rows = lake.samples(run["run_id"]).to_pylist()
    if not rows:
        raise Stop(run["run_id"], "is not admitted yet.", "Run: standings refresh")
    metric, name = scored_by(lake, run)
    prompts = {row["prompt_hash"]: row["prompt"] for row in rows if row["prompt"] is not None}
    responses = {place(row): row["response"] for row in rows if row["response"] is not None}
    return [
        {
            **row,
            "prompt": prompts.get(row["prompt_hash"]),
            "response": responses.get(place(row)),
            "outcomes": dict(row["outcomes"]),
            "outcome": dict(row["outcomes"]).get(metric),
        }
        for row in rows
        if name is None or row["filter"] == name
    ]


def place(row: Row) -> tuple[str, int, int]:
    """Name a document's one asking."""
    return row["task"], row["doc_id"], row["repeat"]


def scored_by(lake: "Lake", run: Row) -> tuple[str | None, str | None]:
    """Return the metric and filter that are the score of the run's benchmark; None where the lake does not say."""
    for row in lake.facts("benchmarks")["benchmarks"].to_pylist():
        if row["benchmark_id"] == run["benchmark_id"]:
            return row["metric"], row["filter"]
    return None, None


def print_sample(row: Row, *, full: bool) -> None:
    """Print one document."""
    outcome = {1: "right", 0: "wrong", None: UNKNOWN}.get(row["outcome"], row["outcome"])
    again = f", repeat {row['repeat']}" if row["repeat"] else ""
    put(Text(f"{row['task']} {row['doc_id']}{again}: {outcome}", style="bold"))
    prompt = row["prompt"] or UNKNOWN
    if len(prompt) > LONGEST and not full:
        # The question stands at the end, after the examples.
        prompt = f"(… {len(prompt) - LONGEST} characters more: --full)\n{prompt[-LONGEST:]}"
    for name, text in (("prompt", prompt), *answers(row)):
        indented = visible(text).replace("\n", "\n          ")
        put(f"{name:>8}  {indented}", whole=True)
    put()


def answers(row: Row) -> list[tuple[str, str]]:
    """Return the answer and what was right; a choice with the log-likelihoods that it was read from."""
    answer = UNKNOWN if row["answer"] is None else row["answer"]
    response = row["response"] or ""
    told = []
    if is_choice(response):
        told.append(("answer", f"choice {answer} of log-likelihoods {response}"))
    else:
        cut = CUT.get(row["finish_reason"], "")
        told.append(("answer", answer + cut))
        if response.strip() != answer.strip():
            told.append(("wrote", response or UNKNOWN))
    return [*told, ("target", UNKNOWN if row["target"] is None else row["target"])]


def is_choice(response: str) -> bool:
    """Tell whether a response is a list of log-likelihoods."""
    try:
        found = js.loads(response)
    except ValueError:
        return False
    return isinstance(found, list) and bool(found) and all(isinstance(item, float) for item in found)
