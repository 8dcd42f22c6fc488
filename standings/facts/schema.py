"""Build an Arrow schema whose every column has its meaning."""

import pyarrow as pa

UTC = pa.timestamp("us", tz="UTC")


def schema(*fields: tuple[str, pa.DataType, str] | tuple[str, pa.DataType, str, bool]) -> pa.Schema:
    """Build a schema whose fields are required unless the fourth item says nullable."""
    return pa.schema(
        pa.field(name, kind, nullable=bool(rest and rest[0]), metadata={"meaning": meaning})
        for name, kind, meaning, *rest in fields
    )


NULLABLE = True
TEXT, INT, REAL, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
