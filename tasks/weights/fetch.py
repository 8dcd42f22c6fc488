"""Fetch the files of a manifest from the first places that hold them, and use none whose sha256 is another."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from standings.failure import REMEDIES, Reason
from standings.weights import AnyPlace, WeightsFile, WeightsManifest, source_of
from tasks.weights.places import Report, Unusable, obtain
from tasks.weights.staging import staged_file, sweep
from tasks.weights.verified import holds, remember, sha256_of

_SCRATCH = ".hub"


@dataclass(frozen=True)
class Fault:
    """Why one place did not give what was wanted."""

    place: str
    why: str
    gated: bool


class NoWeights(Exception):
    """Say that no place holds the right bytes, and why each doesn't."""

    def __init__(self, lacking: list[WeightsFile], faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        self.reason = Reason.GATED if any(fault.gated for fault in faults) else Reason.INFRASTRUCTURE
        remedy = "add a place that holds these bytes to the registry entry, or correct the sha256 there"
        if self.reason is Reason.GATED:
            remedy = REMEDIES[Reason.GATED]
        names = ", ".join(f"{entry.file} (sha256 {entry.sha256[:12]}…, {entry.bytes:,} bytes)" for entry in lacking)
        listed = [f"  {fault.place}: {fault.why}" for fault in faults] or ["  no place offers it"]
        super().__init__("\n".join([f"no place holds {names}:", *listed, f"Remedy: {remedy}."]))


def fetch(manifest: WeightsManifest, cache: Path, report: Report) -> Path:
    """Return a folder under `cache` that holds the manifest's files, each verified by its sha256.

    Places are tried in order; one that can't give a file, or gives other bytes, is named to `report` with the reason.
    Files of a folder place are linked, others copied. Safe to call from several processes. Raises NoWeights.
    """
    folder = cache / "files" / manifest.sha256()[:16]
    with locked(folder, report):
        lacking = _lacking(manifest, folder, report)
        faults = _fill(manifest, folder, lacking, report) if lacking else []
        if lacking:
            raise NoWeights(lacking, faults)
        shutil.rmtree(folder / _SCRATCH, ignore_errors=True)
    return folder


@contextmanager
def locked(folder: Path, report: Report) -> Iterator[None]:
    """Be the only process that writes `folder`; what killed ones left is swept away first."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report(f"waiting for another process that writes {folder}")
        lock.acquire()
    try:
        sweep(folder)
        yield
    finally:
        lock.release()


def _lacking(manifest: WeightsManifest, folder: Path, report: Report) -> list[WeightsFile]:
    lacking = []
    for wanted in manifest.files:
        path = folder / wanted.file
        if holds(folder, wanted.file, wanted.sha256):
            continue
        if path.exists():
            report(f"{path}: its bytes have changed since they were verified; fetched again")
        lacking.append(wanted)
    return lacking


def _fill(manifest: WeightsManifest, folder: Path, lacking: list[WeightsFile], report: Report) -> list[Fault]:
    """Take what is lacking from each place in turn; `lacking` keeps what none had."""
    faults: list[Fault] = []
    for place in manifest.places:
        for wanted in [entry for entry in lacking if source_of(place, entry.file) is not None]:
            report(f"{wanted.file}: from {place}")
            try:
                _take(place, wanted, folder, report)
            except Unusable as error:
                faults.append(Fault(str(place), f"{wanted.file}: {error}", error.gated))
                report(f"{place} is skipped: {wanted.file}: {error}")
                break  # the rest of this place would most likely fail in the same way, slowly
            lacking.remove(wanted)
    return faults


def _take(place: AnyPlace, wanted: WeightsFile, folder: Path, report: Report) -> None:
    """Get a file under another name, verify it, and only then give it its own."""
    with staged_file(folder / wanted.file) as part:
        obtain(place, wanted, part, folder / _SCRATCH, report)
        if (size := part.stat().st_size) != wanted.bytes:
            raise Unusable(f"has {size:,} bytes, not {wanted.bytes:,}")
        if (found := sha256_of(part)) != wanted.sha256:
            raise Unusable(f"its sha256 is {found}, not {wanted.sha256}")
    remember(folder, {wanted.file: wanted.sha256})
