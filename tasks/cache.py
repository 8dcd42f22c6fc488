"""Keep a bucket's immutable objects in a folder of this machine, so that each is fetched once.

A copy is there whole or not at all, and is verified each time it is read: its name says the sha256 of its bytes. What a
pointer or a listing says is always asked of the bucket.
"""

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tasks.store import Body, Entry, Store

# Keys that are written once, and read more than once.
KEPT = ("inbox/", "admissions/", "facts/", "compacted/")
CACHE_LIMIT = 10 * 2**30  # bytes
ABANDONED = 3_600  # seconds, after which a part is of a process that was killed
ROOM = 0.8  # of the limit, to which the oldest copies are deleted once it is passed


class CachedStore:
    """Read immutable objects through a folder; all else goes to the store."""

    def __init__(self, store: Store, folder: Path, limit: int) -> None:
        """Touch nothing yet; `limit` is in bytes."""
        self.store, self.folder, self.limit = store, folder, limit
        self._known: dict[str, Path] | None = None  # hash of the key to its copy
        self._size = 0
        self._lock = threading.Lock()

    def create(self, key: str, body: Body) -> None:
        """Put an object, as the store does."""
        self.store.create(key, body)

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        """List keys, as the store does."""
        return self.store.list(prefix, after)

    def swap(self, key: str, body: bytes, expected: bytes | None) -> None:
        """Replace an object, as the store does."""
        self.store.swap(key, body, expected)

    def delete(self, key: str) -> None:
        """Delete an object, as the store does."""
        self.store.delete(key)

    def read(self, key: str) -> bytes:
        """Return an object's bytes, from its copy where there is a sound one."""
        if not key.startswith(KEPT):
            return self.store.read(key)
        name = hashlib.sha256(key.encode()).hexdigest()
        copy = self._copies().get(name)
        body = _sound(copy) if copy else None
        if body is None:
            body = self.store.read(key)
            self._keep(name, body)
        return body

    def link(self, key: str, target: Path) -> None:
        """Put an object's bytes under a path that outlives its copy: another process may make room."""
        body = self.read(key)
        copy = self._copies().get(hashlib.sha256(key.encode()).hexdigest())
        target.unlink(missing_ok=True)
        try:
            os.link(copy or "", target)
        except OSError:  # it has gone, or lies on another disk
            target.write_bytes(body)

    def _copies(self) -> dict[str, Path]:
        with self._lock:
            if self._known is None:
                found = list(self.folder.glob("??/*.*"))
                self._known = {path.stem: path for path in found}
                self._size = sum(_size(path) for path in found)
            return self._known

    def _keep(self, name: str, body: bytes) -> None:
        path = self.folder / name[:2] / f"{name}.{hashlib.sha256(body).hexdigest()}"
        part = self.folder / f"{uuid.uuid4().hex}.part"
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(body)
        part.replace(path)
        copies = self._copies()
        with self._lock:
            copies[name] = path
            self._size += len(body)
            if self._size > self.limit:
                self._make_room()

    def _make_room(self) -> None:
        """Delete the copies that were read longest ago, and what killed processes left."""
        found = []
        for path in self.folder.glob("??/*.*"):
            with suppress(FileNotFoundError):
                found.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        for part in self.folder.glob("*.part"):
            with suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > ABANDONED:
                    part.unlink()
        self._size = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if self._size <= self.limit * ROOM:
                break
            path.unlink(missing_ok=True)
            self._size -= size


def behind(store: Store) -> Store:
    """Return the store itself where `store` is a cache before one: what must be read as it lies there is."""
    return store.store if isinstance(store, CachedStore) else store


def _sound(copy: Path) -> bytes | None:
    """Return a copy's bytes if they are what its name says."""
    try:
        body = copy.read_bytes()
        os.utime(copy)
    except FileNotFoundError:  # another process made room
        return None
    return body if copy.suffix == f".{hashlib.sha256(body).hexdigest()}" else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
