"""The facts' Parquet: one schema each, nothing half right gets through."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from standings.facts import SCHEMAS
from standings.facts import table as fact_table
from tasks.parquet import Faulty, decode, encode
from tests.tasks import runs


def test_every_table_reads_back_as_it_was_written() -> None:
    one = runs.run()
    for name, table in (("scores", runs.scores(one)), ("samples", runs.samples(one))):
        back = decode(name, encode(name, table))
        assert back.equals(table)
        assert back.schema.equals(table.schema, check_metadata=True)
    for name, schema in SCHEMAS.items():
        assert decode(name, encode(name, schema.empty_table())).schema.equals(schema, check_metadata=True)


def test_the_same_rows_give_the_same_bytes_however_they_are_chunked() -> None:
    table = runs.samples(runs.run())
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert encode("samples", chunked) == encode("samples", table)


def test_a_column_that_an_old_file_lacks_is_null_where_it_may_be() -> None:
    table = runs.scores(runs.run())
    back = decode("scores", _write(table.drop_columns("stderr")))
    assert back["stderr"].null_count == 1
    assert back.schema.equals(SCHEMAS["scores"])


def test_a_wrong_schema_is_refused_by_the_columns_name() -> None:
    table = runs.scores(runs.run())
    retyped = table.set_column(table.schema.get_field_index("n"), pa.field("n", pa.float64(), False), pa.array([4.0]))
    for wrong, message in (
        (table.drop_columns("value"), r"scores\.value.*not there"),
        (table.append_column("colour", pa.array(["red"])), r"scores\.colour.*not known"),
        (retyped, r"scores\.n: the column is double"),
    ):
        with pytest.raises(Faulty, match=message):
            decode("scores", _write(wrong))
        with pytest.raises(ValueError, match="scores"):
            encode("scores", wrong)


def test_a_required_column_with_a_null_is_not_written() -> None:
    table = runs.scores(runs.run())
    place = table.schema.get_field_index("value")
    empty = table.set_column(place, table.schema.field(place), pa.array([None], pa.float64()))
    with pytest.raises(ValueError, match=r"scores\.value is required"):
        encode("scores", empty)


def test_no_flipped_byte_gives_another_number() -> None:
    table = runs.scores(runs.run())
    body = encode("scores", table)
    survived = 0
    for place in range(len(body)):
        flipped = bytearray(body)
        flipped[place] ^= 0x10
        try:
            read = decode("scores", bytes(flipped))
        except Faulty:
            continue
        survived += 1
        assert read.equals(table), place
    assert survived < len(body) / 2  # most are seen; the others lie in what says nothing of the rows


@pytest.mark.parametrize("body", [b"", b"PAR1", b"<html>502 Bad Gateway</html>", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_what_is_no_parquet_is_faulty(body: bytes) -> None:
    with pytest.raises(Faulty, match="not readable as Parquet"):
        decode("run", body)


def test_text_that_is_no_utf8_is_faulty() -> None:
    row = {"run_id": "r", "verdict": "cleared", "reason": "right", "who": "me", "decided_at": runs.NOON}
    right = fact_table("verdicts", [row])
    torn = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))
    place = right.schema.get_field_index("reason")
    with pytest.raises(Faulty, match="UTF8"):
        decode("verdicts", _write(right.set_column(place, right.schema.field(place), torn)))


def _write(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, store_schema=False, write_page_checksum=True)
    return sink.getvalue()
