"""Small registries for tests: each factory shows only what its caller names."""

from typing import Any

from standings.asked import asked
from standings.parsing import parse
from standings.registry import Model, Registry
from standings.suite import Benchmark, Suite
from standings.sync import identify
from standings.variants import Variant

ORGANISATIONS = {"acme": ["FR"], "beta": ["CN"], "many": []}
CLASSES = {
    "mit": "osi_approved",
    "cc-by-4.0": "content",
    "modified-mit": "custom_permissive",
    "llama3.3": "community",
    "cc-by-nc-4.0": "noncommercial",
}


def organisation(id: str = "acme", **fields: Any) -> dict[str, Any]:
    countries = ORGANISATIONS.get(id, ["US"])
    return {"id": id, "name": id, "countries": countries, "namespaces": [id], "source": "its own site"} | fields


def licence(id: str = "mit", **fields: Any) -> dict[str, Any]:
    known = CLASSES.get(id, "community")
    terms = {"commercial_use": {"value": known != "noncommercial", "clause": "section 1"}}
    tags = ["other/modified-mit"] if id == "modified-mit" else []
    given = {"id": id, "name": id, "class": known, "osi_approved": known == "osi_approved", "tags": tags}
    return given | {"source": "its own text", "terms": terms} | fields


def model(id: str = "acme/a", **fields: Any) -> dict[str, Any]:
    given = {"id": id, "name": id, "source": "its own card", "access": "weights", "kind": "base"}
    return given | {"revision": "a" * 40, "licence": {"license": "mit"}} | fields


def edge(parent: str, relation: str = "finetune", **fields: Any) -> dict[str, Any]:
    return {"parent": parent, "relation": relation} | fields


def documents(*models: dict[str, Any], **lists: Any) -> dict[str, Any]:
    """Return the files of a registry; models go to their namespace's file."""
    files: dict[str, Any] = {
        "organisations.yaml": [organisation(name) for name in ORGANISATIONS],
        "licences.yaml": [licence(name) for name in CLASSES],
    }
    files |= {f"{name}.yaml": entries for name, entries in lists.items()}
    for entry in models:
        owner = str(entry["id"]).partition("/")[0]
        empty = {"organisation": owner, "models": []}
        files.setdefault(f"models/{owner}.yaml", empty)["models"].append(entry)
    return files


def registry(*models: dict[str, Any], **lists: Any) -> Registry:
    """Make a registry that has no fault."""
    made, faults = parse(documents(*models, **lists))
    assert not faults, [str(fault) for fault in faults]
    return made


def cell(suite: Suite, benchmark: Benchmark, model: Model, variant: Variant) -> dict[str, Any]:
    """Return what a suite asks of one variant in one benchmark, as a row of `wanted`."""
    return asked([(suite, benchmark)], [(model, variant)], identify, {}).row(0, 0)
