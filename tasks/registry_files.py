"""Read the registry's YAML files. Anything that is not as it should be becomes a fault, with its file."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from standings.canary import FILE, CanaryPolicy
from standings.discovery import FILE as DISCOVERY
from standings.discovery import Policy
from standings.faults import ROOT, Fault, validation_faults
from standings.parsing import parse
from standings.registry import Registry
from standings.suite import Suite
from tasks.store import Store


class Located(dict[Any, Any]):
    """A mapping that knows the line it began at."""

    line: int


OBSERVATIONS = "facts/v1/hub_observations/"  # their keys in a lake
APART = ("canary.yaml", DISCOVERY)  # files that say what is done, and hold no entries of the registry

# libyaml's parser is ten times as fast, and not in every build of PyYAML.
Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(Safe):  # type: ignore[misc]  # the one of the two that is there
    """Safe YAML that refuses a key given twice, where YAML would let the last one win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, f"key '{key.value}' is given twice", key.start_mark)
            seen.add(key.value)
        made: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return made

    def construct_located(self, node: yaml.MappingNode) -> Any:
        made = Located()
        made.line = node.start_mark.line + 1
        yield made
        made.update(self.construct_mapping(node))


# YAML 1.1 reads Norway's code NO and the setting `reasoning: on` as true or false.
BOOLEAN = "tag:yaml.org,2002:bool"
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != BOOLEAN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(BOOLEAN, re.compile("^(true|false)$"), ["t", "f"])
Loader.add_constructor("tag:yaml.org,2002:map", Loader.construct_located)


def load(text: str) -> Any:
    """Read YAML; a fault in it raises yaml.YAMLError."""
    return yaml.load(text, Loader)  # noqa: S506 — a safe loader


def read(root: Path) -> tuple[Registry, list[Fault]]:
    """Read all but the suites: what is sound, and what is not."""
    files = [*(path for path in root.glob("*.yaml") if path.name not in APART), *root.glob("models/*.yaml")]
    documents, faults = {}, []
    for path in sorted(files):
        name = path.relative_to(root).as_posix()
        try:
            documents[name] = load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            faults.append(_syntax_fault(name, error))
    registry, found = parse(documents)
    return registry, faults + found


def _syntax_fault(name: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else None
    said = getattr(error, "problem", None) or "is not YAML"
    return Fault(file=f"{ROOT}/{name}", line=line, wrong=f"line {line}: {said}.")


def read_canary(root: Path) -> tuple[CanaryPolicy | None, list[Fault]]:
    """Read who is asked every night; None where nobody is."""
    path = root / "canary.yaml"
    if not path.exists():
        return None, []
    try:
        return CanaryPolicy.model_validate(load(path.read_text(encoding="utf-8"))), []
    except yaml.YAMLError as error:
        return None, [_syntax_fault(path.name, error)]
    except ValidationError as error:
        return None, validation_faults(CanaryPolicy, error, {"file": FILE, "entry": "canary", "line": None})


def anything_observed(store: Store) -> bool:
    """Say whether a lake knows anything of a hub; it loads nothing that reads facts."""
    return next(iter(store.list(OBSERVATIONS)), None) is not None


def read_policy(root: Path) -> tuple[Policy, list[Fault]]:
    """Read which releases of a hub come in; without the file, the policy's defaults."""
    path = root / DISCOVERY
    if not path.exists():
        return Policy(), []
    try:
        return Policy.model_validate(load(path.read_text(encoding="utf-8"))), []
    except yaml.YAMLError as error:
        return Policy(), [_syntax_fault(path.name, error)]
    except ValidationError as error:
        place = {"file": f"{ROOT}/{DISCOVERY}", "entry": None, "line": None}
        return Policy(), validation_faults(Policy, error, place)


def read_suites(root: Path) -> tuple[dict[str, Suite], list[Fault]]:
    """Read the suites with their locks, by name."""
    suites: dict[str, Suite] = {}
    faults: list[Fault] = []
    for path in sorted(root.glob("suites/*.yaml")):
        if path.name.endswith(".lock.yaml"):
            continue
        name, lock = path.relative_to(root).as_posix(), path.with_suffix(".lock.yaml")
        try:
            given = load(path.read_text(encoding="utf-8"))
            locks = load(lock.read_text(encoding="utf-8")) if lock.exists() else {}
            suites[path.stem] = Suite.model_validate({**given, "locks": locks})
        except yaml.YAMLError as error:
            faults.append(_syntax_fault(name, error))
        except ValidationError as error:
            faults += validation_faults(Suite, error, {"file": f"{ROOT}/{name}", "entry": path.stem, "line": None})
    return suites, faults
