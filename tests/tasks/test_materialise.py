"""Hold the runner: how files become tables, what it refuses, and what a reader may ask."""

from pathlib import Path

import pyarrow as pa
import pytest

from standings.facts import SCHEMAS as FACTS
from standings.paths import folder
from tasks.materialise import CheckFailed, build, job_state, one_table, query
from tests.lake_of_known_truth import NOW, lake_of_known_truth
from tests.lake_rows import LakeRows


@pytest.fixture(scope="module")
def facts() -> dict[str, pa.Table]:
    return lake_of_known_truth(models=40)[0]


@pytest.fixture(scope="module")
def board(facts: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("board") / "board.duckdb"
    build(facts, target, now=NOW, snapshot="s", threads=1)
    return target


def made_of(tmp_path: Path, **files: str) -> Path:
    """Write SELECT files, model__cell for sql/model/cell.sql, beside what the computed tables read."""
    for name, text in {"model__board": "-- One row is nothing.\nSELECT NULL AS rank LIMIT 0", **files}.items():
        schema, table = name.split("__")
        (tmp_path / "sql" / schema).mkdir(parents=True, exist_ok=True)
        (tmp_path / "sql" / schema / f"{table}.sql").write_text(text)
    return tmp_path / "sql"


def small(tmp_path: Path, **files: str) -> Path:
    """Build a board of these files alone."""
    target = tmp_path / "board.duckdb"
    build({}, target, now=NOW, snapshot="s", sql=made_of(tmp_path, **files))
    return target


def test_a_file_becomes_the_table_that_its_path_names_after_what_it_reads(tmp_path: Path) -> None:
    board = small(
        tmp_path,
        raw__a="-- One row is a number.\nSELECT 1 AS one",
        leaderboard__a="-- One row is twice it.\n-- two: twice one\nSELECT 2 * a.one AS two FROM raw.a AS a",
    )
    assert query(board, "FROM leaderboard.a").to_pylist() == [{"two": 2}]  # raw.a and leaderboard.a are two tables


def test_what_a_file_reads_is_seen_in_every_clause_and_a_cte_is_none_of_it(tmp_path: Path) -> None:
    # The shape of json_serialize_sql differs between versions of DuckDB: this breaks before a build does.
    one = "-- One row is a number.\nSELECT 1 AS x"
    named = {f"raw__{letter}": one for letter in "abcdefgh"} | {"raw__m": f"-- macro (x := 1)\n{one}"}
    reader = """-- One row is a number.
        WITH cell AS (SELECT x FROM raw.a), RECURSIVE_NAME AS (FROM raw.b)
        SELECT cell.x, (SELECT max(x) FROM raw.c) FROM cell JOIN raw.d USING (x)
        LEFT JOIN LATERAL (SELECT x FROM raw.e) AS e ON true SEMI JOIN raw.m(x := 2) AS m ON m.x = cell.x
        WHERE EXISTS (FROM raw.f) UNION ALL (SELECT x, x FROM (FROM raw.g) WHERE x IN (SELECT x FROM raw.h))"""
    sql = made_of(tmp_path, **named, model__reader=reader)
    from tasks.materialise import steps, workshop

    with workshop({}, now=NOW) as con:
        graph = steps(con, sql)
    assert graph["model.reader"].needs == tuple(f"raw.{letter}" for letter in "abcdefghm")
    assert list(graph).index("model.reader") > max(list(graph).index(name) for name in graph["model.reader"].needs)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("-- One row.\nSELECT 1 AS x; SELECT 2", "model/a.sql: more than one statement: a file is one SELECT"),
        ("-- One row.\nCREATE TABLE x AS SELECT 1", "model/a.sql: .*a file is one SELECT"),
        ("-- One row.\nSELECT x FROM WHERE", "model/a.sql: syntax error .*at …SELECT x FROM .*here"),
        ("SELECT 1 AS x", "model/a.sql: no line says what a row is"),
        ("-- One row.\nFROM model.nothing", "model.a reads model.nothing, which no file makes"),
        ("-- One row.\nFROM model.a", "read each other in a circle: model.a <- model.a"),
        ("-- One row.\nSELECT nothing AS x", "model/a.sql: .*nothing"),
        ("-- One row.\n-- assert uniqe: x\nSELECT 1 AS x", "model/a.sql: `-- assert uniqe: x` is no assertion: write"),
        ("-- One row.\n-- y: no column\nSELECT 1 AS x", "model/a.sql: 'y' is described and is no column"),
    ],
)
def test_a_file_that_can_not_be_made_is_named_with_its_fault(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){told}"):
        small(tmp_path, model__a=text)


def test_a_public_column_without_a_meaning_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"leaderboard/a.sql: 'x' has no meaning: add `-- x \[unit\]: what it is`"):
        small(tmp_path, leaderboard__a="-- One row.\nSELECT 1 AS x")


def test_a_column_means_what_it_means_where_it_is_read_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    board = small(
        tmp_path,
        raw__a="-- One row.\n-- x [points]: a number,\n--   which goes on\n-- y: another\nSELECT 1 AS x, 2 AS y",
        leaderboard__b="-- One row.\n-- y: its own\nSELECT x, y, run.model FROM raw.a LEFT JOIN lake.run ON true",
    )
    rows = query(board, "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'b'").to_pylist()
    assert {row["column_name"]: row["comment"] for row in rows} == {
        "x": "a number, which goes on [points]",
        "y": "its own",
        "model": "model id",  # from the fact schema
    }


@pytest.mark.parametrize(
    ("check", "offender"),
    [
        ("unique: x", "2"),
        ("not null: y", "NULL"),
        ("between 0 and 2: x", "3"),
        ("rows: x < 3", "3"),
    ],
)
def test_a_broken_assertion_shows_its_rows_and_leaves_the_old_board(tmp_path: Path, check: str, offender: str) -> None:
    old = tmp_path / "board.duckdb"
    old.write_text("old")
    numbers = "SELECT * FROM (VALUES (1, 1), (2, 2), (2, 2), (3, NULL)) AS t(x, y)"
    with pytest.raises(CheckFailed, match=f"(?s)model/a.sql: `-- assert {check}` is broken by 1 rows.*{offender}"):
        small(tmp_path, model__a=f"-- One row is a number.\n-- assert {check}\n{numbers}")
    assert old.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["board.duckdb"]


def test_all_broken_assertions_are_told_at_once(tmp_path: Path) -> None:
    broken = "-- One row.\n-- assert rows: x = 2\n-- assert between 5 and 6: x\nSELECT 1 AS x"
    with pytest.raises(CheckFailed) as caught:
        small(tmp_path, model__a=broken, model__b=broken)
    assert str(caught.value).count("is broken by") == 4


def test_a_macro_is_called_before_the_file_is_finished(tmp_path: Path) -> None:
    # CREATE MACRO accepts what only a call finds wrong.
    with pytest.raises(ValueError, match=r"leaderboard/m.sql: .*Could not convert string 'a'"):
        small(tmp_path, leaderboard__m="-- macro (x := 'a')\n-- One row.\n-- y: it\nSELECT x::INTEGER AS y")


def test_two_builds_of_the_same_facts_are_equal_on_one_thread_and_on_two(
    facts: dict[str, pa.Table], board: Path, tmp_path: Path
) -> None:
    build(facts, tmp_path / "two.duckdb", now=NOW, snapshot="s", threads=2)
    tables = query(
        board, "SELECT schema_name || '.' || table_name AS name FROM duckdb_tables() ORDER BY ALL"
    ).to_pylist()
    assert len(tables) > 20
    hashed = []
    for name in (table["name"] for table in tables):
        ordered = name.startswith("leaderboard.")  # only public tables promise an order
        rows = "list(hash(t))" if ordered else "list_sort(list(hash(t)))"
        hashed.append(f"SELECT '{name}' AS name, {rows} AS rows FROM {name} AS t")
    one, two = (query(path, " UNION ALL ".join(hashed)).to_pylist() for path in (board, tmp_path / "two.duckdb"))
    assert one == two
    assert sum(len(row["rows"] or ()) for row in one) > 1000


def test_the_file_is_whole_without_a_log_and_opens_in_older_versions(board: Path) -> None:
    assert [path.name for path in board.parent.iterdir()] == ["board.duckdb"]
    [row] = query(board, "SELECT tags FROM duckdb_databases() WHERE database_name = 'board'").to_pylist()
    assert dict(row["tags"])["storage_version"].startswith("v1.2.0")


def test_a_file_named_like_a_schema_is_refused_because_its_tables_would_be_ambiguous(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"leaderboard.duckdb: a file named like a schema .* name it board.duckdb"):
        build({}, tmp_path / "leaderboard.duckdb", now=NOW, snapshot="s")


def test_every_public_table_column_and_macro_says_what_it_is_in_the_database(board: Path) -> None:
    bare = query(
        board,
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'leaderboard' AND comment IS NULL "
        "UNION ALL SELECT table_name, NULL FROM duckdb_tables() WHERE comment IS NULL "
        "UNION ALL SELECT function_name, NULL FROM duckdb_functions() "
        "WHERE database_name = 'board' AND NOT internal AND comment IS NULL",
    )
    assert bare.to_pylist() == []


def test_every_macro_answers_in_a_published_file(board: Path) -> None:
    macros = [path.stem for path in (folder("sql") / "leaderboard").glob("*.sql") if "-- macro (" in path.read_text()]
    assert macros
    for name in macros:
        assert query(board, f"FROM leaderboard.{name}()").num_rows


def test_what_a_plan_is_told_of_a_job_is_what_the_board_shows(facts: dict[str, pa.Table], board: Path) -> None:
    told = {row["job_id"]: row for row in job_state(facts, now=NOW).to_pylist()}
    shown = query(board, "SELECT job_id, state, attempts, next_at, run_id FROM leaderboard.coverage WHERE job_id <> ''")
    assert shown.num_rows
    for row in shown.to_pylist():
        assert row == {name: told[row["job_id"]][name] for name in row}
    counted = set(query(board, "FROM leaderboard.results")["run_id"].to_pylist())
    assert counted & {row["run_id"] for row in told.values() if row["state"] == "counted"}


def test_what_only_other_tables_read_is_not_in_the_file_and_what_a_macro_reads_is(board: Path) -> None:
    held = query(board, "SELECT schema_name || '.' || table_name AS name FROM duckdb_tables()")["name"].to_pylist()
    assert {name for name in held if name.startswith("model.")} == {"model.contender", "model.category_score"}
    assert {"raw.run", "raw.scores", "stats.tier", "leaderboard.results"} <= set(held)


def test_no_facts_at_all_make_an_empty_board(tmp_path: Path) -> None:
    build({}, tmp_path / "board.duckdb", now=NOW, snapshot="nothing yet")
    assert query(tmp_path / "board.duckdb", "FROM leaderboard.overall").num_rows == 0
    [row] = query(tmp_path / "board.duckdb", "FROM leaderboard.snapshot").to_pylist()
    assert row == {"snapshot": "nothing yet", "built_at": NOW, "watermark": 0, "runs": 0, "quarantined": 0}


def test_older_facts_lack_a_nullable_column_and_a_required_one_is_asked_for(tmp_path: Path) -> None:
    lake = LakeRows()
    lake.model("a")
    models = lake.facts()["models"]
    [entry] = one_table(
        {"models": models.drop_columns("weights_note")}, "model.entry", folder("sql"), now=NOW
    ).to_pylist()
    assert entry["weights_note"] is None
    with pytest.raises(ValueError, match=r"lake.models lacks origin_disputed, which standings.facts requires"):
        build({"models": models.drop_columns("origin_disputed")}, tmp_path / "b.duckdb", now=NOW, snapshot="s")
    with pytest.raises(ValueError, match="no such fact table: model; there are run"):
        build({"model": models}, tmp_path / "b.duckdb", now=NOW, snapshot="s")


def test_raw_reads_every_fact_table_but_samples() -> None:
    assert {path.stem for path in (folder("sql") / "raw").glob("*.sql")} == FACTS.keys() - {"samples"}


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "INSERT INTO leaderboard.snapshot DEFAULT VALUES",
            "one SELECT at a time and is never written to; this is INSERT",
        ),
        ("CREATE TABLE x AS SELECT 1", "never written to; this is CREATE"),
        ("SELECT 1; SELECT 2", "this is SELECT and SELECT"),
        ("", "this is no statement"),
        ("SET threads = 9", "this is SET"),
        ("COPY (SELECT 1) TO 'x.csv'", "this is COPY"),
        ("ATTACH 'x.duckdb'", "this is ATTACH"),
        ("SELEC 1", "syntax error"),
        ("FROM leaderboard.standing", "(?s)standing does not exist"),
        ("FROM read_csv('/etc/hostname')", "disabled"),
        ("FROM '/etc/hostname'", "does not exist"),
        ("FROM read_parquet('https://localhost/x.parquet')", "(?s)disabled|extension|autoload"),
        ("SELECT getenv('HOME')", "(?s)getenv"),
    ],
)
def test_a_reader_can_only_read_the_board(board: Path, sql: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        query(board, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "FROM leaderboard.overall",
        "EXPLAIN FROM leaderboard.overall",
        "DESCRIBE leaderboard.overall",
        "SHOW ALL TABLES",
        "WITH a AS (SELECT 1 AS x) FROM a",
        "SELECT built_at FROM leaderboard.snapshot;",
    ],
)
def test_a_reader_may_ask_and_look_around(board: Path, sql: str) -> None:
    assert query(board, sql).num_rows


def test_a_board_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"board.duckdb does not exist: build it with `standings refresh`"):
        query(tmp_path / "board.duckdb", "SELECT 1")
