"""Count what the registry holds: by family, access, licence class, and by what is known of an entry."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from standings.licences import classify_declared, is_open
from standings.parsing import FACTS
from standings.registry import Model, Registry

NO_FAMILY = "no family"


def summary(registry: Registry) -> dict[str, Any]:
    """Count the models, for a reader and for `standings check --json`."""
    models = list(registry.models.values())
    families: dict[str, list[Model]] = {}
    for model in models:
        families.setdefault(model.family or NO_FAMILY, []).append(model)
    largest_first = sorted(families, key=lambda name: (-len(families[name]), name))
    return {
        "organisations": len(registry.organisations),
        "licences": len(registry.licences),
        "groupings": len(registry.groupings),
        **counts(registry, models),
        "kind": dict(Counter(model.kind for model in models)),
        "organisation": dict(Counter(model.organisation for model in models)),
        "relation": dict(Counter(edge.relation for model in models for edge in model.lineage)),
        "with_release_date": sum(model.released is not None for model in models),
        "with_parameters": sum(model.parameters is not None for model in models),
        "with_lineage": sum(bool(model.lineage) for model in models),
        "families": {name: counts(registry, families[name]) for name in largest_first},
    }


def counts(registry: Registry, models: Sequence[Model]) -> dict[str, Any]:
    """Count some models by access, by declared licence, and by whether they are pinned, licensed and sourced."""
    classes = [classify_declared(model.licence, model.access, registry.licences)[1] for model in models]
    weights = [found for model, found in zip(models, classes, strict=True) if model.access == "weights"]
    not_known = sum(found in ("unknown", "undeclared") for found in weights)
    opened = sum(is_open(found) for found in weights)
    return {
        "models": len(models),
        "access": dict(Counter(model.access for model in models)),
        "licence_class": dict(Counter(classes)),
        "open": opened,  # weights under a class that counts as open
        "restricted": len(weights) - opened - not_known,
        "licence_not_known": not_known,  # weights whose licence is unknown or undeclared
        "behind_api": len(models) - len(weights),
        "with_revision": sum(model.pinned is not None for model in models),
        "with_licence": sum(model.licence is not None for model in models),
        "with_source": sum(_sourced(model) for model in models),
        "complete": sum(_complete(model) for model in models),
    }


def _sourced(model: Model) -> bool:
    """An entry without a fact has no source; each fact of one has its own."""
    return any(getattr(model, fact) for fact in FACTS)


def _complete(model: Model) -> bool:
    """Say whether revision, licence and source are there; a model behind an API releases nothing to license."""
    return model.pinned is not None and _sourced(model) and (model.licence is not None or model.access == "api")
