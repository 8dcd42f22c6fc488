"""Keep immutable objects under keys, behind five verbs: in a folder here, in an S3 bucket in tasks/s3.py."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tasks.durable import sync

_PRIVATE = ".tmp"  # no part of a key begins with a dot, so nothing in there is ever listed
_LOCK = "lock"
_ABANDONED = 86_400  # seconds, after which what was written beside is of a process that was killed
_TRIES = 20
Body = bytes | Path  # of an object
_PART = re.compile(r"[A-Za-z0-9_=+-][A-Za-z0-9_=+.-]*")


class Conflict(Exception):
    """Say that somebody else's bytes are under the key."""


class Missing(Exception):
    """Say that nothing is under the key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Name one object of a listing."""

    key: str
    bytes: int  # size


class Store(Protocol):
    """Speak to a place of objects. A reader sees an object whole or not at all."""

    def create(self, key: str, body: Body) -> None:
        """Put an object that nobody may replace; raise `Conflict` where other bytes are under the key.

        The same bytes are one's own lost reply and return quietly. A file is read block by block, and stays as it is.
        """

    def read(self, key: str) -> bytes:
        """Return an object's bytes, or raise `Missing`."""

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        """List the keys that start with `prefix` and come after `after`, in the order of their bytes."""

    def swap(self, key: str, body: bytes, expected: bytes | None) -> None:
        """Replace `expected` by `body`, or raise `Conflict`; None expects that nothing is under the key."""

    def delete(self, key: str) -> None:
        """Take an object away; quiet where nothing is under the key."""


class FolderStore:
    """Keep objects in a folder, durable once a call returns. Reading creates nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._swept = False

    def create(self, key: str, body: Body) -> None:
        """Write beside, then link: `os.link` fails where the key exists, so one writer wins."""
        target = self.path(key)
        written = self._write_beside(body)
        try:
            _link(written, target)
        except FileExistsError:
            if sha256(target) != sha256(body):
                raise Conflict(f"{key}: other bytes are there; an object is written once") from None
        finally:
            written.unlink()
        sync(target.parent)

    def read(self, key: str) -> bytes:
        """Return an object's bytes, or raise `Missing`."""
        try:
            return self.path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise Missing(f"{key}: nothing is there") from None

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        """List keys as S3 would: `prefix` is a string and not a folder."""
        if prefix:
            self.path(prefix.rstrip("/"))
        base = prefix.rpartition("/")[0]
        return _walk(os.path.join(self.root, base), f"{base}/" if base else "", prefix, after)  # noqa: PTH118

    def swap(self, key: str, body: bytes, expected: bytes | None) -> None:
        """Replace under a lock that every swapper of this store takes; a reader needs none."""
        if expected is None:
            return self.create(key, body)
        target = self.path(key)
        written = self._write_beside(body)
        with (self.root / _PRIVATE / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            current = target.read_bytes() if target.exists() else None
            if current not in (expected, body):
                written.unlink()
                raise Conflict(f"{key}: it was changed by somebody else; read it again")
            written.replace(target)
        return sync(target.parent)

    def delete(self, key: str) -> None:
        """Unlink, and remove the folders that it leaves empty, which a listing would walk through for ever."""
        target = self.path(key)
        try:
            target.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
        # Who is about to link into a folder that goes makes it again.
        left = next(folder for folder in target.parents if folder == self.root or not _removed(folder))
        with contextlib.suppress(FileNotFoundError):  # another's delete removed it meanwhile
            sync(left)

    def path(self, key: str) -> Path:
        """Return where an object lies, or would."""
        check_key(key)
        return self.root / key

    def _write_beside(self, body: Body) -> Path:
        folder = self.root / _PRIVATE
        _make_folders(folder)
        if not self._swept:
            _sweep(folder)
            self._swept = True
        written = folder / uuid.uuid4().hex
        try:
            if isinstance(body, Path):
                shutil.copyfile(body, written)
            else:
                written.write_bytes(body)
            sync(written)
        except BaseException:
            written.unlink(missing_ok=True)  # a full disk would stay full
            raise
        return written


def _sweep(folder: Path) -> None:
    """Delete what killed processes left."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # its writer is at it
            if path.name != _LOCK and time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink()


def check_key(key: str) -> None:
    """Raise ValueError where a key could not be a file's path, in any store."""
    bad = [part for part in key.split("/") if not _PART.fullmatch(part)]
    if bad:
        raise ValueError(f"key {key!r}: {bad[0]!r} is no part of a key: letters, digits and _=+-. not at the start")


def _walk(folder: str, base: str, prefix: str, after: str) -> Iterator[Entry]:
    try:
        # "a-b/x" comes before "a/x", as "-" before "/": a folder sorts with its slash.
        found = sorted((item.name + "/" * item.is_dir(), item) for item in os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for name, item in found:
        key = base + name
        if not _PART.fullmatch(item.name):
            continue
        if name.endswith("/"):
            # Nothing in the folder comes after `after` unless the folder itself does or `after` lies in it.
            if (key.startswith(prefix) or prefix.startswith(key)) and (key > after or after.startswith(key)):
                yield from _walk(item.path, key, prefix, after)
        elif key.startswith(prefix) and key > after:
            try:
                size = item.stat().st_size
            except FileNotFoundError:  # it was deleted while we walk
                continue
            yield Entry(key, size)


def _link(written: Path, target: Path) -> None:
    """Link into a folder that somebody else's delete may just have removed."""
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            _make_folders(target.parent)
            return os.link(written, target)
    _make_folders(target.parent)
    return os.link(written, target)


def _removed(folder: Path) -> bool:
    """Remove a folder if it is empty."""
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _make_folders(folder: Path) -> None:
    """Make a folder and its parents, each durable in its own parent."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync(folder.parent)


def sha256(body: Body) -> str:
    """Hash an object's bytes, those of a file block by block."""
    if isinstance(body, Path):
        with body.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(body).hexdigest()
