"""Write every leaderboard table of a board as Parquet and CSV: equal rows give equal bytes.

The order of the rows is that of the table's SELECT, which names what makes a row unique; no clock and no path is in the
files. Lists, for which CSV has no word, become JSON in it; times are ISO 8601 in UTC, and unknown is empty.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from tasks import materialise

ROWS_PER_GROUP = 61_440  # half of DuckDB's own: three copies of a group are held, and a row of results has 1 KB


def export(board: Path, folder: Path) -> dict[str, int]:
    """Write `<table>.parquet` and `<table>.csv` into a folder; return the number of rows in each file."""
    counts: dict[str, int] = {}
    with materialise.tables(board, "leaderboard", ROWS_PER_GROUP) as found:
        for name, reader in found:
            count = _write(reader, folder / f"{name}.parquet", folder / f"{name}.csv")
            counts |= {f"{name}.parquet": count, f"{name}.csv": count}
    return counts


def _write(reader: pa.RecordBatchReader, parquet: Path, csv: Path) -> int:
    count, plain = 0, pa.schema([_plain_field(field) for field in reader.schema])
    with (
        pq.ParquetWriter(parquet, reader.schema, compression="zstd", write_page_checksum=True) as columns,
        pa_csv.CSVWriter(csv, plain) as lines,
    ):
        for table in _in_groups(reader):
            columns.write_table(table, row_group_size=ROWS_PER_GROUP)
            lines.write_table(pa.table([_plain(column) for column in table.columns], schema=plain))
            count += table.num_rows
    return count


def _in_groups(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Yield tables of one row group each: how the batches were cut must not show in the bytes."""
    held = reader.schema.empty_table()
    for batch in reader:
        held = pa.concat_tables([held, pa.Table.from_batches([batch])])
        while held.num_rows >= ROWS_PER_GROUP:
            yield held.slice(0, ROWS_PER_GROUP).combine_chunks()
            held = held.slice(ROWS_PER_GROUP)
    if held.num_rows:
        yield held.combine_chunks()


def _plain_field(field: pa.Field) -> pa.Field:
    is_text = pa.types.is_nested(field.type) or pa.types.is_timestamp(field.type)
    return pa.field(field.name, pa.string() if is_text else field.type)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_nested(column.type):
        told = [value if value is None else _json(*value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(told, pa.string())])
    return column


@lru_cache(4096, typed=True)
def _json(*texts: str) -> str:
    """Write a list; most rows of a table have one of few."""
    return json.dumps(texts, ensure_ascii=False)
