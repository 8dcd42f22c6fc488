"""Write files and folders so that a kill half way leaves nothing that looks complete."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.durable import sync

Report = Callable[[str], None]  # hears in a sentence what is being done
_PART = ".part"


@contextmanager
def staged_file(target: Path) -> Iterator[Path]:
    """Give a name beside `target` to write to; what was written is renamed to `target` when the block ends well."""
    part = _beside(target)
    try:
        yield part
        sync(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Give a new folder beside `target` to write in; it is renamed to `target` when the block ends well.

    A folder that is already there is replaced.
    """
    part = _beside(target)
    part.mkdir(parents=True)
    try:
        yield part
        for path in part.rglob("*"):
            sync(path)
        if target.exists():
            shutil.rmtree(target)
        part.rename(target)
        sync(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sweep(target: Path) -> None:
    """Delete what killed writers of `target`, or of files in it, left behind. Call it under their lock only."""
    for part in [*target.parent.glob(f".{target.name}.*{_PART}"), *target.rglob(f".*{_PART}")]:
        shutil.rmtree(part) if part.is_dir() else part.unlink()


def _beside(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.{uuid.uuid4().hex}{_PART}")
