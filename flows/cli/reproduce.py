"""`standings reproduce`: ask a run's job again, and say whether the number holds."""

import typer

from flows.cli import context, options, runs
from flows.cli.errors import FAULT
from flows.cli.output import print_json, put
from flows.cli.progress import shown
from flows.wording import counted

EXAMPLE = "standings reproduce 7c1e5a90b3d2"


def reproduce(run_id: options.RunId, home: options.Home = None, json: options.Json = False) -> None:
    """Run a run's job again, and say whether the number holds.

    Compares the score, and the outcomes document by document; the board does not change.
    Equality is promised bit for bit in float32 on one machine. Exits with 1 where the score or an outcome differs.
    """
    settings = context.settings(home)
    context.require_worker()
    run = runs.find(context.lake(settings), run_id)
    runs.say_verdict(run)
    from flows.reproducing import reproduce as repeat

    with shown() as heard:
        done = repeat(settings, run["run_id"], heard)
    differs = done.score_before != done.score_after or bool(done.differing_documents)
    if json:
        print_json(done.model_dump(mode="json"))
    else:
        put(f"{run['model']} {run['variant']}, {run['benchmark']}, run {run['run_id']}", style="bold")
        put(f"before {done.score_before!r}, repeated {done.score_after!r} (run {done.repeated})")
        if differs:
            count = len(done.differing_documents)
            named = ", ".join(str(item) for item in done.differing_documents[:10])
            put(f"DIFFERS in {counted(count, 'document')}: {named}{' …' if count > 10 else ''}")
        else:
            put("The same, in every document.")
    raise typer.Exit(FAULT if differs else 0)
