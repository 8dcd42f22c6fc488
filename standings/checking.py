"""Find every fault of the registry at once: references that lead nowhere, facts that contradict, gaps to know of."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from standings import countries
from standings.faults import ROOT, Fault, nearest, not_known
from standings.licences import classify_declared
from standings.lineage import ancestors, less_open, licence_differences
from standings.registry import Model, Organisation, Registry
from standings.resolving import Resolved
from standings.suite import Suite

HUB_WORDS = ("other", "unknown")  # the hub's tags for a licence that is not in its list, or not known


def check(registry: Registry, suites: Mapping[str, Suite] | None = None) -> list[Fault]:
    """Return all faults that reading the files one by one can't find, by file and entry."""
    known = {kind: _ids(registry, kind) for kind in ("organisations", "models")}
    found = [
        *_organisation_faults(registry),
        *_country_faults(registry),
        *_licence_faults(registry),
        *(fault for model in registry.models.values() for fault in _model_faults(registry, known, model)),
        *_reviews(registry),
        *suite_faults(suites or {}),
    ]
    if not any(fault.field == "lineage" for fault in found):  # a circle has no ancestors to compare
        found += _questions(registry)
    return sorted(found, key=lambda fault: (fault.file, fault.line or 0))


def check_joined(yaml: Registry, joined: Resolved, suites: Mapping[str, Suite] | None = None) -> list[Fault]:
    """Check the registry with what was accepted of a hub. What only an observation brings about is a notice."""
    found = check(joined.registry, suites)
    faulty = joined.filled and any(fault.severity == "error" for fault in found)
    written = {str(fault) for fault in check(yaml, suites)} if faulty else {str(fault) for fault in found}
    notice = {"severity": "notice"}
    return [
        *(fault if str(fault) in written else fault.model_copy(update=notice) for fault in found),
        *(
            Fault(file="lake", entry=name, wrong=f"is accepted, and stays out: {why}", severity="notice")
            for name, why in joined.unplaced.items()
        ),
    ]


def suite_faults(suites: Mapping[str, Suite]) -> Iterator[Fault]:
    """Say which benchmark's lock is missing or stale, and which lock has no benchmark."""
    for name, suite in suites.items():
        file, remedy = f"{ROOT}/suites/{name}.yaml", f"Run: standings suite lock {name}"
        for benchmark in suite.benchmarks:
            lock, asked = suite.lock(benchmark), suite.metadata.get("documents")
            if lock is None:
                wrong = f"task '{benchmark.task}' has no lock."
                yield Fault(file=file, entry=benchmark.id, field="task", wrong=wrong, right=remedy)
            elif asked is not None and lock.documents != asked:
                wrong = f"the lock is stale: it holds {lock.documents} documents, and the suite asks {asked}."
                yield Fault(file=file, entry=benchmark.id, field="metadata.documents", wrong=wrong, right=remedy)
        for task in sorted(set(suite.locks) - {benchmark.task for benchmark in suite.benchmarks}):
            locks = file.replace(".yaml", ".lock.yaml")
            yield Fault(file=locks, entry=task, wrong="is locked, and the suite does not ask it.", right=remedy)


def _at(registry: Registry, kind: str, name: str) -> dict[str, Any]:
    place = registry.places.get(f"{kind}/{name}")
    return {"file": place.file if place else ROOT, "line": place.line if place else None, "entry": name}


def _ids(registry: Registry, kind: str) -> set[str]:
    """Return the ids of a kind, those of faulty entries included: one fault is not to bring forth others."""
    written = {place.removeprefix(f"{kind}/") for place in registry.places if place.startswith(f"{kind}/")}
    return written | set(getattr(registry, kind))


def _organisation_faults(registry: Registry) -> Iterator[Fault]:
    for name, organisation in registry.organisations.items():
        if organisation.disputed and not organisation.note:
            yield Fault(
                **_at(registry, "organisations", name),
                field="note",
                wrong="the origin is disputed and nothing says how.",
                right="Add a note.",
            )


def _country_faults(registry: Registry) -> Iterator[Fault]:
    """Check each country code, wherever one stands."""
    used: list[tuple[str, str, str, Iterable[str]]] = [
        ("organisations", name, "countries", item.countries) for name, item in registry.organisations.items()
    ]
    for name, grouping in registry.groupings.items():
        used += [("groupings", name, f"groups.{group}", codes) for group, codes in grouping.groups.items()]
    for name, licence in registry.licences.items():
        if excluded := licence.terms.excluded_territories:
            territories = [code for code in excluded.value if code != countries.EUROPEAN_UNION]
            used.append(("licences", name, "terms.excluded_territories", territories))
    for kind, name, field, codes in used:
        for code in codes:
            if not countries.known(code):
                meant = countries.suggest(code)
                right = f"Did you mean '{meant}'?" if meant else "Give an ISO 3166-1 alpha-2 code."
                at = _at(registry, kind, name)
                yield Fault(**at, field=field, wrong=f"country '{code}' is not known.", right=right)


def _licence_faults(registry: Registry) -> Iterator[Fault]:
    claimed: dict[str, str] = {}
    for name, licence in registry.licences.items():
        for form in licence.forms:
            if form in claimed:
                wrong = f"'{form}' already means '{claimed[form]}'."
                yield Fault(
                    **_at(registry, "licences", name), field="tags", wrong=wrong, right="Give it to one of them."
                )
            claimed[form] = name


def _model_faults(registry: Registry, known: Mapping[str, set[str]], model: Model) -> Iterator[Fault]:
    at = _at(registry, "models", model.id)
    organisation = registry.organisations.get(model.organisation)
    if model.organisation not in known["organisations"]:
        words = not_known(
            "organisation", model.organisation, known["organisations"], f"Add it to {ROOT}/organisations.yaml."
        )
        yield Fault(**at, field="organisation", **words)
    elif organisation:
        yield from _namespace_faults(at, model, organisation)
    yield from _declared_faults(registry, at, model)
    yield from _lineage_faults(registry, known["models"], at, model)
    yield from _weights_faults(at, model)
    yield from _reasoning_faults(at, model)
    if model.blocked:
        yield Fault(
            **at, field="revision", wrong=f"{model.blocked}: it is listed and can't be evaluated.", severity="notice"
        )


def _reviews(registry: Registry) -> Iterator[Fault]:
    """Tell what an entry says that a person must still decide."""
    for kind in ("organisations", "licences", "models"):
        for name, entry in getattr(registry, kind).items():
            if entry.review:
                yield Fault(
                    **_at(registry, kind, name), field="review", wrong=f"to decide: {entry.review}", severity="notice"
                )


def _questions(registry: Registry) -> Iterator[Fault]:
    """Ask where a release declares a more open class than an ancestor whose weights it carries."""
    for found in licence_differences(registry):
        if less_open(found.ancestor_class, found.declared_class):
            said = found.ancestor_declares
            theirs = f"is {said}" if said == found.ancestor_class else f"declares '{said}' ({found.ancestor_class})"
            wrong = f"declares '{found.declared}', and {found.ancestor}, whose weights it carries, {theirs}."
            yield Fault(**_at(registry, "models", found.model), field="licence", wrong=wrong, severity="notice")


def _namespace_faults(at: dict[str, Any], model: Model, organisation: Organisation) -> Iterator[Fault]:
    namespace = model.id.partition("/")[0]
    if namespace not in organisation.namespaces:
        wrong = f"'{namespace}' is no namespace of organisation '{organisation.id}'."
        yield Fault(
            **at, field="id", wrong=wrong, right=f"Add it in {ROOT}/organisations.yaml, or correct the organisation."
        )


def _declared_faults(registry: Registry, at: dict[str, Any], model: Model) -> Iterator[Fault]:
    if model.licence is None:
        if model.access == "weights":
            wrong = "no licence is recorded: it is shown as unknown."
            yield Fault(**at, field="licence", wrong=wrong, right="Give what the release declares.", severity="notice")
        return
    declared = model.licence
    tags = [declared.license] if isinstance(declared.license, str) else declared.license or ()
    known = {form for licence in registry.licences.values() for form in licence.forms if "/" not in form}
    unknown = [tag for tag in tags if tag.lower() not in known and tag.lower() not in HUB_WORDS]
    for tag in unknown:
        words = not_known("licence", tag, known, f"Add it to {ROOT}/licences.yaml.")
        yield Fault(**at, field="licence.license", **words)
    if not unknown and classify_declared(declared, model.access, registry.licences) == (None, "unknown"):
        said = " / ".join(filter(None, [*tags, declared.license_name]))
        wrong = f"licence '{said}' is not recognised, or in conflict with itself: it is shown as unknown."
        names = {form.removeprefix("other/") for licence in registry.licences.values() for form in licence.forms}
        misspelt = declared.license_name if tags == ["other"] else None
        right = nearest(misspelt, names) if misspelt else ""
        yield Fault(**at, field="licence", wrong=wrong, right=right, severity="notice")


def _weights_faults(at: dict[str, Any], model: Model) -> Iterator[Fault]:
    """A revision that is a file's hash is found in the files of the primary variant, which says where they lie."""
    given = (model.revision or "").removeprefix("sha256:")
    weights = model.primary.weights
    if given != model.revision and model.revision and given not in (weights.identity().values() if weights else ()):
        wrong = f"revision '{model.revision}' is no file of the primary variant's weights."
        yield Fault(**at, field="revision", wrong=wrong, right="Give that variant a weights manifest with this file.")


def _reasoning_faults(at: dict[str, Any], model: Model) -> Iterator[Fault]:
    """A variant that thinks must be asked as one that does: other protocols grade its thought as the answer."""
    for variant in model.variants:
        if variant.reasoning != "off" and variant.kind in ("base", "instruct"):
            wrong = f"thinks ({variant.reasoning}) and is asked as {variant.kind}: its thought would be its answer."
            right = "Write kind: reasoning, or reasoning: off."
            yield Fault(**at, field=f"variant '{variant.name}'", wrong=wrong, right=right)


def _lineage_faults(registry: Registry, known: set[str], at: dict[str, Any], model: Model) -> Iterator[Fault]:
    for index, edge in enumerate(model.lineage):
        if edge.parent not in known and not edge.outside:
            words = not_known("parent", edge.parent, known, "Add it to the registry, or write outside: true.")
            yield Fault(**at, field=f"lineage[{index}].parent", **words)
    try:
        ancestors(registry, model.id)
    except ValueError as error:
        yield Fault(**at, field="lineage", wrong=f"{error}.", right="Take out the edge that is not so.")
