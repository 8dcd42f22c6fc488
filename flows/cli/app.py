"""Put the commands together, and turn expected errors into one line and an exit code."""

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from flows.cli import (
    board,
    canary,
    check,
    demo,
    epoch,
    evaluate,
    exporting,
    importing,
    lake,
    models,
    plan,
    refresh,
    releases,
    reproduce,
    retry,
    runs,
    samples,
    snapshot,
    sql,
    status,
    suites,
    up,
    verdict,
    webhook,
    weights,
)
from flows.cli.errors import USAGE, words


class Commands(TyperGroup):
    """Run a command; an error that its user can bring about becomes one line."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run and exit: 0 done, 1 a fault in what was asked for, 2 it could not be asked like this."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except TyperException as error:
            code = _usage(error)
        except Exception as error:
            told = words(error)
            if told is None:
                raise  # a bug: its traceback is what a developer needs
            typer.echo(told[0], err=True)
            code = told[1]
        if standalone_mode:
            sys.exit(code if isinstance(code, int) else 0)
        return code


def _usage(error: TyperException) -> int:
    """Word a usage error with the command it is about."""
    context = getattr(error, "ctx", None)
    where = context.command_path if context else "standings"
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
    else:
        what = error.format_message().rstrip().replace("Value error, ", "")  # how pydantic begins
        typer.echo(f"{where}: {what}{'' if what[-1:] in '.?!' else '.'} See: {where} --help", err=True)
    return USAGE


def _version(asked: bool) -> None:
    if asked:
        try:
            typer.echo(f"standings {installed('standings')}")
        except PackageNotFoundError:
            typer.echo("standings, from a checkout that is not installed")
        raise typer.Exit


app = typer.Typer(
    name="standings", cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback(epilog="Example: standings board --by origin")
def standings(
    version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Who leads, from where, and under which licence? Evaluate language models and rank them.

    Exit codes: 0 done; 1 a fault in what was asked for; 2 it could not be asked like this.
    """


def _add(group: typer.Typer, command: Callable[..., Any], example: str, name: str | None = None) -> None:
    group.command(name, epilog=f"Example: {example}")(command)


_add(app, demo.demo, demo.EXAMPLE)
_add(app, check.check, check.EXAMPLE)
app.add_typer(models.group, name="models")
_add(models.group, releases.review, releases.REVIEW)
_add(models.group, releases.export, releases.EXPORT)
app.add_typer(suites.group, name="suite")
_add(app, plan.plan, plan.EXAMPLE)
_add(app, evaluate.run, evaluate.EXAMPLE)
_add(app, refresh.refresh, refresh.EXAMPLE)
_add(app, board.board, board.EXAMPLE)
_add(app, sql.sql, sql.EXAMPLE)
_add(app, runs.runs, runs.EXAMPLE)
_add(app, samples.samples, samples.EXAMPLE)
_add(app, reproduce.reproduce, reproduce.EXAMPLE)
_add(app, retry.retry, retry.EXAMPLE)
app.add_typer(verdict.group, name="verdict")
app.add_typer(snapshot.group, name="snapshot")
_add(app, importing.import_, importing.EXAMPLE, "import")
_add(app, exporting.export, exporting.EXAMPLE)
app.add_typer(lake.group, name="lake")
app.add_typer(webhook.group, name="webhook")
_add(app, weights.weights, weights.EXAMPLE)
app.add_typer(epoch.group, name="epoch")
app.add_typer(canary.group, name="canary")
_add(app, up.up, up.EXAMPLE)
_add(app, status.status, status.EXAMPLE)


def main() -> None:
    """Run the command line."""
    app(prog_name="standings")
