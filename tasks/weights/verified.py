"""Remember which files had which sha256, so that half a gigabyte isn't hashed at every start.

Beside the files lies `verified.json`: per file its sha256, and its size and times when it was hashed. A file whose size
and times are unchanged is taken to be unchanged; any other is hashed again.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.weights.staging import staged_file

MARKER = "verified.json"
# File systems tell times apart by ticks of some milliseconds: what was written just before it was hashed may have been
# written again within the same tick, so it is hashed once more at the next start.
_TICK = 50_000_000  # nanoseconds


def sha256_of(path: Path) -> str:
    """Hash a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def holds(folder: Path, name: str, sha256: str) -> bool:
    """Say whether a file of the folder has this sha256, hashing it only if it was touched since the last time."""
    path = folder / name
    if not path.is_file():
        return False
    stamp, known = _stamp(path, sha256), _read(folder).get(name, {})
    if known.items() >= stamp.items() and known.get("noted", 0) - stamp["modified"] > _TICK:
        return True
    if sha256_of(path) != sha256:
        return False
    remember(folder, {name: sha256})
    return True


def remember(folder: Path, hashes: Mapping[str, str]) -> None:
    """Note that these files of the folder were just seen to have these hashes."""
    now = {"noted": time.time_ns()}
    known = _read(folder) | {name: _stamp(folder / name, sha256) | now for name, sha256 in hashes.items()}
    with staged_file(folder / MARKER) as part:
        part.write_text(json.dumps(known, indent=1))


def seal(folder: Path) -> None:
    """Hash every file of a folder and note it, so that `intact` can tell later."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    remember(folder, {name: sha256_of(folder / name) for name in names if name != MARKER})


def intact(folder: Path) -> bool:
    """Say whether a folder was sealed and still holds what it held then."""
    known = _read(folder)
    return bool(known) and all(holds(folder, name, stamp["sha256"]) for name, stamp in known.items())


def _stamp(path: Path, sha256: str) -> dict[str, Any]:
    found = path.stat()  # of the file itself, where a link leads to it
    return {"sha256": sha256, "bytes": found.st_size, "modified": found.st_mtime_ns, "changed": found.st_ctime_ns}


def _read(folder: Path) -> dict[str, Any]:
    marker = folder / MARKER
    return dict(json.loads(marker.read_text())) if marker.is_file() else {}
