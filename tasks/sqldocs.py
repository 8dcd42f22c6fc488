"""Write docs/views.md: what a reader finds in the schema `leaderboard`, from the files' own headers.

`python -m tasks.sqldocs docs/views.md`; a test holds the page against the files.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from standings.paths import folder
from tasks.materialise import columns_of, make, steps, workshop
from tasks.sqlfiles import Query

HEAD = """# What a reader can ask

Written by `python -m tasks.sqldocs docs/views.md` from the headers of `sql/leaderboard/`; the same text stands in the
published file as comments (`FROM duckdb_columns()`). Tables are stable: a column may be added, none is renamed.
A published file also holds `raw` (the facts), `stats`, and of `model` (what the facts come to) what the macro reads;
those may change.

`standings sql "FROM leaderboard.overall"` asks the newest board. In DuckDB:
`ATTACH 'board.duckdb' AS board (READ_ONLY); USE board; FROM leaderboard.standings(origin := 'FR');` where the `USE`
is needed: a macro reads the tables of the search path it is called in, not those beside it.

Scores are shares as the harness gives them; normalised scores and indexes are points, chance at 0 and perfect at 100,
never clipped. Intervals are at 95 % and cover the sampling of items, with benchmarks, prompts and seeds held fixed."""


def page() -> str:
    """Write the page for the files as they are."""
    sections = [HEAD]
    with workshop({}, now=datetime(1970, 1, 1, tzinfo=UTC), snapshot="docs") as con:
        graph = steps(con, folder("sql"))
        meanings = make(con, graph)
        for name, step in sorted(graph.items()):
            if isinstance(step, Query) and name.startswith("leaderboard."):
                rows = [
                    f"| `{column}` | {kind} | {meanings[name][column]} |"
                    for column, kind in columns_of(con, name, step).items()
                ]
                title = f"`{name}`" if step.parameters is None else f"`{name}({step.parameters})`"
                table = "\n".join(["| column | type | meaning |", "| --- | --- | --- |", *rows])
                sections.append(f"## {title}\n\n{step.about}\n\n{table}")
    return "\n\n".join(sections) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
