"""Read a model repository's `.eval_results/*.yaml`, as https://huggingface.co/docs/hub/eval-results specifies it.

An entry has `dataset` (`id`, `task_id`, `revision`), `value`, and may have `date`, `source` (`url`, `name`, `user`,
`org`), `notes` and `verifyToken`. The file does not name its model: its repository does, by the path.
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import yaml

from standings.importing.marks import Mark
from standings.importing.number import File, Number, Reading, Refused, as_date, as_float, as_text, listed

FOLDER = ".eval_results"


def read(file: File) -> Reading:
    """Read all entries. Values stand as told: the format fixes no unit, and both 0.41 and 20.9 are in use."""
    model = model_of(file.name) or file.model
    if model is None:
        raise Refused(
            "does not say whose results it holds. Give --model, or keep the file at ORG/MODEL/.eval_results/."
        )
    reading = Reading()
    for place, listed_entry in enumerate(yaml.load(file.body, yaml.BaseLoader)):  # noqa: S506 — safe, and all text
        entry = listed_entry.get("data", listed_entry)  # as the Hub's API wraps it
        dataset = entry.get("dataset")
        value = as_float(entry.get("value"))
        if not isinstance(dataset, Mapping) or not as_text(dataset.get("id")) or value is None:
            said = listed_entry.get("error") or "it has no dataset.id, or its value is no number"
            reading.left_out.append(f"entry {place + 1}: {said}")
            continue
        reading.numbers.append(number(file, model, entry, dataset, value))
    return reading


def number(file: File, model: str, entry: Mapping[str, Any], dataset: Mapping[str, Any], value: float) -> Number:
    """Turn one entry into a number."""
    source = entry.get("source") or {}
    task, notes = as_text(dataset.get("task_id")), as_text(entry.get("notes"))
    return Number(
        place=("hub", model, PurePath(file.name).name, dataset["id"], task or "", notes or ""),
        model_told=model,
        benchmark_told=f"{dataset['id']}/{task}" if task else dataset["id"],
        evidence="reported",
        value=value,
        settings=listed(
            {
                "notes": notes,
                "dataset_revision": dataset.get("revision"),
                "source_name": source.get("name"),
                "source_owner": source.get("org") or source.get("user"),
            }
        ),
        source=as_text(source.get("url")),
        date=as_date(entry.get("date")),
        marks=frozenset({Mark.NOT_CHECKED} if entry.get("verifyToken") else ()),
    )


def model_of(name: str) -> str | None:
    """Return the model that a path names: ORG/MODEL/.eval_results/…, or the Hub's cache."""
    parts = PurePath(name).parts
    if FOLDER not in parts[:-1]:
        return None
    above = parts[: parts.index(FOLDER)]
    if cached := next((part for part in above if part.startswith("models--")), None):
        return "/".join(cached.split("--")[1:])
    return "/".join(above[-2:]) if len(above) >= 2 else None
