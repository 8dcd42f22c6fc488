"""Turn what the registry's files hold into records, and every fault on the way into a sentence."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ValidationError

from standings.faults import ROOT, Fault, nearest, validation_faults
from standings.licences import Licence
from standings.registry import Grouping, Model, Organisation, Place, Registry

LISTS: dict[str, type[BaseModel]] = {"organisations": Organisation, "licences": Licence, "groupings": Grouping}
FACTS = ("licence", "released", "parameters", "data_open", "code_open", "pretrained", "lineage")
Entry = dict[str, Any]


def parse(documents: Mapping[str, Any]) -> tuple[Registry, list[Fault]]:
    """Make a registry of documents, by file name below registry/. An entry with a fault is left out and reported.

    A document's mappings may know the line that they began at, as an attribute `line`.
    """
    sources, faults = _sources(documents.get("sources.yaml") or {})
    records: dict[str, dict[str, Any]] = {"organisations": {}, "licences": {}, "groupings": {}, "models": {}}
    places: dict[str, Place] = {}
    for file, document in sorted(documents.items()):
        if file == "sources.yaml":
            continue
        kind, entries, found = _entries(file, document)
        faults += found
        record = LISTS.get(kind, Model)
        for entry in entries:
            name, place = _place(file, entry)
            key = f"{kind}/{name}"
            if key in places:
                first = f"{places[key].file}, line {places[key].line}"
                faults.append(
                    Fault(**place, field="id", wrong=f"id '{name}' is given twice.", right=f"First: {first}.")
                )
                continue
            places[key] = Place(file=place["file"], line=place["line"])
            expanded, found = _with_sources(entry, sources, place)
            faults += found
            try:
                records[kind][name] = record.model_validate(expanded)
            except ValidationError as error:
                faults += validation_faults(record, error, place)
    return Registry(**records, places=places), faults


def _sources(document: Any) -> tuple[dict[str, str], list[Fault]]:
    if isinstance(document, Mapping) and all(isinstance(said, str) for said in document.values()):
        return dict(document), []
    return {}, [Fault(file=f"{ROOT}/sources.yaml", wrong="does not map names to citations.")]


def _entries(file: str, document: Any) -> tuple[str, list[Entry], list[Fault]]:
    """Return a file's kind and its entries; a model's entry gets the organisation that stands at the top."""
    path = PurePosixPath(file)
    where = f"{ROOT}/{file}"
    kind = "models" if path.parent.name == "models" else path.stem
    if kind not in LISTS and kind != "models":
        return kind, [], [Fault(file=where, wrong="is no file of the registry.", right=nearest(path.stem, LISTS))]
    if kind != "models":
        given, top = document, {}
    elif isinstance(document, Mapping) and set(document) == {"organisation", "models"}:
        given, top = document["models"], {"organisation": document["organisation"]}
    else:
        return kind, [], [Fault(file=where, wrong="does not hold 'organisation:' and 'models:'.")]
    if not isinstance(given, list) or not all(isinstance(item, Mapping) for item in given):
        return kind, [], [Fault(file=where, wrong=f"{kind} is not a list of entries.")]
    if top and top["organisation"] != path.stem:
        right = f"Name the file {top['organisation']}.yaml."
        return (
            kind,
            _topped(given, top),
            [Fault(file=where, field="organisation", wrong="is not named after its organisation.", right=right)],
        )
    return kind, _topped(given, top), []


def _topped(entries: list[Entry], top: Entry) -> list[Entry]:
    for entry in entries:
        for key, value in top.items():
            entry.setdefault(key, value)
    return entries


def _place(file: str, entry: Entry) -> tuple[str, Entry]:
    line = getattr(entry, "line", None)
    name = str(entry.get("id") or f"the entry at line {line}")
    return name, {"file": f"{ROOT}/{file}", "entry": name, "line": line}


def _with_sources(entry: Entry, sources: Mapping[str, str], place: Entry) -> tuple[Entry, list[Fault]]:
    """Give each fact of a model the entry's own source where it has none, and write named sources out."""
    entry = dict(entry)
    if "organisation" in entry and (default := entry.pop("source", None)):
        for field in FACTS:
            given = entry.get(field)
            if isinstance(given, Mapping):
                entry[field] = {"source": default, **given}
            elif isinstance(given, list):
                entry[field] = [{"source": default, **item} if isinstance(item, Mapping) else item for item in given]
    faults: list[Fault] = []
    return _written_out(entry, sources, place, faults), faults


def _written_out(given: Any, sources: Mapping[str, str], place: Entry, faults: list[Fault]) -> Any:
    if isinstance(given, list):
        return [_written_out(item, sources, place, faults) for item in given]
    if not isinstance(given, Mapping):
        return given
    return {
        key: _citation(value, sources, place, faults)
        if key == "source"
        else _written_out(value, sources, place, faults)
        for key, value in given.items()
    }


def _citation(given: Any, sources: Mapping[str, str], place: Entry, faults: list[Fault]) -> Any:
    """Write a source out: a name in sources.yaml, an address, a citation, or a list of these."""
    if isinstance(given, list):
        return "; ".join(str(_citation(item, sources, place, faults)) for item in given)
    if not isinstance(given, str) or given in sources:
        return sources.get(given, given) if isinstance(given, str) else given
    if given and " " not in given and "://" not in given:
        right = nearest(given, sources) or f"Give an address, a citation, or a name in {ROOT}/sources.yaml."
        faults.append(Fault(**place, field="source", wrong=f"source '{given}' is not known.", right=right))
    return given
