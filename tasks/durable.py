"""Have the disk hold what was written."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Return when the disk holds a file's bytes, or a folder's names."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
