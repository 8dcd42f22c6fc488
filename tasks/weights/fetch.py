"""Fetch files from the first places that hold them, and use none whose hash is another."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from standings.repository import RepositoryFile
from standings.weights import AnyPlace, FolderPlace, WeightsFile, WeightsManifest, source_of
from tasks.weights.cache import Cache
from tasks.weights.errors import Fault, NoWeights, Unusable
from tasks.weights.kept import bytes_in
from tasks.weights.places import obtain
from tasks.weights.staging import Report, staged_file, sweep
from tasks.weights.verified import hashes_of, holds, remember

AnyFile = WeightsFile | RepositoryFile
SCRATCH = ".hub"


def fetch(manifest: WeightsManifest, cache: Cache, report: Report) -> Path:
    """Return a folder of the cache that holds the manifest's files, each verified by its sha256.

    Places are tried in order; one that can't give a file, or gives other bytes, is named to `report` with the reason.
    Files of a folder place are linked, others copied. Safe to call from several processes. The folder is not evicted
    while `cache` uses it. Raises NoWeights, NoRoom.
    """
    folder = cache.root / "files" / manifest.sha256()[:16]
    with locked(folder, str(manifest.places[0]), cache, report):
        fill(folder, manifest.files, manifest.places, cache, report)
        shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    return folder


@contextmanager
def locked(folder: Path, name: str, cache: Cache, report: Report) -> Iterator[None]:
    """Use `folder`, and be the only process that writes it; what killed ones left is swept away first."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report(f"waiting for another process that writes {folder}")
        lock.acquire()
    try:
        cache.use(folder, name)
        sweep(folder)
        yield
    finally:
        lock.release()


def fill(folder: Path, files: Sequence[AnyFile], places: Sequence[AnyPlace], cache: Cache, report: Report) -> None:
    """Have the files in the folder, verified. Call it under its lock only. Raises NoWeights, NoRoom."""
    if not (lacking := _lacking(files, folder, report)):
        return
    if coming := sum(entry.bytes for entry in lacking if not _lies_in_folder(places, entry)):
        cache.make_room(folder, max(0, coming - bytes_in(folder / SCRATCH)), report)
    faults = _fill(folder, lacking, places, report)
    if lacking:
        raise NoWeights(lacking, faults)


def _lacking(files: Sequence[AnyFile], folder: Path, report: Report) -> list[AnyFile]:
    lacking = []
    for wanted in files:
        path = folder / wanted.file
        if holds(folder, wanted.file, wanted.hashes):
            continue
        if path.exists():
            report(f"{path}: its bytes have changed since they were verified; fetched again")
        lacking.append(wanted)
    return lacking


def _lies_in_folder(places: Sequence[AnyPlace], wanted: AnyFile) -> bool:
    """Tell whether the file can be linked, and so takes no room."""
    folders = [place for place in places if isinstance(place, FolderPlace)]
    return any(
        (Path(place.folder).expanduser() / (source_of(place, wanted.file) or wanted.file)).is_file()
        for place in folders
    )


def _fill(folder: Path, lacking: list[AnyFile], places: Sequence[AnyPlace], report: Report) -> list[Fault]:
    """Take what is lacking from each place in turn; `lacking` keeps what none had."""
    faults: list[Fault] = []
    for place in places:
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


def _take(place: AnyPlace, wanted: AnyFile, folder: Path, report: Report) -> None:
    """Get a file under another name, verify it, and only then give it its own."""
    with staged_file(folder / wanted.file) as part:
        obtain(place, wanted, part, folder / SCRATCH, report)
        if (size := part.stat().st_size) != wanted.bytes:
            raise Unusable(f"has {size:,} bytes, not {wanted.bytes:,}")
        found = hashes_of(part, wanted.hashes)
        for kind, wanted_hash in wanted.hashes.items():
            if found[kind] != wanted_hash:
                raise Unusable(f"its {kind} is {found[kind]}, not {wanted_hash}")
    remember(folder, {wanted.file: found})
