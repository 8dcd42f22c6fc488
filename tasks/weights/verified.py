"""Remember which files had which sha256, so that half a gigabyte isn't hashed at every start.

Beside the files lies `verified.json`: per file its sha256, and its size and times when it was hashed. A file whose size
and times are unchanged is taken to be unchanged; any other is hashed again.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
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


def blob_of(path: Path) -> str:
    """Hash a file's bytes as git does: the sha1 of a small header and of them."""
    with path.open("rb") as file:
        hashed = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        return hashlib.file_digest(file, lambda: hashed).hexdigest()


def hashes_of(path: Path, kinds: Iterable[str]) -> dict[str, str]:
    """Hash a file in the ways named: `sha256`, and `blob` for git's."""
    ways = {"sha256": sha256_of, "blob": blob_of}
    return {kind: ways[kind](path) for kind in kinds}


def holds(folder: Path, name: str, hashes: Mapping[str, str]) -> bool:
    """Say whether a file of the folder has these hashes, hashing it only if it was touched since the last time."""
    path = folder / name
    if not path.is_file():
        return False
    stamp, known = {**_stamp(path), **hashes}, _read(folder).get(name, {})
    if known.items() >= stamp.items() and known.get("noted", 0) - stamp["modified"] > _TICK:
        return True
    if hashes_of(path, hashes) != hashes:
        return False
    remember(folder, {name: hashes})
    return True


def remember(folder: Path, hashes: Mapping[str, Mapping[str, str]]) -> None:
    """Note that these files of the folder were just seen to have these hashes; the sha256 is noted in any case."""
    now = {"noted": time.time_ns()}
    known = _read(folder)
    for name, found in hashes.items():
        path = folder / name
        known[name] = {"sha256": found.get("sha256") or sha256_of(path), **found, **_stamp(path), **now}
    with staged_file(folder / MARKER) as part:
        part.write_text(json.dumps(known, indent=1))


def contents(folder: Path) -> dict[str, str]:
    """Return the sha256 of each verified file of a folder, as it was last seen."""
    return {name: stamp["sha256"] for name, stamp in sorted(_read(folder).items())}


def seal(folder: Path) -> None:
    """Hash every file of a folder and note it, so that `intact` can tell later."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    remember(folder, {name: hashes_of(folder / name, ["sha256"]) for name in names if name != MARKER})


def intact(folder: Path) -> bool:
    """Say whether a folder was sealed and still holds what it held then."""
    known = _read(folder)
    return bool(known) and all(holds(folder, name, {"sha256": stamp["sha256"]}) for name, stamp in known.items())


def _stamp(path: Path) -> dict[str, Any]:
    found = path.stat()  # of the file itself, where a link leads to it
    return {"bytes": found.st_size, "modified": found.st_mtime_ns, "changed": found.st_ctime_ns}


def _read(folder: Path) -> dict[str, Any]:
    marker = folder / MARKER
    return dict(json.loads(marker.read_text())) if marker.is_file() else {}
