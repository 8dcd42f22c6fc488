"""Ask a store for many objects at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

THREADS = 8  # a reader waits for the store more than it computes
Item = TypeVar("Item")
Got = TypeVar("Got")


def each(read: Callable[[Item], Got], items: Iterable[Item]) -> list[Got]:
    """Read items in parallel; results come in their order."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(read, items))
