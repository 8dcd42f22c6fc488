"""Hold one number as its source tells it."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from standings.importing.marks import Mark

Evidence = Literal["reported", "measured_elsewhere"]
Unit = Literal["share", "percent"]


class Refused(ValueError):
    """Say why a file is not read, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number, before anything of ours is laid beside it. What the source does not say is None."""

    place: tuple[str, ...]  # where in the source it stands; the same place read again is the same number
    model_told: str
    benchmark_told: str
    value: float
    evidence: Evidence
    metric: str | None = None
    filter: str | None = None
    unit: Unit | None = None
    higher_is_better: bool | None = None
    stderr: float | None = None
    n: int | None = None
    n_correct: int | None = None
    document_limit: int | None = None
    shots: int | None = None
    settings: str | None = None
    task: str | None = None
    task_version: str | None = None
    is_aggregate: bool | None = None
    organisation_told: str | None = None
    revision: str | None = None
    harness: str | None = None
    harness_version: str | None = None
    source: str | None = None
    source_commit: str | None = None
    date: datetime.date | None = None
    marks: frozenset[Mark] = frozenset()  # what only the reader of this format can know

    def require_storable(self) -> None:
        """Raise Refused where a field is not of the sort that the lake keeps; files of strangers hold anything."""
        for name in TEXTS:
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise Refused(f"says {value!r} for {name} of {self.benchmark_told!r}, which is no text. Correct it.")
            (value or "").encode()  # half a surrogate pair is text to JSON, and can't be written


TEXTS = (
    "model_told",
    "benchmark_told",
    "metric",
    "filter",
    "settings",
    "task",
    "task_version",
    "organisation_told",
    "revision",
    "harness",
    "harness_version",
    "source",
    "source_commit",
)
TOLD = tuple(item.name for item in fields(Number) if item.name not in ("place", "marks"))


@dataclass(slots=True)
class Reading:
    """What a file says: its numbers, and in sentences what of it is no number."""

    numbers: list[Number] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class File:
    """One file to read. `samples` are the bytes of lm-eval's sample files of the same evaluation."""

    name: str  # its path, as a person gave it
    body: bytes
    sha256: str
    model: str | None = None  # whose numbers they are, where a person said so
    samples: tuple[tuple[str, bytes], ...] = ()


Reader = Callable[[File], Reading]


def as_int(value: Any) -> int | None:
    """Return a whole number, or None where there is none: text such as `N/A`, a fraction, true."""
    number = as_float(value)
    # The lake keeps 64 bits.
    return int(number) if number is not None and abs(number) < 2**63 and number == int(number) else None


def as_float(value: Any) -> float | None:
    """Return a finite number, or None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if number - number == 0 else None  # neither NaN nor infinite


def as_date(value: Any) -> datetime.date | None:
    """Return the day of an ISO date or a Unix time; None for anything else."""
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    seconds = as_float(value)
    if seconds is not None and 1e9 < seconds < 1e10:  # 2001 to 2286
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date()
    try:
        return datetime.datetime.fromisoformat(str(value)).date()
    except ValueError:
        return None


def as_text(value: Any) -> str | None:
    """Return text, or None where nothing is said."""
    text = "" if value is None else str(value).strip()
    return text if text and text.lower() not in ("n/a", "unknown", "none", "null") else None


def listed(settings: Mapping[str, Any]) -> str | None:
    """Write settings as text, what is not set left out."""
    said = [f"{name}={value}" for name, value in settings.items() if value not in (None, "", [], {})]
    return "; ".join(said) or None
