"""Say where lakes are: in folders, or in a bucket of SeaweedFS, straight or through a proxy that kills."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path

from benchmarks.survival.inflight import Killer, killer
from standings.address import Bucket
from tasks.cache import CACHE_LIMIT, CachedStore
from tasks.lake import Lake
from tasks.s3 import S3Store
from tasks.seaweed import BUCKET, serving
from tasks.store import FolderStore


class Folder:
    """Lakes in folders."""

    name = "folder"

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, name: str) -> Lake:
        """Open a lake by its name."""
        return Lake(FolderStore(self.root / name))

    @contextmanager
    def reader(self, name: str) -> Iterator[Lake]:
        """Open it as a reader does."""
        yield self.open(name)

    def copy(self, template: Path, name: str) -> None:
        """Make a lake as a template is: by links, as no file of a lake is ever written to again."""
        shutil.copytree(template, self.root / name, copy_function=os.link)

    def drop(self, name: str) -> None:
        """Take a lake away."""
        shutil.rmtree(self.root / name)


class Seaweed:
    """Lakes in a bucket."""

    name = "SeaweedFS"

    def __init__(self, endpoint: str, killing: Killer) -> None:
        self.endpoint, self.killing = endpoint, killing
        # Clients are made before the fork and connect after it: making one takes as long as a hundred requests.
        self._straight, self._through = (
            S3Store(Bucket(name=BUCKET, endpoint=it, attempts=4)) for it in (endpoint, killing.endpoint)
        )

    def open(self, name: str) -> Lake:
        """Open a lake by its name."""
        return _at(self._straight, name)

    def through(self, name: str) -> Lake:
        """Open it behind the proxy."""
        return _at(self._through, name)

    def at(self, endpoint: str, name: str) -> Lake:
        """Open it at another endpoint, as a worker does: with all the patience that is the default."""
        return Lake(S3Store(Bucket(name=BUCKET, endpoint=endpoint, prefix=f"{name}/")))

    @contextmanager
    def reader(self, name: str) -> Iterator[Lake]:
        """Open it as a reader does, who keeps what he fetched; this one has nothing yet."""
        with tempfile.TemporaryDirectory() as cache:
            yield Lake(CachedStore(self.open(name).store, Path(cache), CACHE_LIMIT))

    def copy(self, template: Path, name: str) -> None:
        """Put a template's objects. To be called in a fork."""
        there, here = self.open(name).store, FolderStore(template)
        for entry in here.list(""):
            there.create(entry.key, here.read(entry.key))

    def drop(self, name: str) -> None:
        """Leave it: the whole server goes in the end."""


Where = Folder | Seaweed


def _at(store: S3Store, name: str) -> Lake:
    other = copy(store)
    other.bucket = store.bucket.model_copy(update={"prefix": f"{name}/"})
    return Lake(other)


@contextmanager
def seaweed(folder: Path) -> Iterator[Seaweed]:
    """Serve a bucket, with the proxy before it, until the block ends."""
    with serving(folder) as server:
        os.environ |= server.environment
        with killer(server.endpoint) as killing:
            yield Seaweed(server.endpoint, killing)
