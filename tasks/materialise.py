"""Build the leaderboard: every SELECT under sql/ becomes a table or macro in one fresh DuckDB file.

The only module that opens DuckDB. Facts come in as Arrow tables or verified Parquet files, read as `lake.<table>`.
A build is always a full one. What a table says of itself (its header) is checked and kept in the file as comments.
"""

import os
import shutil
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from standings.facts import SCHEMAS as FACTS
from standings.paths import folder
from standings.stats import STATS, Stat
from tasks.files import Rows, conformed, quoted, selects
from tasks.sqlfiles import SCHEMAS, Query, ancestors, aside, in_order, read_queries

Step = Query | Stat
Facts = Mapping[str, pa.Table | Rows]

# Opens in every DuckDB since 1.2.2 and in the browser build; the default of 2.0 opens in nothing older.
STORAGE_VERSION = "v1.2.0"
SHOWN_ROWS = 20
_TREES: dict[str, str] = {}  # text of a SELECT to its syntax tree: a night parses the same files several times
# Rows go to the file, by all threads, as soon as a group of them is full: at DuckDB's 122,880 many wait for the commit.
LAYOUT = f"STORAGE_VERSION '{STORAGE_VERSION}', ROW_GROUP_SIZE 61440"
MEMORY, THREADS_AT_MOST = 512 * 2**20, 4  # of a build, in bytes: what is more goes to the disk, where DuckDB can
READING = 128 * 2**20  # bytes, to go through a table once: without a limit the whole file would stay in memory
OutOfMemory = duckdb.OutOfMemoryException

# The order matters: the file is attached first, and the last setting forbids any further.
LOCKED_DOWN = """
    temp_directory=''; autoload_known_extensions=false; autoinstall_known_extensions=false;
    allow_community_extensions=false; enable_external_file_cache=false; enable_external_access=false;
    python_enable_replacements=false; disabled_filesystems='LocalFileSystem'; max_expression_depth=250;
    memory_limit='1GB'; max_execution_time=60000; lock_configuration=true"""


class CheckFailed(Exception):
    """Data break an assertion of sql/, or a test's rows differ from those expected."""


def build(
    facts: Facts,
    target: Path,
    *,
    now: datetime,
    snapshot: str,
    sql: Path | None = None,
    threads: int | None = None,
    memory: int = MEMORY,
) -> None:
    """Build all tables and macros into `target`, which is replaced at the end and never half written.

    `facts` holds tables of standings.facts by name; one that is missing counts as empty. `now` (with a time zone) is
    what a job's pause is held against, `snapshot` the id that the board carries. Raises CheckFailed with the rows that
    break an assertion, or OutOfMemory where `memory` is too little even beside a disk; `target` is then as it was.
    """
    if target.stem in SCHEMAS:
        # DuckDB names an opened file after its stem: `leaderboard.overall` would be ambiguous in leaderboard.duckdb.
        raise ValueError(f"{target}: a file named like a schema can't be queried by readers: name it board.duckdb")
    part = target.with_name(target.name + ".tmp")
    wal, spill = (part.with_name(part.name + ending) for ending in (".wal", ".spill"))
    part.unlink(missing_ok=True)
    wal.unlink(missing_ok=True)
    try:
        with workshop(facts, now=now, snapshot=snapshot, threads=threads) as con:
            con.execute(f"SET temp_directory = {quoted(spill)}; SET memory_limit = '{memory >> 20}MiB'")
            con.execute("SET disabled_compression_methods = 'fsst'")  # weighing it costs more than it saves
            con.execute(f"ATTACH {quoted(part)} AS board ({LAYOUT})")
            con.execute("CREATE SCHEMA board.model; CREATE SCHEMA memory.model")
            con.execute("SET search_path = 'board.main,memory.lake,board.model,memory.model'")
            graph = steps(con, sql or folder("sql"))
            make(con, graph, within=aside(graph))
            con.execute("CHECKPOINT board")
            con.execute("USE memory")
            con.execute("DETACH board")
        assert not wal.exists(), f"{wal} is left: the file without it would open as an empty database"
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
        wal.unlink(missing_ok=True)
        shutil.rmtree(spill, ignore_errors=True)


def job_state(
    facts: Facts,
    *,
    now: datetime,
    image: str | None = None,
    token: bool = False,
    largest: int | None = None,
    sql: Path | None = None,
) -> pa.Table:
    """Say what each wanted job is: the rows of model.job_state that are wanted now, as sql/ decides them.

    `image` is what a worker would state today as a run's `engine_version`: jobs that another image did not support are
    asked again. `token` says that a hub token is configured: gated jobs are asked once more. `largest` is the most
    memory, in bytes, that a job could be given: what ran out of less is asked again.
    """
    variables = {"now": now, "image": image, "token": token, "largest": largest}
    states = one_table(facts, "model.job_state", sql or folder("sql"), **variables)
    return states.filter(states["wanted"]).drop_columns("wanted")


def one_table(facts: Facts, name: str, sql: Path, **variables: Any) -> pa.Table:
    """Make one table and what it needs in memory, and return it."""
    with workshop(facts, **variables) as con:
        graph = steps(con, sql)
        needed = ancestors(name, {step: graph[step].needs for step in graph})
        make(con, {step: graph[step] for step in graph if step in needed}, describe=False)
        return con.sql(f"FROM {name}").to_arrow_table()


def lacking(jobs: pa.Table, held: pa.Table) -> pa.Array:
    """Return the places of those rows of `jobs` whose job_id is null or not among the held ones, in order."""
    with duckdb.connect() as con:
        con.register("jobs", jobs.append_column("place", pa.array(range(jobs.num_rows), pa.int64())))
        con.register("held", held)
        found = con.sql("SELECT place FROM jobs ANTI JOIN held USING (job_id) ORDER BY place").to_arrow_table()
        return found["place"].combine_chunks()


def query(board: Path, sql: str) -> pa.Table:
    """Run one SELECT (or EXPLAIN, DESCRIBE, SHOW) on a built board, read-only, with no way to files or the network.

    Raises ValueError where `sql` is anything else or fails. This keeps mistakes out, not attackers: a stranger's
    query belongs in a process of its own.
    """
    with opened(board) as con:
        for setting in LOCKED_DOWN.split(";"):
            con.execute(f"SET {setting.strip()}")
        try:
            kinds = [statement.type.name for statement in con.extract_statements(sql)]
            if len(kinds) != 1 or kinds[0] not in ("SELECT", "EXPLAIN"):
                read = " and ".join(kinds) or "no statement"
                raise ValueError(f"the board answers one SELECT at a time and is never written to; this is {read}")
            return con.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise ValueError(str(error)) from error


@contextmanager
def opened(board: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a built board read-only, as the database whose names need no prefix."""
    if not board.is_file():
        raise FileNotFoundError(f"{board} does not exist: build it with `standings refresh`")
    with duckdb.connect() as con:
        con.execute(f"ATTACH {quoted(board)} AS board (READ_ONLY)")
        con.execute("USE board")  # a macro resolves its names in the reader's search path
        con.execute("SET TimeZone = 'UTC'")
        yield con


@contextmanager
def tables(board: Path, schema: str, rows: int) -> Iterator[Iterator[tuple[str, pa.RecordBatchReader]]]:
    """Read all tables of a schema in the order in which their rows were written, batch by batch of `rows`."""
    with opened(board) as con:
        con.execute(f"SET preserve_insertion_order = true; SET memory_limit = '{READING >> 20}MiB'")
        found = con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'board' AND schema_name = $1 ORDER BY ALL",
            [schema],
        ).fetchall()
        yield ((name, con.sql(f"FROM {schema}.{name}").to_arrow_reader(rows)) for (name,) in found)


@contextmanager
def workshop(facts: Facts, *, threads: int | None = None, **variables: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database that holds the facts as `lake.<table>` and the variables that sql/ reads."""
    if unknown := sorted(set(facts) - set(FACTS)):
        raise ValueError(f"no such fact table: {', '.join(unknown)}; there are {', '.join(FACTS)}")
    assert variables["now"].tzinfo is not None, f"now is {variables['now']!r}, which has no time zone"
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"SET threads = {threads or min(THREADS_AT_MOST, os.cpu_count() or 1)}")
        for name in ("now", "snapshot", "image", "token", "largest"):
            con.execute(f"SET VARIABLE {name} = $1", [variables.get(name)])
        con.execute("CREATE SCHEMA lake")
        for name, schema in FACTS.items():
            given = facts.get(name, schema.empty_table())
            con.register(f"lake_{name}", conformed(name, given.rest if isinstance(given, Rows) else given))
            reads = [f"FROM lake_{name}", *(selects(given.parts) if isinstance(given, Rows) else ())]
            con.execute(f"CREATE VIEW lake.{name} AS {' UNION ALL BY NAME '.join(reads)}")
        yield con


def steps(con: duckdb.DuckDBPyConnection, sql: Path) -> dict[str, Step]:
    """Read sql/ and the computed tables, in the order in which they can be made."""

    def parse(text: str) -> str:
        if text not in _TREES:
            [(_TREES[text],)] = con.execute("SELECT json_serialize_sql($1)", [text]).fetchall()
        return _TREES[text]

    found: dict[str, Step] = {**read_queries(sql, parse), **STATS}
    needs, within = {name: step.needs for name, step in found.items()}, aside(found)
    order = in_order(needs, {f"lake.{name}" for name in FACTS}, within)
    return {name: found[name] for name in order}


def make(
    con: duckdb.DuckDBPyConnection,
    graph: Mapping[str, Step],
    *,
    describe: bool = True,
    within: Container[str] | None = None,
) -> dict[str, dict[str, str]]:
    """Make each step in turn, check it and write into the database what it means; return the columns' meanings.

    Given `within`, what it names is made in memory, for others to read, and the rest in the attached file.
    """
    broken: list[str] = []
    known: dict[str, dict[str, str]] = {f"lake.{name}": _meanings(schema) for name, schema in FACTS.items()}
    databases = {name: "" if within is None else "memory." if name in within else "board." for name in graph}
    for database, names in groupby(graph, key=databases.__getitem__):
        if database == "board.":
            con.execute("BEGIN")  # else every statement waits for the disk; it writes to one database alone
        for name in names:
            step = graph[name]
            make_one(con, name, step, database)
            broken += failures(con, step)
            if describe:
                parents = [known[need] for need in step.needs if need in known]
                known[name] = _describe(con, name, step, parents, comment=database != "memory.")
        if database == "board.":
            con.execute("COMMIT")
    if broken:
        raise CheckFailed("\n\n".join(broken))
    return known


def make_one(con: duckdb.DuckDBPyConnection, name: str, step: Step, database: str = "") -> None:
    """Make one table or macro of what has been made before."""
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {database}{name.partition('.')[0]}")
    if isinstance(step, Query):
        try:
            con.execute(step.create(database))
        except OutOfMemory:
            raise
        except duckdb.Error as error:
            raise ValueError(f"{step.path}: {error}") from error
        return
    table = step.function(*(con.sql(f"FROM {need}").to_arrow_table() for need in step.needs))
    con.register("computed", table)
    con.execute(f"CREATE TABLE {database}{name} AS FROM computed")
    con.unregister("computed")


def columns_of(con: duckdb.DuckDBPyConnection, name: str, step: Step) -> dict[str, str]:
    """List the columns of a table, or of a macro called without arguments, with their types."""
    return {column: kind for column, kind, *_ in con.sql(f"DESCRIBE FROM {name}{step.call}").fetchall()}


def failures(con: duckdb.DuckDBPyConnection, step: Step) -> list[str]:
    """Run a file's assertions; each that fails is told with its first offending rows."""
    if not isinstance(step, Query):
        return []
    if step.call:
        try:
            con.sql(f"FROM {step.name}()").fetchall()  # what is wrong with a macro is found only by calling it
        except duckdb.Error as error:
            raise ValueError(f"{step.path}: {error}") from error
    told = []
    for check in step.checks:
        offenders = con.sql(check.offenders)
        [(count,)] = offenders.count("*").fetchall()
        if count:
            shown = offenders.limit(SHOWN_ROWS)
            told.append(f"{step.path}: `-- {check.text}` is broken by {count} rows of {step.name}:\n{shown}")
    return told


def _describe(
    con: duckdb.DuckDBPyConnection, name: str, step: Step, parents: list[dict[str, str]], *, comment: bool
) -> dict[str, str]:
    """Comment a table and its columns. A column that its file doesn't describe means what it means where it is read."""
    columns = list(columns_of(con, name, step))
    inherited = {column: text for parent in reversed(parents) for column, text in parent.items()}
    meanings = {column: text for column, text in {**inherited, **step.columns}.items() if column in columns}
    where = step.path if isinstance(step, Query) else name
    if strange := sorted(step.columns.keys() - meanings.keys()):
        raise ValueError(f"{where}: {strange[0]!r} is described and is no column: mend the header or the SELECT")
    if name.startswith("leaderboard.") and (bare := [column for column in columns if column not in meanings]):
        raise ValueError(f"{where}: {bare[0]!r} has no meaning: add `-- {bare[0]} [unit]: what it is` to the header")
    comments = [f"COMMENT ON {'MACRO TABLE' if step.call else 'TABLE'} {name} IS {quoted(step.about)}"]
    if not step.call:
        comments += [f'COMMENT ON COLUMN {name}."{column}" IS {quoted(text)}' for column, text in meanings.items()]
    con.execute("; ".join(comments) if comment else "")
    return meanings


def _meanings(schema: pa.Schema) -> dict[str, str]:
    return {field.name: field.metadata[b"meaning"].decode() for field in schema}
