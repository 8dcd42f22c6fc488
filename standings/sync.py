"""Turn the registry and the suites into facts, and find which of them are new.

A refresh reads facts only, so everything that a view shows of a model or a benchmark stands here as it was.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from standings.facts import KEYS, SCHEMAS, table
from standings.identity import job_id, variant_id
from standings.licences import DeclaredLicence, Terms
from standings.lineage import declared, lineage_conditions, origin_base, origin_teacher
from standings.registry import Model, Registry
from standings.suite import Benchmark, Suite
from standings.variants import Variant

Row = dict[str, Any]
VERSIONED = {"valid_from", "known_from"}


def rows(registry: Registry, suites: Iterable[Suite], today: date, now: datetime) -> dict[str, list[Row]]:
    """Return the rows of `models`, `benchmarks` and `wanted` as the registry and these suites have them now."""
    stamp = {"removed": False, "known_from": now}
    variants = [(model, variant) for model in registry.models.values() for variant in model.variants]
    benchmarks = [(suite, benchmark) for suite in suites for benchmark in suite.benchmarks]
    locked = [(suite, benchmark) for suite, benchmark in benchmarks if suite.lock(benchmark)]
    return {
        "models": [
            model_row(registry, model, variant) | stamp | {"valid_from": model.valid_from or today}
            for model, variant in variants
        ],
        "benchmarks": [benchmark_row(suite, item) | stamp | {"valid_from": today} for suite, item in locked],
        "wanted": [
            wanted_row(suite, benchmark, model, variant) | stamp | {"valid_from": today}
            for suite, benchmark in locked
            for model, variant in variants
        ],
    }


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


def wanted_row(suite: Suite, benchmark: Benchmark, model: Model, variant: Variant) -> Row:
    """Return a cell's row of `wanted`: the job that fills it, or why it can't be asked."""
    name = benchmark.protocols.get(variant.kind)
    protocol = variant.asked(suite.protocols[name]) if name else None
    variant_hash, benchmark_hash = identify(model, variant), suite.benchmark_id(benchmark)
    job = (
        job_id(variant=variant_hash, benchmark=benchmark_hash, protocol=protocol.identity())
        if protocol and variant_hash
        else None
    )
    return {
        "suite": suite.suite,
        "benchmark": benchmark.id,
        "benchmark_id": benchmark_hash,
        "model": model.id,
        "variant": variant.name,
        "variant_id": variant_hash,
        "job_id": job,
        "kind": variant.kind,
        "protocol": protocol.canonical() if protocol else None,
        "blocked": model.blocked or (None if protocol else f"the benchmark has no protocol for kind {variant.kind}"),
    }


def changes(
    current: Mapping[str, list[Row]], known: Mapping[str, pa.Table], suites: Iterable[str], now: datetime, whole: bool
) -> dict[str, pa.Table]:
    """Return the rows to append to each table: entries that are new, changed, or gone.

    `suites` are those that `current` was made from. Where they are the `whole` registry, a suite that is known and not
    among them has left it, and so has all that it asked; else only they are compared, and what another suite asked for
    stays asked for. A limited suite is in no registry: what it asked for stays until it is compared itself.
    """
    asked = set(suites)
    if whole:
        asked |= {row["suite"] for row in known["benchmarks"].to_pylist() if row["document_limit"] is None}
    return {name: table(name, list(_changed(name, current[name], known[name], asked, now))) for name in current}


def _changed(name: str, current: list[Row], known: pa.Table, asked: set[str], now: datetime) -> Iterable[Row]:
    latest = _latest(name, known)
    here = {_key(name, row): row for row in current}
    for key, row in here.items():
        if key not in latest or _content(name, latest[key]) != _content(name, row):
            yield row
    for key, row in latest.items():
        is_asked = "suite" not in row or row["suite"] in asked
        if is_asked and key not in here and not row["removed"]:
            yield {**row, "removed": True, "valid_from": now.date(), "known_from": now}


def _key(name: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column] for column in KEYS[name])


def _content(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {column: row.get(column) for column in SCHEMAS[name].names if column not in VERSIONED}


def _latest(name: str, known: pa.Table) -> dict[tuple[Any, ...], Row]:
    ordered = sorted(known.to_pylist(), key=lambda row: row["known_from"])
    return {_key(name, row): row for row in ordered}
