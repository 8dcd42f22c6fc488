"""Say what is wrong in a file that people edit: where, what, and what would be right."""

from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from rapidfuzz import fuzz, process

from standings.suite import Record

ROOT = "registry"


class Fault(Record):
    """One fault of one field. A notice is something to know: the entry stands."""

    file: str
    entry: str | None = None
    field: str | None = None
    wrong: str
    right: str = ""
    line: int | None = None  # where the entry begins
    severity: Literal["error", "notice"] = "error"

    def __str__(self) -> str:
        said = f"{self.wrong} {self.right}".strip()
        return ": ".join(part for part in (self.file, self.entry, said) if part)


def nearest(given: str, known: Iterable[str]) -> str:
    """Suggest the known name that is most like the given one; empty where none is."""
    found = process.extractOne(given, list(known), scorer=fuzz.WRatio, processor=str.lower, score_cutoff=70)
    return f"Did you mean '{found[0]}'?" if found else ""


def not_known(what: str, given: str, known: Iterable[str], otherwise: str) -> dict[str, str]:
    """Word an unknown name and its remedy, as fields of a Fault."""
    return {"wrong": f"{what} '{given}' is not known.", "right": nearest(given, known) or otherwise}


def validation_faults(record: type[BaseModel], error: ValidationError, place: Mapping[str, Any]) -> list[Fault]:
    """Turn what pydantic found in one entry into faults; `place` gives file, entry and line."""
    return [_validation_fault(record, item, place) for item in error.errors(include_url=False)]


def _validation_fault(record: type[BaseModel], item: Any, place: Mapping[str, Any]) -> Fault:
    path, name = _path(item["loc"]), str(item["loc"][-1]) if item["loc"] else ""
    wrong, right = f"{path}: {item['msg']}, not {item['input']!r}.", ""
    if item["type"] == "extra_forbidden":
        fields = _fields(record, item["loc"][:-1])
        wrong = f"field '{path}' is not known."
        right = nearest(name, fields) or (f"Known are {', '.join(sorted(fields))}." if fields else "")
    elif item["type"] == "missing":
        wrong = f"{path} is missing."
        right = "Say where the fact comes from: an address or a citation." if name == "source" else ""
    elif item["type"] == "literal_error":
        choices = item["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        wrong = f"{path} '{item['input']}' is not one of {', '.join(choices)}."
        right = nearest(str(item["input"]), choices)
    elif item["type"] == "value_error":
        said = str(item["ctx"]["error"])
        wrong = f"{path}: {said}." if path else f"{said}."
    return Fault(**place, field=path or None, wrong=wrong, right=right)


def _path(loc: tuple[str | int, ...]) -> str:
    """Write a place in an entry as a reader writes it: variants[0].dtype."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _fields(record: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """List the fields of the record at a place in an entry; empty where it is no record."""
    for part in loc:
        if isinstance(part, int):
            continue
        field = record.model_fields.get(part)
        inner = _record_in(field.annotation) if field else None
        if inner is None:
            return []
        record = inner
    return [field.alias or name for name, field in record.model_fields.items()]


def _record_in(annotation: Any) -> type[BaseModel] | None:
    """Find the record in an annotation such as tuple[Variant, ...] or Licence | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, tuple, list, dict):
        return next((found for part in get_args(annotation) if (found := _record_in(part))), None)
    return None
