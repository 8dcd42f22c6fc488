"""Lease GPUs among the workers of one machine: a lock a GPU, held for as long as any process may use it.

A lock is a `flock` on a file that is named after the GPU. Its descriptor is handed to the child that computes, and so
the kernel frees the GPU when the last of parent and child is gone: kill -9 of the parent leaves it to an orphan until
that dies too. Nobody ever unlocks, which would take it from the child: descriptors are closed.

No two takers wait for each other. Who runs wants no more than it has; and of those that want several GPUs one at a time
gathers them, keeping what it has got, so that small takers can't starve it; the others wait at the door.
On Kubernetes a container sees its own GPUs alone, and each lease is had at once.
"""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from tasks import machine

T = TypeVar("T")
LOOK_EVERY, TELL_EVERY = 0.5, 60.0  # seconds
DOOR = "door"  # the lock of who gathers several


class TooFewGpus(RuntimeError):
    """More GPUs are wanted than this process may use."""


class Lease(NamedTuple):
    """GPUs that are ours, as CUDA_VISIBLE_DEVICES names them, and the descriptors that hold them."""

    gpus: tuple[str, ...] = ()
    descriptors: tuple[int, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """Return what a child needs to see these GPUs and no other."""
        return {"CUDA_VISIBLE_DEVICES": ",".join(self.gpus)} if self.gpus else {}


NONE = Lease()


def visible(limit: int | None = None) -> tuple[str, ...]:
    """Name the GPUs that this process may use, the first `limit` of them: by their UUIDs, which no order can confuse.

    A CUDA_VISIBLE_DEVICES that is set already is obeyed. Where nvidia-smi is not there, `limit` is believed.
    """
    known = machine.gpu_names()
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    places = list(known) or [str(place) for place in range(limit or 0)]
    if given is not None:
        places = [place.strip() for place in given.split(",") if place.strip()]
    return tuple(known.get(place, place) for place in places)[:limit]


@contextmanager
def leased(count: int, gpus: Sequence[str], folder: Path, tell: Callable[[str], None]) -> Iterator[Lease]:
    """Wait until so many of these GPUs are ours, and give them back at the end; `tell` hears of the waiting.

    Raises TooFewGpus.
    """
    if not count:
        yield Lease()
        return
    if count > len(gpus):
        raise TooFewGpus(
            f"{count} GPUs are wanted, and this worker may use {len(gpus)}: {', '.join(gpus) or 'none'}. "
            "That is what nvidia-smi and CUDA_VISIBLE_DEVICES say; where neither does, set STANDINGS_GPUS."
        )
    with suppress(FileExistsError):
        folder.mkdir(parents=True)
        folder.chmod(0o1777)  # whatever the umask: other users of this machine lease here too
    with ExitStack() as held:
        with ExitStack() as at_the_door:
            if count > 1:
                told = "another worker gathers several GPUs, and is first"
                at_the_door.callback(os.close, _wait(lambda: _taken(folder, DOOR), told, tell))
            mine: dict[str, int] = {}

            def gather() -> bool | None:
                for gpu in gpus:
                    if len(mine) < count and gpu not in mine and (found := _taken(folder, gpu)) is not None:
                        mine[gpu] = found
                        held.callback(os.close, found)
                return len(mine) == count or None

            _wait(gather, f"waiting for {count} of {len(gpus)} GPUs, which others use", tell)
        names = tuple(gpu for gpu in gpus if gpu in mine)
        yield Lease(names, tuple(mine[gpu] for gpu in names))


def _wait(look: Callable[[], T | None], told: str, tell: Callable[[str], None]) -> T:
    began, said = time.monotonic(), -TELL_EVERY
    while (found := look()) is None:
        waited = time.monotonic() - began
        if waited - said >= TELL_EVERY:
            tell(told if said < 0 else f"{told}, for {waited / 60:.0f} min now")
            said = waited
        time.sleep(LOOK_EVERY)
    return found


def _taken(folder: Path, name: str) -> int | None:
    """Lock a name; return the descriptor that holds it, or None where another process does."""
    path = folder / f"{re.sub(r'[^A-Za-z0-9-]+', '-', name)}.lock"
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        there = path.stat()
        if (there.st_dev, there.st_ino) == (os.fstat(descriptor).st_dev, os.fstat(descriptor).st_ino):
            return descriptor
    except (BlockingIOError, FileNotFoundError):  # in use, or what tidies /tmp took the file away under us
        pass
    os.close(descriptor)
    return None


def _opened(path: Path) -> int:
    """Open a lock file for reading, which is all that flock needs: another user's is not ours to write."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        # Some kernels refuse O_CREAT on another user's file in /tmp, so it is asked for only where none is there.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CREAT, 0o644)
        with suppress(PermissionError):  # another user made it meanwhile, and does the same
            os.fchmod(descriptor, 0o644)  # whatever the umask
        return descriptor
