"""Make a folder of a model's own repository at its revision: the files that evaluation needs, each verified."""

import json
import shutil
from pathlib import Path

from standings.repository import Repository, RepositoryFile, Unloadable, foreign_code
from standings.weights import HubPlace
from tasks.weights import hub
from tasks.weights.cache import Cache
from tasks.weights.errors import NoRepository, NotLoadable, Unusable
from tasks.weights.fetch import SCRATCH, fill, locked
from tasks.weights.staging import Report, staged_file

LISTING = "listing.json"  # what the hub said of the commit, which never changes, so it is asked once


def fetch_repository(repository: Repository, cache: Cache, report: Report) -> Path:
    """Return a folder of the cache with config, tokenizer and weights, each verified by the hash the hub lists.

    Nothing is asked of the hub where all is there. Safe to call from several processes. The folder is not evicted
    while `cache` uses it. Raises NoRepository, NotLoadable, NoWeights, NoRoom.
    """
    place = repository.place
    folder = cache.root / "files" / repository.key()[:16]
    with locked(folder, f"{place.hub} at {place.revision[:12]}", cache, report):
        listing = _listing(repository, folder, report)
        try:
            index = repository.index(listing)
            if index is not None:
                fill(folder, [index], [place], cache, report)
            needed = repository.needed(listing, (folder / index.file).read_text() if index else None)
            if repository.remote_code:
                fill(folder, [entry for entry in needed if entry.file.endswith("config.json")], [place], cache, report)
                _refuse_foreign_code(place, folder)  # before the weights come
            fill(folder, needed, [place], cache, report)
        except Unloadable as error:
            raise NotLoadable(str(error)) from error
        shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    return folder


def _listing(repository: Repository, folder: Path, report: Report) -> tuple[RepositoryFile, ...]:
    path = folder / LISTING
    if not path.is_file():
        report(f"{repository.place}: asking for its files")
        try:
            found = hub.list_files(repository.place, report)
        except Unusable as error:
            raise NoRepository(str(error), gated=error.gated) from error
        with staged_file(path) as part:
            part.write_text(json.dumps([entry.model_dump(exclude_none=True) for entry in found], indent=1))
    return tuple(RepositoryFile.model_validate(entry) for entry in json.loads(path.read_text()))


def _refuse_foreign_code(place: HubPlace, folder: Path) -> None:
    """Code that the entry allows is the repository's own at the pinned commit; transformers would fetch other's too."""
    for path in sorted(folder.glob("*config.json")):
        if other := foreign_code(path.read_text()):
            raise NotLoadable(f"{path.name} of {place} takes code from {other}, at no pinned revision")
