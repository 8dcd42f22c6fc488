"""Read published numbers from a table, CSV or Parquet, one number a row. docs/import.md tells the columns."""

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from standings.importing.number import File, Number, Reading, Refused, as_date, as_float, as_int

REQUIRED = ("model", "benchmark", "metric", "value", "unit")
WHOLE = ("n", "n_correct", "document_limit", "shots")
OPTIONAL = {
    "evidence": "reported (the default) or measured_elsewhere",
    "organisation": "who made the model",
    "revision": "commit of the model",
    "task": "lm-eval's task, where it is one",
    "task_version": "its version",
    "filter": "lm-eval's filter",
    "higher_is_better": "true or false",
    "stderr": "standard error, in the unit",
    "n": "documents behind the value",
    "n_correct": "ones among them",
    "document_limit": "only so many first documents were asked",
    "shots": "examples in the prompt",
    "settings": "what else is known of how it was asked",
    "harness": "what measured it",
    "harness_version": "its version",
    "source": "address; else that of the import",
    "source_commit": "commit of the source",
    "date": "day, YYYY-MM-DD",
}
# What tells numbers apart: two rows that say the same here are versions of one number.
KEY = ("model", "revision", "benchmark", "task", "metric", "filter", "shots", "settings", "harness", "source", "date")
UNITS = {"share": "share", "percent": "percent", "": None}
TRUTHS = {"true": True, "false": False, "": None}


def read(file: File) -> Reading:
    """Read all rows. A wrong column or cell refuses the file, as half a table is worse than none."""
    table = as_text_table(file.body)
    require_columns(table.column_names)
    rows = [{name: (text or "").strip() for name, text in row.items()} for row in table.to_pylist()]
    return Reading(numbers=[number(place, row) for place, row in enumerate(rows, 1)])


def as_text_table(body: bytes) -> pa.Table:
    """Read every cell as text, so that both forms are checked by the same words."""
    if body.startswith(b"PAR1"):
        table = pq.read_table(pa.BufferReader(body))
        columns = [pa.array([written(cell) for cell in column.to_pylist()], pa.string()) for column in table.columns]
        return pa.Table.from_arrays(columns, names=table.schema.names)
    names = body.decode("utf-8-sig").splitlines()[0].split(",")
    as_strings = {name.strip().strip('"'): pa.string() for name in names}
    options = pc.ConvertOptions(column_types=as_strings, strings_can_be_null=False)
    try:
        return pc.read_csv(pa.BufferReader(body), convert_options=options)
    except pa.ArrowInvalid as error:
        raise Refused(f"is no CSV: {error}. Write one number a row, all rows with the header's columns.") from error


def written(cell: object) -> str:
    """Write a cell of Parquet as CSV would have it."""
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def require_columns(names: list[str]) -> None:
    """Refuse a table with a column missing, unknown or given twice."""
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in REQUIRED and name not in OPTIONAL]
    twice = sorted({name for name in names if names.count(name) > 1})
    for what, found in (("lacks", missing), ("has the unknown", unknown), ("has twice the", twice)):
        if found:
            raise Refused(f"{what} column {', '.join(found)}. docs/import.md lists the columns.")


def number(place: int, row: dict[str, str]) -> Number:
    """Turn one row into a number."""

    def refuse(column: str, right: str) -> Refused:
        return Refused(f"row {place}: {column} is '{row[column]}'; write {right}.")

    value = as_float(row["value"])
    if value is None:
        raise refuse("value", "a finite number")
    if not row["model"] or not row["benchmark"]:
        raise refuse("model" if not row["model"] else "benchmark", "a name")
    if row["unit"] not in UNITS:
        raise refuse("unit", "share, percent, or nothing where it is neither")
    for column in WHOLE:
        if row.get(column) and as_int(row[column]) is None:
            raise refuse(column, "a whole number, or nothing")
    if row.get("date") and as_date(row["date"]) is None:
        raise refuse("date", "a day as YYYY-MM-DD")
    if row.get("stderr") and as_float(row["stderr"]) is None:
        raise refuse("stderr", "a finite number, or nothing")
    if row.get("higher_is_better", "").lower() not in TRUTHS:
        raise refuse("higher_is_better", "true, false or nothing")
    evidence = row.get("evidence") or "reported"
    if evidence not in ("reported", "measured_elsewhere"):
        raise refuse("evidence", "reported or measured_elsewhere")
    return Number(
        place=("tidy", *(row.get(name, "") for name in KEY)),
        model_told=row["model"],
        benchmark_told=row["benchmark"],
        value=value,
        unit=UNITS[row["unit"]],  # type: ignore[arg-type]
        evidence=evidence,  # type: ignore[arg-type]
        organisation_told=row.get("organisation") or None,
        higher_is_better=TRUTHS[row.get("higher_is_better", "").lower()],
        stderr=as_float(row.get("stderr")),
        date=as_date(row.get("date")),
        n=as_int(row.get("n")),
        n_correct=as_int(row.get("n_correct")),
        document_limit=as_int(row.get("document_limit")),
        shots=as_int(row.get("shots")),
        revision=row.get("revision") or None,
        task=row.get("task") or None,
        task_version=row.get("task_version") or None,
        filter=row.get("filter") or None,
        metric=row.get("metric") or None,
        settings=row.get("settings") or None,
        harness=row.get("harness") or None,
        harness_version=row.get("harness_version") or None,
        source=row.get("source") or None,
        source_commit=row.get("source_commit") or None,
    )
