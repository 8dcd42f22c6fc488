"""Read sql/: one SELECT a file, its path is the table's name, its header says what a row is.

A header is the block of `--` lines at the top of a file. Its lines are
  `-- macro (suite := NULL, …)`           the file is a table macro with these parameters
  `-- index [points]: mean over …`        what a column means; the unit in brackets may be left out
  `-- assert unique: a, b`, `-- assert not null: a`, `-- assert between 0 and 1: a`, `-- assert rows: a <= b`
  and anything else says what a row is. A line that is indented by three spaces goes on with the one before.
A name that is read from another file carries its schema (`model.cell`); one without is a CTE.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Protocol

SCHEMAS = ("raw", "model", "stats", "leaderboard")

_MACRO = re.compile(r"macro \((.*)\)$")
_ASSERT = re.compile(r"assert (unique|not null|rows|between (\S+) and (\S+)): (.+)$")
_COLUMN = re.compile(r"([a-z]\w*)( \[[^\]]+\])?: (.+)$")

Parser = Callable[[str], str]  # SQL text to the JSON of DuckDB's own syntax tree


@dataclass(frozen=True)
class Check:
    """An assertion on a finished table: the rows of `offenders` break it."""

    text: str
    offenders: str


@dataclass(frozen=True)
class Query:
    """One file."""

    name: str  # schema.table
    path: Path
    sql: str
    needs: tuple[str, ...]  # tables and macros with a schema, sorted
    about: str
    columns: dict[str, str]
    checks: tuple[Check, ...]
    parameters: str | None  # of a macro; None for a table

    @property
    def call(self) -> str:
        """Write what follows the name in a FROM clause: a macro is called, a table is not."""
        return "" if self.parameters is None else "()"

    def create(self, database: str = "") -> str:
        """Write the statement that makes it; a `database` ends in a full stop."""
        if self.parameters is None:
            return f"CREATE TABLE {database}{self.name} AS {self.sql}"
        return f"CREATE MACRO {database}{self.name}({self.parameters}) AS TABLE {self.sql}"


def read_queries(folder: Path, parse: Parser) -> dict[str, Query]:
    """Read every file of raw/, model/ and leaderboard/; `parse` gives DuckDB's JSON tree of a statement."""
    paths = [path for schema in SCHEMAS for path in sorted((folder / schema).glob("*.sql"))]
    if not paths:
        raise FileNotFoundError(f"{folder} holds no .sql file in {', '.join(SCHEMAS)}: name the folder that does")
    return {query.name: query for query in (read_query(path, parse) for path in paths)}


def read_query(path: Path, parse: Parser) -> Query:
    """Read one file; raises ValueError with the file's path where it is not one SELECT with a header."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next((place for place, line in enumerate(lines) if not line.startswith("--")), len(lines))
    name, sql = f"{path.parent.name}.{path.stem}", "\n".join(lines[end:]).strip().removesuffix(";")
    about: list[str] = []
    columns: dict[str, str] = {}
    checks: list[Check] = []
    parameters = None
    for line in _unfolded(lines[:end]):
        if macro := _MACRO.match(line):
            parameters = macro[1]
        elif line.startswith("assert "):
            checks.append(_check(line, name, path))
        elif column := _COLUMN.match(line):
            columns[column[1]] = f"{column[3]}{column[2] or ''}"
        elif line:
            about.append(line)
    if not about:
        raise ValueError(f"{path}: no line says what a row is: begin the file with `-- One row is …`")
    return Query(name, path, sql, _names_read(sql, path, parse), " ".join(about), columns, tuple(checks), parameters)


def _unfolded(header: list[str]) -> list[str]:
    """Join each line that is indented with the one before."""
    joined: list[str] = []
    for line in header:
        if joined and line.startswith("--   "):
            joined[-1] += " " + line[2:].strip()
        else:
            joined.append(line[2:].strip())
    return joined


class Step(Protocol):
    """What is made in its turn."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Name what it reads."""

    @property
    def call(self) -> str:
        """Write what follows the name of a macro."""


def aside(graph: Mapping[str, Step]) -> frozenset[str]:
    """Name what is made only for others to read: tables of `model` that no macro of the published file reads."""
    asked = {need for step in graph.values() if step.call for need in step.needs}
    return frozenset(
        name for name, step in graph.items() if name.startswith("model.") and not step.call and name not in asked
    )


def in_order(needs: dict[str, tuple[str, ...]], given: set[str], within: frozenset[str] = frozenset()) -> list[str]:
    """Order names so that each comes after those it needs; `given` exist before the first of them.

    Those of `within` are kept together where they can be.
    """
    for name, wanted in needs.items():
        if unknown := sorted(set(wanted) - needs.keys() - given):
            raise ValueError(f"{name} reads {', '.join(unknown)}, which no file makes: add the file or mend the name")
    graph = {name: sorted(set(wanted) - given) for name, wanted in sorted(needs.items())}
    sorter, order, ready, turn = TopologicalSorter(graph), [], set(), False
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError(f"these read each other in a circle: {' <- '.join(error.args[1])}") from error
    while sorter.is_active():
        ready |= set(sorter.get_ready())
        if found := sorted(name for name in ready if (name in within) == turn):
            order += found
            ready -= set(found)
            sorter.done(*found)
        else:
            turn = not turn
    return order


def ancestors(target: str, needs: dict[str, tuple[str, ...]]) -> set[str]:
    """Find what has to be made for `target`, itself included."""
    found: set[str] = set()
    pending = [target]
    while pending:
        name = pending.pop()
        if name in needs and name not in found:
            found.add(name)
            pending.extend(needs[name])
    return found


def _check(line: str, name: str, path: Path) -> Check:
    match = _ASSERT.match(line)
    if match is None:
        raise ValueError(
            f"{path}: `-- {line}` is no assertion: write `assert unique: a, b`, `assert not null: a`, "
            "`assert between 0 and 1: a` or `assert rows: a <= b`"
        )
    kind, low, high, body = match.groups()
    columns = [column.strip() for column in body.split(",")]
    if kind == "unique":
        listed = ", ".join(columns)
        return Check(line, f"FROM {name} SELECT {listed}, count(*) AS times GROUP BY ALL HAVING count(*) > 1")
    if kind == "not null":
        return Check(line, f"FROM {name} WHERE " + " OR ".join(f"{column} IS NULL" for column in columns))
    if kind == "rows":
        return Check(line, f"FROM {name} WHERE ({body}) IS NOT TRUE")
    return Check(line, f"FROM {name} WHERE " + " OR ".join(f"{it} NOT BETWEEN {low} AND {high}" for it in columns))


def _names_read(sql: str, path: Path, parse: Parser) -> tuple[str, ...]:
    """List the tables and table macros that carry a schema, as DuckDB's own parser sees them."""
    tree = json.loads(parse(sql))
    if tree["error"] or len(tree["statements"]) != 1:
        fault = f"{tree['error_message']}, {_around(sql, tree)}" if tree["error"] else "more than one statement"
        raise ValueError(f"{path}: {fault}: a file is one SELECT")
    return tuple(sorted({f"{schema}.{table}" for schema, table in _references(tree) if schema}))


def _around(sql: str, tree: Any) -> str:
    """Quote where the parser stopped: its message alone names no line."""
    place = int(tree.get("position") or 0)
    return f"at …{sql[max(0, place - 60) : place]}⟨here⟩{sql[place : place + 20]}"


def _references(node: Any) -> Iterator[tuple[str, str]]:
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if node.get("type") == "BASE_TABLE":
                yield node["schema_name"], node["table_name"]
            if node.get("type") == "TABLE_FUNCTION":
                yield node["function"]["schema"], node["function"]["function_name"]
        children = node.values() if isinstance(node, dict) else node
        pending.extend(child for child in children if isinstance(child, (dict, list)))
