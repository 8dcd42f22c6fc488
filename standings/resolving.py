"""Join the registry's files with what was accepted of a hub: the files win field by field."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic import Field

from standings.discovery import is_written, organisation_of
from standings.faults import ROOT
from standings.licences import DeclaredLicence
from standings.registry import REVISION, LineageEdge, Model, Parameters, Registry
from standings.suite import Kind, Record

SEEN = "observation of"


class Observation(Record):
    """What a hub said of a model on one day, as far as a person or the policy accepted it."""

    model: str
    day: date
    commit: str | None = None  # at which the hub said so
    accepted_by: str | None = None  # a person, or policy
    revision: str | None = Field(None, pattern=REVISION)
    kind: Kind | None = None
    licence: DeclaredLicence | None = None
    parameters: Parameters | None = None
    lineage: tuple[LineageEdge, ...] = ()

    def __str__(self) -> str:
        """Say which observation it is, as `came_from` has it."""
        return f"{SEEN} {self.day}" + (f" at {self.commit[:12]}" if self.commit else "")


OBSERVED = ("revision", "kind", "licence", "parameters", "lineage")
Said = dict[str, tuple[Any, str]]  # field → what an observation says, and which one


class Resolved(Record):
    """A registry with its gaps filled, and where each field of each model came from."""

    registry: Registry
    came_from: dict[str, dict[str, str]]  # model's id → field → file, observation, or what it follows from
    unplaced: dict[str, str] = {}  # accepted models that can be no entry, and why

    @property
    def filled(self) -> dict[str, tuple[str, ...]]:
        """Return the models that an observation says something of, and the fields that it fills."""
        found = {
            name: tuple(field for field, where in fields.items() if where.startswith(SEEN))
            for name, fields in self.came_from.items()
        }
        return {name: fields for name, fields in found.items() if fields}


def resolve(yaml: Registry, observations: Iterable[Observation] = ()) -> Resolved:
    """Fill what the files leave blank from accepted observations, the latest first; the files win field by field.

    An accepted model that no file names becomes an entry; its organisation is that of its namespace.
    """
    models, came_from, unplaced = {}, {}, {}
    for name, model in yaml.models.items():
        models[name], came_from[name] = model, _stated(yaml, model)
    for name, said in _latest(observations).items():
        if name in yaml.models:
            models[name], filled = _filled(yaml.models[name], came_from[name], said)
        elif is_written(yaml, name):
            continue  # its entry has a fault, which is told where files are read
        elif reason := _unplaced(yaml, name, said):
            unplaced[name] = reason
            continue
        else:
            models[name], filled = _made(yaml, name, said)
        came_from[name] = came_from.get(name, {}) | filled
    for name, where in came_from.items():
        if where.get("lineage", "").startswith(SEEN):
            models[name] = models[name].model_copy(update={"lineage": _drawn(models, models[name])})
    return Resolved(registry=yaml.model_copy(update={"models": models}), came_from=came_from, unplaced=unplaced)


def _latest(observations: Iterable[Observation]) -> dict[str, Said]:
    seen: dict[str, Said] = {}
    for observation in sorted(observations, key=lambda item: item.day):
        for field in OBSERVED:
            if value := getattr(observation, field):
                by = f", accepted by {observation.accepted_by}" if field == "kind" and observation.accepted_by else ""
                seen.setdefault(observation.model, {})[field] = value, f"{observation}{by}"
    return seen


def _stated(yaml: Registry, model: Model) -> dict[str, str]:
    place = yaml.places.get(f"models/{model.id}")
    stated = (field for field in Model.model_fields if getattr(model, field) not in (None, ()))
    return dict.fromkeys(stated, place.file if place else ROOT)


def _filled(model: Model, stated: Mapping[str, str], said: Said) -> tuple[Model, dict[str, str]]:
    api = ("revision",) if model.access == "api" else ()
    used = {field: found for field, found in said.items() if field not in stated and field not in api}
    filled = model.model_copy(update={field: value for field, (value, _) in used.items()})
    return filled, {field: where for field, (_, where) in used.items()}


def _unplaced(yaml: Registry, name: str, said: Said) -> str | None:
    if organisation_of(yaml, name) is None:
        return f"'{name.partition('/')[0]}' is no namespace of an organisation in {ROOT}/organisations.yaml."
    lacking = [field for field in ("revision", "kind") if field not in said]
    return f"Nothing says its {' and '.join(lacking)}." if lacking else None


def _made(yaml: Registry, name: str, said: Said) -> tuple[Model, dict[str, str]]:
    organisation = organisation_of(yaml, name)
    derived = {
        "id": (name, said["revision"][1]),
        "name": (readable(name), "its id"),
        "organisation": (organisation, f"{ROOT}/organisations.yaml, by its namespace"),
        "access": ("weights", said["revision"][1]),
    }
    model = Model.model_validate({field: value for field, (value, _) in (derived | said).items()})
    return model, {field: where for field, (_, where) in (derived | said).items()} | {"variants": "its kind"}


def readable(name: str) -> str:
    """Make a name for readers of a model's id: `acme/Big-8B_v2` is Big 8B v2."""
    own = name.partition("/")[2]
    return own.replace("-", " ").replace("_", " ").strip() or own


def _drawn(models: Mapping[str, Model], model: Model) -> tuple[LineageEdge, ...]:
    """Keep the observed edges that close no circle; a parent that is no entry is outside, and its terms unknown."""
    return tuple(
        edge.model_copy(update={"outside": edge.outside or edge.parent not in models})
        for edge in model.lineage
        if not _descends(models, edge.parent, model.id)
    )


def _descends(models: Mapping[str, Model], name: str, ancestor: str) -> bool:
    """Say whether a model is, or carries the weights of, another."""
    seen: set[str] = set()
    queue = [name]
    while queue:
        found = queue.pop()
        if found == ancestor:
            return True
        if found not in seen and found in models:
            queue += [edge.parent for edge in models[found].lineage if edge.carries_weights]
        seen.add(found)
    return False
