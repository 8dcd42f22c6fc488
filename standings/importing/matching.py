"""Lay what we know beside told numbers: our model ids where they are certain, and what is in the way of comparing."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from standings.identity import digest
from standings.importing.marks import Mark
from standings.importing.number import TOLD, File, Number, Refused, as_float

Row = dict[str, Any]
COMMIT = re.compile(r"[0-9a-f]{40}|sha256:[0-9a-f]{64}")
# They say where and when a number was read, and nothing of it: another place does not make a new version.
OF_THE_READING = {"known_from", "file", "file_sha256", "source_commit"}


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry says at the time of an import."""

    revisions: Mapping[str, str | None]  # model id to its pinned revision
    aliases: Mapping[str, str] = field(default_factory=dict)  # name as told to model id, as a person declares it
    task_versions: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by lm-eval task, as suites lock them


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file is from, in a person's words."""

    source: str | None = None
    commit: str | None = None


def rows(file: File, format: str, numbers: Iterable[Number], known: Known, origin: Origin, now: datetime) -> list[Row]:
    """Return the rows of `reported` that a file's numbers come to, each place of it once.

    Raises Refused where no source is known, or where one place is said to have two numbers.
    """
    made: dict[str, Row] = {}
    for number in numbers:
        source = origin.source or number.source
        if source is None:
            raise Refused("does not say where its numbers are from. Say it with --source.")
        model = model_of(number, known)
        row = {
            **{name: getattr(number, name) for name in TOLD},
            "reported_id": digest(list(number.place)),
            "model": model,
            "comparability": sorted(marks(number, model, known)),
            "source": source,
            "source_commit": origin.commit or number.source_commit,
            "format": format,
            "file": file.name.rpartition("/")[2],
            "file_sha256": file.sha256,
            "known_from": now,
        }
        other = made.setdefault(row["reported_id"], row)
        if other["value"] != row["value"]:
            raise Refused(
                f"has two numbers for {row['model_told']}, {row['benchmark_told']}: {other['value']} and "
                f"{row['value']}. Tell them apart, by metric, shots or settings."
            )
    return list(made.values())


def new(rows: Iterable[Row], held: Iterable[Row]) -> list[Row]:
    """Return the rows that say something else than the latest version held of the same place."""
    latest: dict[str, Row] = {}
    for row in sorted(held, key=lambda row: row["known_from"]):
        latest[row["reported_id"]] = row
    return [row for row in rows if row["reported_id"] not in latest or differs(row, latest[row["reported_id"]])]


def differs(row: Row, held: Row) -> bool:
    """Tell whether a row says something else."""
    return any(row[name] != held[name] for name in row.keys() - OF_THE_READING)


def model_of(number: Number, known: Known) -> str | None:
    """Return the registry's id, or None where it is not certain: a name that is alike is no match."""
    model = known.aliases.get(number.model_told, number.model_told)
    if model not in known.revisions or Mark.OTHER_WEIGHTS in number.marks:
        return None
    named = number.revision
    if named is not None and not COMMIT.fullmatch(named):
        return None  # a branch or tag, such as a checkpoint halfway through training, may be any weights
    return model


def marks(number: Number, model: str | None, known: Known) -> set[Mark]:
    """Return what is in the way of comparing, from what is not said and what is said otherwise than ours."""
    found = set(number.marks)
    if number.shots is None:
        found.add(Mark.SHOTS_UNKNOWN)
    if number.harness is None:
        found.add(Mark.HARNESS_UNKNOWN)
    elif number.harness_version is None:
        found.add(Mark.HARNESS_VERSION_UNKNOWN)
    if number.unit is None:
        found.add(Mark.UNIT_UNKNOWN)
    if number.n is None:
        found.add(Mark.N_UNKNOWN)
    if number.revision is None or not COMMIT.fullmatch(number.revision):
        found.add(Mark.REVISION_UNKNOWN)
    elif model is not None and known.revisions[model] not in (None, number.revision):
        found.add(Mark.REVISION_DIFFERS)
    if number.task is not None:
        found |= version_marks(number, known)
    return found


def version_marks(number: Number, known: Known) -> set[Mark]:
    """Hold a task's version against those that the suites lock; a task that none locks is compared with nothing."""
    if number.task_version is None:
        return {Mark.TASK_VERSION_UNKNOWN}
    locked = known.task_versions.get(number.task or "", frozenset())
    told = as_float(number.task_version)
    same = any(version == number.task_version or (told is not None and as_float(version) == told) for version in locked)
    return set() if same or not locked else {Mark.TASK_VERSION_DIFFERS}
