"""Compare columns of text as numbers: a million rows name the same few thousand texts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

NONE, UNSEEN = -1, -2  # null; a text that the column has not


class Column:
    """A column of text, each text as its place among those that occur."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        whole = column.unify_dictionaries().combine_chunks()
        if isinstance(whole, pa.ChunkedArray):  # it has no chunk at all
            whole = pa.array([], whole.type)
        self.texts = whole.dictionary
        self.codes = pc.fill_null(whole.indices, NONE)

    def code(self, texts: Sequence[str | None]) -> pa.Array:
        """Return the numbers that these texts have in the column."""
        given = pa.array(texts, self.texts.type)
        found = pc.fill_null(pc.index_in(given, value_set=self.texts), UNSEEN)
        return pc.if_else(pc.is_null(given), NONE, found)

    def counts(self, codes: pa.Array) -> dict[str, int]:
        """Count each text among these codes of the column."""
        found = pc.value_counts(codes).to_pylist()
        return {self.texts[one["values"]].as_py(): one["counts"] for one in found if one["values"] != NONE}


def counting(count: int) -> pa.Array:
    """Return 0, 1, 2, … up to before `count`; from a range it takes fifty times as long."""
    return pc.indices_nonzero(pa.repeat(True, count)).cast(pa.int64())


def with_rows(coded: pa.Table, rows: pa.Table) -> pa.Table:
    """Append rows whose columns may not be coded."""
    columns = [
        rows[field.name].dictionary_encode()
        if pa.types.is_dictionary(field.type)
        else rows[field.name].cast(field.type)
        for field in coded.schema
    ]
    return pa.concat_tables([coded, pa.Table.from_arrays(columns, schema=coded.schema)]) if rows.num_rows else coded


def decoded(table: pa.Table) -> pa.Table:
    """Return the same with every text spelled out."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table[field.name].cast(field.type.value_type))
    return table


class Pairs:
    """Two columns of text, none null, each pair of texts as its place among those that occur."""

    def __init__(self, rows: pa.Table, one: str, other: str) -> None:
        self.columns = Column(rows[one]), Column(rows[other])
        left, right = self.columns
        self._width = max(len(right.texts), 1)
        coded = pc.add(pc.multiply(left.codes.cast(pa.int64()), self._width), right.codes).dictionary_encode()
        self.codes, self._pairs = coded.indices, coded.dictionary

    def __len__(self) -> int:
        """Count the pairs that occur."""
        return len(self._pairs)

    def texts(self) -> list[tuple[Any, Any]]:
        """Return the pairs by their number."""
        left, right = (column.texts.to_pylist() for column in self.columns)
        return [(left[pair // self._width], right[pair % self._width]) for pair in self._pairs.to_pylist()]

    def numbered(self, numbers: Mapping[tuple[str, str], int]) -> pa.Array:
        """Return of each row the number that its pair is given; NONE where it is given none."""
        given = pa.array([numbers.get(pair, NONE) for pair in self.texts()], pa.int32())
        return given.take(self.codes)
