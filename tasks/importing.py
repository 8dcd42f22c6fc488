"""Import files of others: read them, say what each is, and append to the lake what it does not hold yet."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from standings.facts import table
from standings.importing.formats import Format
from standings.importing.matching import Known, Origin, Row, new, rows
from standings.importing.number import File, Refused
from standings.importing.pairing import samples_beside, stem_of_samples
from standings.importing.recognise import is_samples, read
from standings.suite import Record
from tasks.lake import Lake

SUFFIXES = {".json", ".jsonl", ".yaml", ".yml", ".csv", ".parquet"}


class Read(Record):
    """What became of one file."""

    file: str
    format: Format | None = None  # None where it was refused
    numbers: int = 0
    added: int = 0  # those that the lake did not hold
    left_out: tuple[str, ...] = ()  # what of it is no number, and why
    unmatched: tuple[str, ...] = ()  # names that are no id of the registry for certain
    refused: str | None = None


def import_files(
    lake: Lake,
    paths: Sequence[Path],
    known: Known,
    origin: Origin,
    now: datetime,
    *,
    forced: Format | None = None,
    model: str | None = None,
    write: bool = True,
) -> list[Read]:
    """Import files and folders. A file is taken whole or not at all; one that is refused stops no other.

    The same file again appends nothing. A number that its source has changed is appended as a new version of it.
    """
    held: list[Row] = lake.facts("reported")["reported"].to_pylist()
    told: list[Read] = []
    fresh: list[Row] = []
    for path in files(paths):
        try:
            chosen, found, left_out = read_file(path, known, origin, now, forced, model)
        except Refused as error:
            told.append(Read(file=str(path), refused=str(error)))
            continue
        added = new(found, [*held, *fresh])
        fresh += added
        names = sorted({row["model_told"] for row in found if row["model"] is None})
        said = {"numbers": len(found), "added": len(added), "left_out": tuple(left_out), "unmatched": tuple(names)}
        told.append(Read(file=str(path), format=chosen, **said))
    if write:
        lake.append("reported", table("reported", fresh))
    return told


def read_file(
    path: Path, known: Known, origin: Origin, now: datetime, forced: Format | None, model: str | None
) -> tuple[Format, list[Row], list[str]]:
    """Read one file, with lm-eval's sample files that lie beside it."""
    body = path.read_bytes()
    names = [item.name for item in path.parent.iterdir()]
    samples = tuple((task, (path.parent / name).read_bytes()) for task, name in samples_beside(path.name, names, body))
    file = File(str(path), body, hashlib.sha256(body).hexdigest(), model, samples)
    chosen, reading = read(file, forced)
    return chosen, rows(file, chosen, reading.numbers, known, origin, now), reading.left_out


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Go through files and folders in order; sample files are read with their results file."""
    seen: set[Path] = set()
    for path in paths:
        inside = sorted(item for item in path.rglob("*") if item.suffix in SUFFIXES) if path.is_dir() else [path]
        for item in inside:
            meant = results_of(item) or item
            if meant not in seen and meant.is_file():
                seen.add(meant)
                yield meant


def results_of(path: Path) -> Path | None:
    """Return the results file that a sample file belongs to, where it lies beside it."""
    if path.suffix != ".jsonl":
        return None
    with path.open("rb") as file:
        if not is_samples(file.readline()):
            return None
    beside = path.with_name(f"results_{stem_of_samples(path.name)}.json")
    return next((found for found in (beside, path.with_name("results.json")) if found.is_file()), None)
