"""Decide what a model inherits: conditions and origins along its lineage, and where declared licences differ."""

from collections.abc import Iterable

from standings.licences import LicenceClass, Terms, classify_declared
from standings.registry import LineageEdge, Organisation, Registry
from standings.suite import Record

# From most to least open. Nothing is less open than a plain no, so noncommercial stands after not knowing.
OPENNESS: tuple[LicenceClass, ...] = (
    "osi_approved",
    "content",
    "custom_permissive",
    "community",
    "undeclared",
    "unknown",
    "noncommercial",
)
Chain = tuple[str, ...]  # model ids from the release to the ancestor, both included


class Conditions(Record):
    """What holds for a release and all ancestors whose weights it carries; None where one of them is not known."""

    licence_class: LicenceClass  # the least open
    commercial_use: bool | None
    user_cap: bool | None
    excluded_territories: tuple[str, ...] | None
    naming_duty: bool | None
    covers_outputs: bool | None
    differs: bool  # an ancestor's class, which may be unknown, is not the release's


class Difference(Record):
    """A release that declares one class and an ancestor whose publisher declares another: a question, not a verdict."""

    model: str
    declared: str  # licence id, or the class where there is none
    declared_class: LicenceClass
    ancestor: str
    ancestor_declares: str
    ancestor_class: LicenceClass
    chain: Chain


class TeacherTerms(Record):
    """A teacher whose licence speaks of its outputs."""

    model: str
    teacher: str
    licence: str
    clause: str
    dated: str | None  # day of the licence's text
    chain: Chain


def less_open(one: LicenceClass, other: LicenceClass) -> bool:
    """Say whether the first class is less open than the second."""
    return OPENNESS.index(one) > OPENNESS.index(other)


def all_of(values: Iterable[bool | None]) -> bool | None:
    """Join permissions: any no is no, else any unknown is unknown."""
    given = list(values)
    return False if False in given else None if None in given else True


def any_of(values: Iterable[bool | None]) -> bool | None:
    """Join restrictions: any yes is yes, else any unknown is unknown."""
    given = list(values)
    return True if True in given else None if None in given else False


def ancestors(registry: Registry, model: str) -> dict[str, Chain]:
    """Return each ancestor whose weights the model carries, with the shortest chain to it.

    An ancestor that the registry does not hold is in it too. A cycle raises ValueError.
    """
    found: dict[str, Chain] = {}
    queue: list[Chain] = [(model,)]
    while queue:
        chain = queue.pop(0)
        for edge in _edges(registry, chain[-1]):
            if not edge.carries_weights:
                continue
            if edge.parent in chain:
                raise ValueError(f"lineage goes in a circle: {' → '.join((*chain, edge.parent))}")
            if edge.parent not in found:
                found[edge.parent] = (*chain, edge.parent)
                queue.append(found[edge.parent])
    return found


def lineage_conditions(registry: Registry, model: str) -> Conditions:
    """Join the licence of a release with those of the ancestors whose weights it carries."""
    family = [model, *ancestors(registry, model)]
    classes = [declared(registry, name)[1] for name in family]
    terms = [_terms(registry, name) for name in family]
    return Conditions(
        licence_class=max(classes, key=OPENNESS.index),
        commercial_use=all_of(_value(term, "commercial_use") for term in terms),
        user_cap=any_of(_value(term, "user_cap") for term in terms),
        excluded_territories=_excluded(terms),
        naming_duty=any_of(_value(term, "naming_duty") for term in terms),
        covers_outputs=any_of(_value(term, "covers_outputs") for term in terms),
        differs=any(other != classes[0] for other in classes[1:]),
    )


def declared(registry: Registry, model: str) -> tuple[str | None, LicenceClass]:
    """Return a model's licence id and class as declared; unknown where the registry does not hold the model."""
    entry = registry.models.get(model)
    if entry is None:
        return None, "unknown"
    return classify_declared(entry.licence, entry.access, registry.licences)


def origin_base(registry: Registry, model: str) -> str | None:
    """Join the origins of those whose weights a model carries; None where one of them is not known.

    A model without ancestors carries its own, if a source says that it was pretrained from nothing.
    """
    names = list(ancestors(registry, model))
    if not names and registry.models[model].pretrained:
        names = [model]
    return _join_origins(registry, names)


def origin_teacher(registry: Registry, model: str) -> str | None:
    """Join the origins of those whose outputs taught a model, or an ancestor whose weights it carries."""
    return _join_origins(registry, [chain[-1] for chain in _teachers(registry, model)])


def licence_differences(registry: Registry) -> list[Difference]:
    """List each release with an ancestor that declares another class; what is not recorded declares nothing."""
    found = []
    for model in registry.models:
        licence, licence_class = declared(registry, model)
        for ancestor, chain in ancestors(registry, model).items():
            other, other_class = declared(registry, ancestor)
            if _recorded(registry, model) and _recorded(registry, ancestor) and other_class != licence_class:
                found.append(
                    Difference(
                        model=model,
                        declared=licence or licence_class,
                        declared_class=licence_class,
                        ancestor=ancestor,
                        ancestor_declares=other or other_class,
                        ancestor_class=other_class,
                        chain=chain,
                    )
                )
    return found


def teacher_terms(registry: Registry, model: str) -> list[TeacherTerms]:
    """List the teachers of a model, or of its ancestors, whose licence speaks of outputs."""
    found = []
    for chain in _teachers(registry, model):
        licence, _ = declared(registry, chain[-1])
        record = registry.licences.get(licence or "")
        term = record and record.terms.covers_outputs
        if record and term and term.value:
            dated = record.dated.isoformat() if record.dated else None
            found.append(
                TeacherTerms(
                    model=model, teacher=chain[-1], licence=record.id, clause=term.clause, dated=dated, chain=chain
                )
            )
    return found


def _edges(registry: Registry, model: str) -> tuple[LineageEdge, ...]:
    entry = registry.models.get(model)
    return entry.lineage if entry else ()


def _teachers(registry: Registry, model: str) -> list[Chain]:
    carried = {model: (model,), **ancestors(registry, model)}
    chains = [
        (*chain, edge.parent)
        for name, chain in carried.items()
        for edge in _edges(registry, name)
        if not edge.carries_weights
    ]
    return list({chain[-1]: chain for chain in reversed(chains)}.values())[::-1]


def _terms(registry: Registry, model: str) -> Terms:
    licence, _ = declared(registry, model)
    return registry.licences[licence].terms if licence else Terms()


def _value(terms: Terms, name: str) -> bool | None:
    term = getattr(terms, name)
    return None if term is None else bool(term.value)


def _excluded(terms: list[Terms]) -> tuple[str, ...] | None:
    given = [term.excluded_territories for term in terms]
    excluded = sorted({code for item in given if item for code in item.value})
    return None if not excluded and None in given else tuple(excluded)


def _recorded(registry: Registry, model: str) -> bool:
    entry = registry.models.get(model)
    return entry is not None and entry.licence is not None


def _organisation(registry: Registry, model: str) -> Organisation | None:
    """Find who released a model: as its entry says or, where there is none, by the first part of its id."""
    if entry := registry.models.get(model):
        return registry.organisations.get(entry.organisation)
    namespace = model.partition("/")[0]
    return next((item for item in registry.organisations.values() if namespace in item.namespaces), None)


def _join_origins(registry: Registry, models: list[str]) -> str | None:
    countries: set[str] = set()
    for model in models:
        organisation = _organisation(registry, model)
        if organisation is None or not organisation.countries:
            return None
        countries.update(organisation.countries)
    return "+".join(sorted(countries)) or None
