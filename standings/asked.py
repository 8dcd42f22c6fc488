"""Compare the cells that a registry and its suites ask for with those that the lake knows, a column at a time.

A registry of 10,000 models and 100 benchmarks asks for a million cells, of which a night changes a few. So cells are
compared as numbers, and a row and its job_id are made only of what is new, changed or gone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings.cells import Cells
from standings.coding import NONE, Column, counting
from standings.identity import canonical, job_id_of
from standings.registry import Model
from standings.suite import Benchmark, Suite
from standings.variants import Variant

Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """All cells of a registry and its suites: each benchmark of each variant, in the way that suits its kind."""

    benchmarks: Sequence[tuple[str, str, str]]  # suite, benchmark, benchmark_id
    variants: Sequence[tuple[str, str, str | None, str, str | None]]  # model, variant, variant_id, kind, blocked
    ways: Sequence[int]  # of each variant: variants that are asked alike share one
    protocols: Sequence[Sequence[str | None]]  # of each benchmark, of each way; None: the kind has none
    stamp: Row  # valid_from and known_from of what is new

    def row(self, benchmark: int, variant: int) -> Row:
        """Return a cell's row of `wanted`: the job that fills it, or why it can't be asked."""
        suite, name, benchmark_id = self.benchmarks[benchmark]
        model, variant_name, variant_id, kind, blocked = self.variants[variant]
        protocol = self.protocols[benchmark][self.ways[variant]]
        job = (
            job_id_of(variant=variant_id, benchmark=benchmark_id, protocol=protocol)
            if variant_id and protocol
            else None
        )
        return {
            "suite": suite,
            "benchmark": name,
            "benchmark_id": benchmark_id,
            "model": model,
            "variant": variant_name,
            "variant_id": variant_id,
            "job_id": job,
            "kind": kind,
            "protocol": protocol,
            "blocked": blocked or (None if protocol else no_protocol(kind)),
            "removed": False,
            **self.stamp,
        }

    def changes(self, known: Cells, suites: set[str], now: datetime) -> Iterator[Row]:
        """Yield the rows to append to `wanted`: cells that are new, changed, or gone from one of these suites.

        What decides is all but the job_id, which follows from the others.
        """
        if not known.rows.num_rows:
            yield from (self.row(*cell) for cell in self._cells())
            return
        places = benchmark, variant = self._places(known)
        here = pc.and_(pc.not_equal(benchmark, NONE), pc.not_equal(variant, NONE))
        differs = pc.and_(here, pc.invert(self._same(known, benchmark, variant)))
        for cell in _numbers(places, differs):
            yield self.row(*cell)
        if pc.sum(here).as_py() != len(self.benchmarks) * len(self.variants):
            width = len(self.variants)
            there = pc.add(pc.multiply(benchmark.cast(pa.int64()), width), variant).filter(here)
            every = counting(len(self.benchmarks) * width)
            for cell in every.filter(pc.invert(pc.is_in(every, value_set=there))).to_pylist():
                yield self.row(*divmod(cell, width))
        gone = pc.and_(pc.invert(here), pc.invert(known.held("removed")))
        if not pc.any(gone).as_py():
            return
        latest = known.rows if known.latest is None else known.rows.take(known.latest)
        for row in latest.filter(gone).to_pylist():
            if row["suite"] in suites:
                yield {**row, "removed": True, "valid_from": now.date(), "known_from": now}

    def _cells(self) -> Iterator[tuple[int, int]]:
        return ((one, other) for one in range(len(self.benchmarks)) for other in range(len(self.variants)))

    def _places(self, known: Cells) -> tuple[pa.Array, pa.Array]:
        """Return of each cell which benchmark and which variant it is of; NONE where it is asked no more."""
        benchmarks = {(suite, name): place for place, (suite, name, _) in enumerate(self.benchmarks)}
        variants = {(model, name): place for place, (model, name, *_) in enumerate(self.variants)}
        return (
            known.held_codes(known.benchmarks.numbered(benchmarks)),
            known.held_codes(known.variants.numbered(variants)),
        )

    def _same(self, known: Cells, benchmark: pa.Array, variant: pa.Array) -> pa.Array:
        """Say of each cell whether it is known as it is asked now; of one that is not asked, anything."""
        if not (self.benchmarks and self.variants):
            return pa.repeat(pa.scalar(False), len(benchmark))
        b, v = (pc.max_element_wise(place, 0) for place in (benchmark, variant))
        count = len(self.protocols[0])
        way = pc.add(pc.multiply(b, count), pa.array(self.ways, pa.int32()).take(v))
        kinds = {one: item[3] for item, one in zip(self.variants, self.ways, strict=True)}
        expected: dict[str, tuple[list[Any], pa.Array]] = {
            "benchmark_id": ([item[2] for item in self.benchmarks], b),
            "variant_id": ([item[2] for item in self.variants], v),
            "kind": ([item[3] for item in self.variants], v),
            "protocol": ([text for texts in self.protocols for text in texts], way),
        }
        same = pc.invert(known.held("removed"))
        for name, (values, places) in expected.items():
            column = Column(known.held(name))
            same = pc.and_(same, pc.equal(column.codes, column.code(values).take(places)))
        blocked = Column(known.held("blocked"))
        by_variant = blocked.code([item[4] for item in self.variants]).take(v)
        said = [None if text else no_protocol(kinds[at]) for texts in self.protocols for at, text in enumerate(texts)]
        by_way = blocked.code(said).take(way)
        right = pc.if_else(pc.equal(by_variant, NONE), by_way, by_variant)
        return pc.and_(same, pc.equal(blocked.codes, right))


def asked(
    benchmarks: Sequence[tuple[Suite, Benchmark]],
    variants: Sequence[tuple[Model, Variant]],
    identify: Callable[[Model, Variant], str | None],
    stamp: Row,
) -> Asked:
    """List what is asked. `benchmarks` are locked; `identify` returns a variant's id."""
    ways: dict[tuple[Any, ...], int] = {}
    examples: list[Variant] = []
    numbers = []
    for _, variant in variants:
        way = (variant.kind, variant.thinking, canonical(variant.template), variant.engine == "api")
        if way not in ways:
            ways[way] = len(ways)
            examples.append(variant)
        numbers.append(ways[way])
    return Asked(
        benchmarks=[(suite.suite, item.id, suite.benchmark_id(item)) for suite, item in benchmarks],
        variants=[
            (model.id, variant.name, identify(model, variant), variant.kind, model.blocked)
            for model, variant in variants
        ],
        ways=numbers,
        protocols=[[_protocol(suite, item, variant) for variant in examples] for suite, item in benchmarks],
        stamp=stamp,
    )


def no_protocol(kind: str) -> str:
    """Say why a kind can't be asked."""
    return f"the benchmark has no protocol for kind {kind}"


def _protocol(suite: Suite, benchmark: Benchmark, variant: Variant) -> str | None:
    name = benchmark.protocols.get(variant.kind)
    return variant.asked(suite.protocols[name]).canonical() if name else None


def _numbers(places: tuple[pa.Array, pa.Array], mask: pa.Array) -> Iterator[tuple[int, int]]:
    one, other = (place.filter(mask).to_pylist() for place in places)
    return zip(one, other, strict=True)
