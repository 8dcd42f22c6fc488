"""Write an accepted model as an entry of registry/models, for a person to review."""

from typing import Any

import yaml

from standings.registry import Model

FIELDS = ("id", "name", "source", "access", "kind", "revision", "licence", "parameters", "lineage")


def entry_text(model: Model, fields: tuple[str, ...] = FIELDS) -> str:
    """Return the file that holds the entry alone, one line a field; what is at its default is left out.

    The whole entry has the same variants, and so the same jobs, as the accepted model.
    """
    source = f"https://huggingface.co/{model.id}/tree/{model.revision}" if "source" in fields else ""
    given = {**model.model_dump(mode="json", exclude_defaults=True, include=set(fields)), "source": source}
    lines = []
    for field in (name for name in FIELDS if name in fields and name in given):
        if field == "lineage":
            lines += ["lineage:", *(f"  - {_flow(_without(edge, source))}" for edge in given[field])]
        else:
            lines.append(f"{field}: {_flow(_without(given[field], source))}")
    entry = "\n".join(f"    {line}" for line in lines)
    return f"organisation: {model.organisation}\nmodels:\n  - {entry.lstrip()}\n"


def _without(value: Any, source: str) -> Any:
    """Leave out what an entry's own source says of each of its facts."""
    if not isinstance(value, dict):
        return value
    return {key: item for key, item in value.items() if key != "source" or item != source}


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()
