"""Write and read the facts' Parquet: one schema each, page checksums on, and nothing half right gets through."""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from standings.facts import SCHEMAS

_ROWS_PER_GROUP = 122_880  # DuckDB's own
_MANY = 1_000  # below it dictionaries and statistics are half of the bytes of a run's object, and serve nobody


class Faulty(Exception):
    """Say what is wrong with an object."""


class Newer(Faulty):
    """Say that an object has a column that this version does not know: a later one may read it."""


def encode(name: str, table: pa.Table, schema: pa.Schema | None = None, level: int | None = None) -> bytes:
    """Write a table as Parquet bytes; the same rows give the same bytes under one version of pyarrow.

    Raises `ValueError` where the schema isn't exactly the one given, or that of the fact table of this name.
    `level` is zstd's; more is smaller and slower.
    """
    # The columns' meanings stay out of the file: a better wording must not change a fact's bytes.
    schema = pa.schema(field.remove_metadata() for field in schema or SCHEMAS[name])
    wrong = _first_difference(table.schema, schema)
    if wrong:
        raise ValueError(f"{name}: {wrong}; build it with standings.facts.table({name!r}, rows)")
    for field in schema:
        if not field.nullable and table[field.name].null_count:
            raise ValueError(f"{name}.{field.name} is required and null in {table[field.name].null_count} rows")
    sink = pa.BufferOutputStream()
    bare = pa.Table.from_arrays(table.combine_chunks().columns, schema=schema)
    many = table.num_rows > _MANY
    pq.write_table(
        bare,
        sink,
        compression="zstd",
        compression_level=level,
        write_page_checksum=True,
        row_group_size=_ROWS_PER_GROUP,
        store_schema=False,
        use_dictionary=many,
        write_statistics=many,
    )
    body: bytes = sink.getvalue().to_pybytes()
    return body


def decode(name: str, body: bytes, schema: pa.Schema | None = None) -> pa.Table:
    """Read a table, every page checked; a nullable column that the file is too old to have is null.

    Raises `Faulty`, naming the column where there is one, or `Newer`.
    """
    with _told(name):
        return _conformed(name, _open(body).read(use_threads=False), schema or SCHEMAS[name])


def columns_of(name: str, path: Path, schema: pa.Schema) -> tuple[tuple[str, ...], int]:
    """Return a file's columns and its number of rows, from its footer; raises as `decode` does."""
    with _told(name), pq.ParquetFile(path) as file:
        _conformed(name, file.schema_arrow.empty_table(), schema)
        return tuple(file.schema_arrow.names), file.metadata.num_rows


def read_column(path: Path, column: str) -> pa.ChunkedArray:
    """Read one column of a file, every page checked."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read([column], use_threads=False)[column]


def decode_narrow(
    name: str, body: bytes, schema: pa.Schema | None = None, *, without: Collection[str] = (), coded: Sequence[str] = ()
) -> pa.Table:
    """Read a table as `decode` does, but columns `without` as null, and those `coded` as dictionaries: each text once.

    A million rows that name the same few thousand texts are read in a third of the time and a tenth of the memory.
    """
    schema = schema or SCHEMAS[name]
    with _told(name):
        _conformed(name, _open(body).schema_arrow.empty_table(), schema)
        file = pq.ParquetFile(pa.BufferReader(body), page_checksum_verification=True, read_dictionary=list(coded))
        names = [column for column in file.schema_arrow.names if column not in without]
        table = file.read(names, use_threads=file.metadata.num_rows > _ROWS_PER_GROUP)
        table.validate(full=True)
        return pa.table(
            [table[field.name] if field.name in names else pa.nulls(table.num_rows, field.type) for field in schema],
            names=schema.names,
        )


class Slices:
    """Cut rows out of a file, reading no more of it than has to be. Safe to use from several threads."""

    def __init__(self, name: str, body: bytes, schema: pa.Schema) -> None:
        self.name, self.schema = name, schema
        with _told(name):
            self._file = _open(body)
        counts = [self._file.metadata.row_group(number).num_rows for number in range(self._file.num_row_groups)]
        self._ends = list(accumulate(counts))
        self._last: tuple[int, pa.Table] | None = None  # who reads run by run finds the next in the same group
        self._lock = threading.Lock()

    def rows(self, start: int, stop: int) -> pa.Table:
        """Return the rows from `start` to before `stop`, of which there is at least one."""
        with self._lock, _told(self.name):
            groups = range(bisect_right(self._ends, start), bisect_left(self._ends, stop) + 1)
            before = self._ends[groups[0] - 1] if groups[0] else 0
            return pa.concat_tables([self._group(number) for number in groups]).slice(start - before, stop - start)

    def _group(self, number: int) -> pa.Table:
        if self._last is None or self._last[0] != number:
            table = self._file.read_row_group(number, use_threads=False)
            self._last = number, _conformed(self.name, table, self.schema)
        return self._last[1]


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Faulty(f"{name}: not readable as Parquet: {str(error).splitlines()[0]}") from error


def _open(body: bytes) -> pq.ParquetFile:
    return pq.ParquetFile(pa.BufferReader(body), page_checksum_verification=True)


def _conformed(name: str, table: pa.Table, schema: pa.Schema) -> pa.Table:
    table.validate(full=True)  # text that is no UTF-8 would raise only where somebody reads that cell
    if table.schema.equals(schema):
        return pa.Table.from_arrays(table.columns, schema=schema)
    for unknown in table.schema.names:
        if schema.get_field_index(unknown) < 0:
            raise Newer(f"{name}.{unknown}: the column is not known; was it written by a newer version?")
    columns = []
    for field in schema:
        place = table.schema.get_field_index(field.name)
        if place >= 0:
            _require_same(name, table.schema.field(place), field)
            columns.append(table.column(place))
        elif field.nullable:
            columns.append(pa.nulls(table.num_rows, field.type))
        else:
            raise Faulty(f"{name}.{field.name}: the column is required and not there")
    return pa.Table.from_arrays(columns, schema=schema)


def _require_same(name: str, found: pa.Field, field: pa.Field) -> None:
    if found.type != field.type:
        raise Faulty(f"{name}.{field.name}: the column is {found.type}, and must be {field.type}")
    if found.nullable and not field.nullable:
        raise Faulty(f"{name}.{field.name}: the column is nullable, and is required")


def _first_difference(found: pa.Schema, schema: pa.Schema) -> str | None:
    if found.names != schema.names:
        odd = sorted(set(found.names) ^ set(schema.names))
        return f"columns differ: {', '.join(odd)}" if odd else "columns are in another order"
    for mine, right in zip(found, schema, strict=True):
        if mine.type != right.type or mine.nullable != right.nullable:
            return f"{right.name} is {mine}, and must be {right}"
    return None
