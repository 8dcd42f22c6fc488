"""Tell the cells that plainly have their number, or have gone, from those about which SQL must be asked.

What becomes of a cell follows from its own rows of `wanted` and from the runs of its own jobs. So the others can be
left out of what sql/model/job_state.sql reads, and it says of those that are left what it would say of them among all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from standings.coding import Column, Pairs, counting, with_rows


@dataclass(frozen=True)
class Cells:
    """Rows of `wanted`, coded: all versions of each cell (a suite's benchmark of a variant)."""

    rows: pa.Table

    @cached_property
    def benchmarks(self) -> Pairs:
        """Code suite and benchmark."""
        return Pairs(self.rows, "suite", "benchmark")

    @cached_property
    def variants(self) -> Pairs:
        """Code model and variant."""
        return Pairs(self.rows, "model", "variant")

    @cached_property
    def numbers(self) -> pa.Array:
        """Number the cells: two rows have the same where they are of the same one."""
        return pc.add(
            pc.multiply(self.benchmarks.codes.cast(pa.int64()), max(len(self.variants), 1)), self.variants.codes
        )

    @cached_property
    def latest(self) -> pa.Array | None:
        """Return the place of each cell's row that was known last, of several at once the last; None: of every row."""
        order, numbers = None, self.numbers
        known = self.rows["known_from"].combine_chunks().cast(pa.int64())
        if pc.any(pc.less(pc.pairwise_diff(known), 0)).as_py():
            order = pc.sort_indices(known).cast(pa.int64())  # stable
            numbers = numbers.take(order)
        if pc.count_distinct(numbers).as_py() == len(numbers):
            return None
        places = pa.table({"cell": numbers, "place": counting(len(numbers))})
        last = places.group_by("cell", use_threads=False).aggregate([("place", "max")])["place_max"].combine_chunks()
        return last if order is None else order.take(last)

    def held(self, name: str) -> pa.ChunkedArray:
        """Return a column of the latest rows."""
        return self.rows[name] if self.latest is None else self.rows[name].take(self.latest)

    def held_codes(self, codes: pa.Array) -> pa.Array:
        """Return of what is coded of all rows that of the latest."""
        return codes if self.latest is None else codes.take(self.latest)

    def plus(self, rows: pa.Table) -> "Cells":
        """Return these and more rows, which need not be coded."""
        return Cells(with_rows(self.rows, rows)) if rows.num_rows else self

    def within(self, suites: Sequence[str], models: Sequence[str] | None) -> "Cells":
        """Return the cells of some suites and models; None is all models."""
        rows = self.rows
        for name, texts in (("suite", suites), ("model", models)):
            if texts is not None and rows.num_rows:
                column = Column(rows[name])
                mask = pc.is_in(column.codes, value_set=column.code(list(texts)))
                if not pc.all(mask).as_py():
                    rows = rows.filter(mask)
        return self if rows is self.rows else Cells(rows)


class Sorted(NamedTuple):
    """Cells that are asked for, sorted out."""

    open: pa.Table  # all rows of `wanted` of the cells that SQL must be asked about
    counted: dict[str, int]  # of the others, which have their number: by variant_id

    @property
    def jobs(self) -> pa.Array:
        """Return the jobs of the open cells, those of older versions too."""
        return pc.drop_null(self.open["job_id"].combine_chunks()).unique()


def sort_out(cells: Cells, lacking: Callable[[pa.Table], pa.Array]) -> Sorted:
    """Sort cells out. `lacking` returns the places, in a table of job_id, of those null or not plainly counted."""
    jobs, removed = cells.held("job_id"), cells.held("removed")
    tied = _tied(cells)
    asked = None  # places of the cells that are asked for; None: all
    if tied is not None or pc.any(removed).as_py():
        either = pc.invert(removed) if tied is None else pc.or_(pc.invert(removed), tied)
        asked = pc.indices_nonzero(either).cast(pa.int64())
        jobs = (jobs if tied is None else pc.if_else(tied, pa.scalar(None, pa.string()), jobs)).take(asked)
    left = lacking(pa.table({"job_id": jobs}))
    done = pc.invert(pc.is_in(counting(len(jobs)), value_set=left)) if len(left) else None
    variants = Column(cells.held("variant_id"))
    codes = variants.codes if asked is None else variants.codes.take(asked)
    counted = variants.counts(codes if done is None else codes.filter(done))
    if not len(left):
        return Sorted(open=cells.rows.slice(0, 0), counted=counted)
    open_places = left if asked is None else asked.take(left)
    numbers = cells.held_codes(cells.numbers).take(open_places)
    return Sorted(open=cells.rows.filter(pc.is_in(cells.numbers, value_set=numbers)), counted=counted)


def _tied(cells: Cells) -> pa.Array | None:
    """Say of each cell whether another of its rows was known at the same time: which one holds, SQL decides."""
    if cells.latest is None:
        return None
    count, numbers = len(cells.numbers), cells.numbers
    others = pc.indices_nonzero(pc.invert(pc.is_in(counting(count), value_set=cells.latest)))
    known = cells.rows["known_from"].combine_chunks()
    place = pc.index_in(numbers.take(others), value_set=numbers.take(cells.latest))
    same = pc.equal(known.take(others), known.take(cells.latest).take(place))
    return pc.is_in(pa.array(range(len(cells.latest)), pa.int32()), value_set=place.filter(same))
