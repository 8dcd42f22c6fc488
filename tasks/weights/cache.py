"""Bound what weights take on the disk: whole folders, the least recently used first, make room for a new one."""

import fcntl
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

from filelock import FileLock

from tasks.weights.errors import NoRoom
from tasks.weights.kept import Kept, list_kept, use_file
from tasks.weights.staging import Report

RESERVE = 1 << 30  # bytes of the disk that weights leave to the lake, which shares it
_GIB = 1 << 30


class Cache:
    """The folder of weights, and what this process uses of it. As a context it lets go at its end."""

    def __init__(self, root: Path, limit: int | None = None) -> None:
        """Take at most `limit` bytes; None: half of the disk, so that weights alone never fill it."""
        self.root = root
        self._limit = limit
        self._uses: dict[Path, BinaryIO] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for folder in list(self._uses):
            self.let_go(folder)

    @property
    def limit(self) -> int:
        """Return the bytes that the cache may take."""
        if self._limit is not None:
            return self._limit
        return shutil.disk_usage(_there(self.root)).total // 2

    @property
    def free(self) -> int:
        """Return the bytes that are free on the cache's disk."""
        return shutil.disk_usage(_there(self.root)).free

    def use(self, folder: Path, name: str) -> None:
        """Keep a folder from eviction until `let_go`, or the process's end."""
        if folder not in self._uses:
            path = use_file(folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+b")
            fcntl.flock(file, fcntl.LOCK_SH)  # waits where it is being evicted
            self._uses[folder] = file
        if not self._uses[folder].seek(0, os.SEEK_END):
            self._note(folder, name, 0)
        os.utime(use_file(folder))

    def let_go(self, folder: Path) -> None:
        """Allow a folder to be evicted again."""
        self._uses.pop(folder).close()

    def make_room(self, folder: Path, lacking: int, report: Report) -> None:
        """Evict what is needed for `lacking` more bytes in `folder`, which this process uses. Raises NoRoom.

        What is promised is counted from then on, also by other processes. Nothing is deleted where it wouldn't do.
        """
        assert folder in self._uses, f"{folder} is filled and not in use"
        with FileLock(self.root / "room.lock"):
            name = json.loads(use_file(folder).read_bytes())["name"]
            kept = list_kept(self.root)
            planned = lacking + sum(item.bytes for item in kept if item.folder == folder)
            if planned > self.limit:
                raise NoRoom(
                    f"{name} takes {_gib(planned)} on the disk, and weights may take {_gib(self.limit)}. "
                    "Raise STANDINGS_WEIGHTS_LIMIT, and run `standings retry`.",
                    ever=False,
                )
            self._evict([item for item in kept if item.folder != folder], planned, lacking, name, report)
            self._note(folder, name, planned)

    def _evict(self, others: Sequence[Kept], planned: int, lacking: int, name: str, report: Report) -> None:
        free = self.free - RESERVE
        held, victims = [], []
        try:
            for item in sorted(others, key=lambda item: item.used_at):
                lock = item.use.open("a+b")
                held.append(lock)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:  # in use
                    planned += max(item.bytes, item.planned)
                    free -= max(0, item.planned - item.bytes)
                else:
                    victims.append(item)
            # All that may go is known; only now as much of it goes as must.
            total = planned + sum(item.bytes for item in victims)
            gone: list[Kept] = []
            for item in victims:
                if total <= self.limit and free >= lacking:
                    break
                gone.append(item)
                total, free = total - item.bytes, free + item.bytes
            self._require(total, free, lacking, name)
            for item in gone:
                report(f"{item.name}: {_gib(item.bytes)} of weights deleted, to make room for {name}")
                shutil.rmtree(item.folder)
        finally:
            for lock in held:
                lock.close()

    def _require(self, total: int, free: int, lacking: int, name: str) -> None:
        if total > self.limit:
            raise NoRoom(
                f"{name} needs {_gib(lacking)} more; with what other processes use, weights would take {_gib(total)} "
                f"of the {_gib(self.limit)} they may. Wait, or raise STANDINGS_WEIGHTS_LIMIT."
            )
        if free < lacking:
            raise NoRoom(
                f"{name} needs {lacking:,} bytes on the disk of {self.root}, where {max(free, 0):,} are free "
                f"beyond the {RESERVE:,} that are left to others. Free some, or set STANDINGS_HOME elsewhere."
            )

    def _note(self, folder: Path, name: str, planned: int) -> None:
        file = self._uses[folder]
        file.truncate(0)
        file.write(json.dumps({"name": name, "planned": planned}).encode())
        file.flush()


def _there(path: Path) -> Path:
    """Return the nearest folder above that exists."""
    return next(parent for parent in (path.absolute(), *path.absolute().parents) if os.path.lexists(parent))


def _gib(amount: int) -> str:
    return f"{amount / _GIB:,.1f} GiB" if amount >= _GIB // 10 else f"{amount:,} bytes"
