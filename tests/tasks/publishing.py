"""Make snapshots of a few bytes, and publish them from racing threads or from a process of its own."""

import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from tasks.publish import publish
from tasks.snapshots import BOARD, Inputs, Pointer
from tasks.store import FolderStore, Store
from tests.tasks.runs import NOON


def inputs(watermark: int = 1, **changes: Any) -> Inputs:
    """Say what a snapshot was built from; the revision follows from the number of appended rows."""
    appended = changes.get("appended", 0)
    given = {"watermark": watermark, "code": "c", "registry": f"{appended} rows", "sql": "s", **changes}
    return Inputs.model_validate(given)


def built(folder: Path, body: bytes = b"a board", table: bytes = b"a table") -> Path:
    """Make a folder to publish: a board and one exported table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / BOARD).write_bytes(body)
    (folder / "overall.parquet").write_bytes(table)
    return folder


def made(store: Store, folder: Path, of: Inputs, now: datetime = NOON, body: bytes | None = None) -> Pointer:
    """Publish a snapshot whose board says which it is."""
    return publish(store, built(folder / of.id, body or board_of(of)), of, now, {"overall.parquet": 3})


def board_of(of: Inputs) -> bytes:
    """Write a board that says which it is."""
    return f"board of {of.watermark}, {of.appended}, {of.code}".encode()


def race(store: Store, folder: Path, given: Iterable[Inputs], publishers: int = 8) -> list[Pointer]:
    """Publish all of them from racing threads; return what each was told."""

    def one(place: tuple[int, Inputs]) -> Pointer:
        number, of = place
        return publish(store, built(folder / str(number), board_of(of)), of, NOON, {"overall.parquet": 3})

    with ThreadPoolExecutor(publishers) as pool:
        return list(pool.map(one, enumerate(given)))


if __name__ == "__main__":  # to be killed at a fault point
    lake, folder, watermark = sys.argv[1:]
    made(FolderStore(Path(lake)), Path(folder), inputs(int(watermark)))
