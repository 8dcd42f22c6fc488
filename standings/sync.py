"""Turn the registry and the suites into facts, and find which of them are new.

A refresh reads facts only, so everything that a view shows of a model or a benchmark stands here as it was.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from standings.asked import Asked, asked
from standings.cells import Cells
from standings.facts import KEYS, SCHEMAS, table
from standings.identity import variant_id
from standings.licences import DeclaredLicence, Terms
from standings.lineage import declared, lineage_conditions, origin_base, origin_teacher
from standings.registry import Model, Registry
from standings.suite import Benchmark, Suite
from standings.variants import Variant

Row = dict[str, Any]
VERSIONED = {"valid_from", "known_from"}
BATCH = 50_000  # rows that are in memory as rows: a first sync can ask for a million cells


class Current(NamedTuple):
    """What a registry and its suites have now."""

    models: list[Row]
    benchmarks: list[Row]
    wanted: Asked


def rows(registry: Registry, suites: Iterable[Suite], today: date, now: datetime) -> Current:
    """Return the rows of `models` and `benchmarks` as the registry and these suites have them now, and all cells."""
    stamp = {"removed": False, "known_from": now}
    variants = [(model, variant) for model in registry.models.values() for variant in model.variants]
    benchmarks = [(suite, benchmark) for suite in suites for benchmark in suite.benchmarks]
    locked = [(suite, benchmark) for suite, benchmark in benchmarks if suite.lock(benchmark)]
    return Current(
        models=[
            model_row(registry, model, variant) | stamp | {"valid_from": model.valid_from or today}
            for model, variant in variants
        ],
        benchmarks=[benchmark_row(suite, item) | stamp | {"valid_from": today} for suite, item in locked],
        wanted=asked(locked, variants, identify, {"valid_from": today, "known_from": now}),
    )


def identify(model: Model, variant: Variant) -> str | None:
    """Return the variant's id, or None where the entry pins nothing."""
    if model.pinned is None:
        return None
    return variant_id(
        model=model.id,
        revision=model.pinned,
        dtype=variant.dtype,
        engine=variant.engine,
        quantisation=variant.quantisation,
        reasoning=variant.reasoning,
        weights=weights_hash(variant),
    )


def weights_hash(variant: Variant) -> str | None:
    """Return the sha256 of the weights manifest where the weights are not the model's own repository."""
    return variant.weights.sha256() if variant.weights else None


def variant_columns(model: Model, variant: Variant) -> Row:
    """Return the columns that a variant has in `models` and in `run`."""
    return {
        "model": model.id,
        "revision": model.pinned,
        "variant": variant.name,
        "variant_id": identify(model, variant),
        "kind": variant.kind,
        "dtype": variant.dtype,
        "quantisation": variant.quantisation,
        "engine": variant.engine,
        "reasoning": variant.reasoning,
        "weights": weights_hash(variant),
    }


def model_row(registry: Registry, model: Model, variant: Variant) -> Row:
    """Return a variant's row of `models`, with origin, licence and lineage worked out."""
    organisation = registry.organisations[model.organisation]
    licence, licence_class = declared(registry, model.id)
    terms = registry.licences[licence].terms if licence else Terms()
    conditions = lineage_conditions(registry, model.id)
    parameters, shape = model.parameters, model.shape
    return {
        **variant_columns(model, variant),
        "is_primary": variant.primary,
        "name": model.name,
        "family": model.family,
        "organisation": organisation.id,
        "organisation_name": organisation.name,
        "origin": organisation.origin,
        "origin_countries": sorted(organisation.countries),
        "origin_name": organisation.origin_name,
        "origin_disputed": organisation.disputed,
        "origin_note": organisation.note,
        "origin_base": origin_base(registry, model.id),
        "origin_teacher": origin_teacher(registry, model.id),
        "access": model.access,
        "weights_note": variant.weights_note,
        "licence": licence or as_declared(model.licence),
        "licence_class": licence_class,
        "commercial_use": terms.commercial_use and terms.commercial_use.value,
        "user_cap": terms.user_cap and terms.user_cap.value,
        "excluded_territories": terms.excluded_territories and list(terms.excluded_territories.value),
        "naming_duty": terms.naming_duty and terms.naming_duty.value,
        "covers_outputs": terms.covers_outputs and terms.covers_outputs.value,
        "lineage_class": conditions.licence_class,
        "lineage_commercial_use": conditions.commercial_use,
        "lineage_differs": conditions.differs,
        "data_open": model.data_open and model.data_open.value,
        "code_open": model.code_open and model.code_open.value,
        "released": model.released and model.released.day,
        "total_b": parameters and parameters.total_b,
        "active_b": parameters and parameters.active_b,
        "blocked": model.blocked,
        "loaded_b": variant.loaded_b,
        "layers": shape and shape.layers,
        "kv_values": shape and shape.kv_values,
        "vocabulary": shape and shape.vocabulary,
    }


def as_declared(licence: DeclaredLicence | None) -> str | None:
    """Write a declaration that no licence of the registry matches, word for word."""
    if licence is None or licence.license is None:
        return None
    tag = licence.license if isinstance(licence.license, str) else ", ".join(licence.license)
    return f"{tag}/{licence.license_name}" if licence.license_name else tag


def benchmark_row(suite: Suite, benchmark: Benchmark) -> Row:
    """Return a benchmark's row of `benchmarks`."""
    lock = suite.lock(benchmark)
    assert lock is not None, f"{suite.suite}/{benchmark.id} is not locked"
    limit = benchmark.document_limit
    return {
        "suite": suite.suite,
        "benchmark": benchmark.id,
        "benchmark_id": suite.benchmark_id(benchmark),
        "task": benchmark.task,
        "title": benchmark.title,
        "category": benchmark.category,
        "metric": benchmark.score.metric,
        "filter": benchmark.score.filter,
        "chance": benchmark.chance,
        "documents": sum(min(task.documents, limit or task.documents) for task in lock.tasks.values()),
        "document_limit": limit,
        "epoch": benchmark.epoch,
        "released": benchmark.released,
        "licence": benchmark.licence,
    }


def changes(
    current: Current, known: Mapping[str, pa.Table], cells: Cells, suites: Iterable[str], now: datetime, whole: bool
) -> dict[str, pa.Table]:
    """Return the rows to append to each table: entries that are new, changed, or gone.

    `known` are `models` and `benchmarks`, `cells` the rows of `wanted`. `suites` are those that `current` was made
    from. Where they are the `whole` registry, a suite that is known and not among them has left it, and so has all that
    it asked; else only they are compared, and what another suite asked for stays asked for. A limited suite is in no
    registry: what it asked for stays until it is compared itself.
    """
    compared = set(suites)
    if whole:
        compared |= {row["suite"] for row in known["benchmarks"].to_pylist() if row["document_limit"] is None}
    changed = {
        "models": _changed("models", current.models, known["models"], compared, now),
        "benchmarks": _changed("benchmarks", current.benchmarks, known["benchmarks"], compared, now),
        "wanted": current.wanted.changes(cells, compared, now),
    }
    return {name: _table(name, iter(found)) for name, found in changed.items()}


def _table(name: str, found: Iterator[Row]) -> pa.Table:
    tables = [table(name, [])]
    while batch := list(islice(found, BATCH)):
        tables.append(table(name, batch))
    return pa.concat_tables(tables).combine_chunks()


def _changed(name: str, current: list[Row], known: pa.Table, asked: set[str], now: datetime) -> Iterator[Row]:
    """Yield entries that are new, changed or gone; compared column by column, as that makes no row of what is known."""
    columns = [column for column in SCHEMAS[name].names if column not in VERSIONED]
    keys, contents = (list(zip(*(known[it].to_pylist() for it in them), strict=True)) for them in (KEYS[name], columns))
    order = pc.sort_indices(known["known_from"].combine_chunks()).to_pylist()  # stable: of two at once the last holds
    latest = {keys[place]: place for place in order}
    here = set()
    for row in current:
        here.add(key := tuple(row[column] for column in KEYS[name]))
        if key not in latest or contents[latest[key]] != tuple(row.get(column) for column in columns):
            yield row
    for key, place in latest.items():
        if key not in here:
            [row] = known.slice(place, 1).to_pylist()
            is_asked = "suite" not in row or row["suite"] in asked
            if is_asked and not row["removed"]:
                yield {**row, "removed": True, "valid_from": now.date(), "known_from": now}
