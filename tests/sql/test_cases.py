"""Run every folder of tests/sql/<schema.table>/<case>/ as a test: rows in, rows expected.

`given/<schema.table>.yaml` (or .csv) holds rows of a table that the tested file reads, directly or through others; what
is not given is empty. A YAML file is a list of rows, or `every:` (columns that all rows share) and `rows:`. Types come
from the fact schemas and from the SELECTs, columns that a row leaves out are null. `variables.yaml` sets now, image and
token; `call.sql` is what is asked of a macro. `expect.yaml` names the columns that are compared, numbers to 6 decimals.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pyarrow import csv

from standings.facts import SCHEMAS
from standings.paths import folder
from tasks.materialise import CheckFailed, failures, make_one, steps, workshop
from tasks.sqlfiles import ancestors

HERE = Path(__file__).parent
CASES = sorted(path for path in HERE.glob("*.*/*") if path.is_dir())
Rows = list[dict[str, Any]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}: {case.name}")
def test_the_rows_given_become_the_rows_expected(case: Path) -> None:
    unit_test(case)


def test_every_case_is_of_a_file_that_exists() -> None:
    assert CASES
    for case in CASES:
        schema, table = case.parent.name.split(".")
        assert (folder("sql") / schema / f"{table}.sql").is_file(), case


def test_a_case_whose_rows_differ_says_which(tmp_path: Path) -> None:
    case = tmp_path / "model.entry" / "case"
    (case / "given").mkdir(parents=True)
    (case / "given" / "raw.models.yaml").write_text("[{model: a, variant: v, removed: false}]")
    (case / "expect.yaml").write_text("[{model: b}]")
    with pytest.raises(CheckFailed, match=r"(?s)missing: \{'model': 'b'\}.*unexpected: \{'model': 'a'\}"):
        unit_test(case)


def unit_test(case: Path) -> None:
    """Make the table that the case's folder is named after from the rows given; raise CheckFailed on any difference."""
    target = case.parent.name
    given = {path.stem: path for path in sorted((case / "given").iterdir())}
    variables = yaml.safe_load((case / "variables.yaml").read_text()) if (case / "variables.yaml").exists() else {}
    facts = {name: _rows(given[f"lake.{name}"], schema) for name, schema in SCHEMAS.items() if f"lake.{name}" in given}
    with workshop(facts, **{"now": datetime(2026, 1, 1, tzinfo=UTC), "snapshot": "test", **variables}) as con:
        graph = steps(con, folder("sql"))
        needed = ancestors(target, {name: step.needs for name, step in graph.items()})
        assert not (strangers := set(given) - needed - {f"lake.{name}" for name in SCHEMAS}), f"{case}: {strangers}"
        for name, step in graph.items():
            if name in needed:
                make_one(con, name, step)
            if name in given:
                con.register("given_rows", _rows(given[name], con.sql(f"FROM {name} LIMIT 0").to_arrow_table().schema))
                con.execute(f"DELETE FROM {name}; INSERT INTO {name} FROM given_rows")
        if broken := failures(con, graph[target]):
            raise CheckFailed(f"{case}:\n" + "\n".join(broken))
        call = (case / "call.sql").read_text() if (case / "call.sql").exists() else f"FROM {target}{graph[target].call}"
        _compare(case, con.sql(call).to_arrow_table())


def _compare(case: Path, actual: pa.Table) -> None:
    [path] = case.glob("expect.*")
    wanted = _rows(path, actual.schema)
    columns = _columns(path) or actual.schema.names
    expected, found = (sorted(map(_row, table.select(columns).to_pylist()), key=repr) for table in (wanted, actual))
    lines = [f"missing: {row}" for row in expected if found.count(row) < expected.count(row)]
    lines += [f"unexpected: {row}" for row in found if expected.count(row) < found.count(row)]
    if lines:
        raise CheckFailed("\n".join([f"{case}:", *lines]))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}


def _rows(path: Path, schema: pa.Schema) -> pa.Table:
    if path.suffix == ".csv":
        options = csv.ConvertOptions(column_types=schema, strings_can_be_null=True, include_missing_columns=True)
        return csv.read_csv(path, convert_options=options)
    rows = _parsed(path)
    assert not (strange := {key for row in rows for key in row} - set(schema.names)), f"{path}: no column {strange}"
    for field in schema:
        if pa.types.is_map(field.type):  # written as a mapping, which pyarrow takes as pairs alone
            rows = [row | {field.name: list(row[field.name].items())} if row.get(field.name) else row for row in rows]
    return pa.Table.from_pylist([{**dict.fromkeys(schema.names), **row} for row in rows], schema=schema)


def _columns(path: Path) -> list[str]:
    rows = csv.read_csv(path).to_pylist() if path.suffix == ".csv" else _parsed(path)
    return list(dict.fromkeys(key for row in rows for key in row))


def _parsed(path: Path) -> Rows:
    content = yaml.safe_load(path.read_text()) or []
    return [{**content["every"], **row} for row in content["rows"]] if isinstance(content, dict) else content
