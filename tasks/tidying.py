"""Compact a lake and delete what that makes superfluous, and say what it came to."""

from datetime import datetime

from standings.suite import Record
from tasks.cache import behind
from tasks.collection import Collected, collect
from tasks.compaction import Compaction, compact
from tasks.inbox import INBOX
from tasks.lake import Lake
from tasks.segments import COMPACTED
from tasks.store import Store

BACKLOG = 10_000  # admitted runs in the inbox, above which even one refresh would hold too many rows in memory
DUE = 1_000  # admitted runs in the inbox, of which a refresh reads each object by itself: 1.5 ms in a folder


class Extent(Record):
    """How many objects runs take, and how many bytes."""

    objects: int
    bytes: int


class Tidied(Record):
    """What was compacted and deleted."""

    compacted: Compaction
    collected: Collected | None  # None where originals were to be kept
    before: Extent
    after: Extent


def tidy(lake: Lake, now: datetime, *, keep: bool = False) -> Tidied:
    """Compact what the gate has admitted; then, unless told to keep them, delete objects that a snapshot includes."""
    before = extent(lake.store)
    compacted = compact(lake, now)
    collected = None if keep else collect(lake, now)
    return Tidied(compacted=compacted, collected=collected, before=before, after=extent(lake.store))


def tidy_if_due(lake: Lake, now: datetime) -> Tidied | None:
    """Do so once many runs lie in the inbox; return None where they are few."""
    return tidy(lake, now) if lake.backlog() >= DUE else None


def compact_backlog(lake: Lake, now: datetime) -> None:
    """Compact before a refresh reads, where what it would have to read from the inbox has no bound in memory."""
    if lake.backlog() > BACKLOG:
        compact(lake, now)


def extent(store: Store) -> Extent:
    """Measure what runs take."""
    sizes = [entry.bytes for prefix in (INBOX, COMPACTED) for entry in behind(store).list(prefix)]
    return Extent(objects=len(sizes), bytes=sum(sizes))
