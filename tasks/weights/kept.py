"""List what the cache of weights holds.

It holds `files/<key>` (as fetched) and `ready/<key>` (converted). Beside each lies `<key>.use`: whoever uses the folder
holds a shared lock on it, which the kernel takes back when the process dies, and its time is the last use.
"""

import fcntl
import json
from dataclasses import dataclass
from pathlib import Path

KINDS = ("files", "ready")


@dataclass(frozen=True)
class Kept:
    """One folder of the cache."""

    folder: Path
    name: str  # whose weights they are
    bytes: int
    used_at: float  # seconds since 1970
    planned: int  # bytes it will have; holds only while it is in use

    @property
    def use(self) -> Path:
        """Return the file that is locked by whoever uses the folder."""
        return use_file(self.folder)

    @property
    def in_use(self) -> bool:
        """Tell whether a process, this one or another, uses it now."""
        try:
            with self.use.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:  # never used since there are such files
            pass
        return False


def list_kept(root: Path) -> list[Kept]:
    """List the folders of a cache, in any order."""
    return [
        _kept(folder)
        for kind in KINDS
        for folder in sorted((root / kind).glob("[!.]*"))
        if folder.is_dir() and not folder.is_symlink()
    ]


def _kept(folder: Path) -> Kept:
    use = use_file(folder)
    try:
        noted = json.loads(use.read_bytes())
    except (FileNotFoundError, ValueError):  # ValueError: written just now, or never
        noted = {}
    used_at = use.stat().st_mtime if use.exists() else folder.stat().st_mtime
    return Kept(folder, noted.get("name", folder.name), bytes_in(folder), used_at, noted.get("planned", 0))


def bytes_in(folder: Path) -> int:
    """Add up the bytes that a folder takes; what it only links to takes none."""
    total = 0
    for path in folder.rglob("*"):
        try:
            found = path.lstat()
        except FileNotFoundError:  # a download that was just renamed
            continue
        total += found.st_size if path.is_file() and not path.is_symlink() else 0
    return total


def use_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.use")
