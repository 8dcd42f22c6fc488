"""Declare the options that several commands share, once."""

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="FOLDER", help="Folder of lake, weights and boards, instead of STANDINGS_HOME."),
]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON, for programs.")]
Suites = Annotated[list[str] | None, typer.Option("--suite", metavar="NAME", help="Only this suite; may be repeated.")]
Models = Annotated[list[str] | None, typer.Option("--model", metavar="ID", help="Only this model; may be repeated.")]
Benchmarks = Annotated[
    list[str] | None, typer.Option("--benchmark", metavar="NAME", help="Only this benchmark; may be repeated.")
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help="Ask only the first N documents of each task: a suite of its own, <suite>-limit-N.",
    ),
]
Suite = Annotated[str | None, typer.Option("--suite", metavar="NAME", help="Only this suite.")]
Origin = Annotated[
    str | None,
    typer.Option("--origin", metavar="CC", help="ISO country code; FR finds FR+US, which stays one origin."),
]
Licence = Annotated[
    str | None, typer.Option("--licence", metavar="CLASS", help="Licence class, such as osi_approved, as declared.")
]
RunId = Annotated[str, typer.Argument(metavar="RUN_ID", help="A run's id, or how it begins or ends.")]
