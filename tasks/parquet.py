"""Write and read the facts' Parquet: one schema each, page checksums on, and nothing half right gets through."""

import pyarrow as pa
import pyarrow.parquet as pq

from standings.facts import SCHEMAS

_ROWS_PER_GROUP = 122_880  # DuckDB's own
_MANY = 1_000  # below it dictionaries and statistics are half of the bytes of a run's object, and serve nobody


class Faulty(Exception):
    """Say what is wrong with an object."""


def encode(name: str, table: pa.Table) -> bytes:
    """Write a fact table as Parquet bytes; the same rows give the same bytes under one version of pyarrow.

    Raises `ValueError` where the schema isn't exactly that of `standings.facts`.
    """
    # The columns' meanings stay out of the file: a better wording must not change a fact's bytes.
    schema = pa.schema(field.remove_metadata() for field in SCHEMAS[name])
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
        write_page_checksum=True,
        row_group_size=_ROWS_PER_GROUP,
        store_schema=False,
        use_dictionary=many,
        write_statistics=many,
    )
    body: bytes = sink.getvalue().to_pybytes()
    return body


def decode(name: str, body: bytes) -> pa.Table:
    """Read a fact table, every page checked; a nullable column that the file is too old to have is null.

    Raises `Faulty`, naming the column where there is one.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(body), page_checksum_verification=True)
        table = file.read(use_threads=False)
        table.validate(full=True)  # text that is no UTF-8 would raise only where somebody reads that cell
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Faulty(f"{name}: not readable as Parquet: {str(error).splitlines()[0]}") from error
    schema = SCHEMAS[name]
    if table.schema.equals(schema):
        return pa.Table.from_arrays(table.columns, schema=schema)
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
    for unknown in table.schema.names:
        if schema.get_field_index(unknown) < 0:
            raise Faulty(f"{name}.{unknown}: the column is not known; was it written by a newer version?")
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
