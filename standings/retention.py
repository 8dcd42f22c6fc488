"""Decide which snapshots are kept: one a day for ever, the newest, the young, and what readers have."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from standings.suite import Record


class Snapshot(Record):
    """What is known of a snapshot."""

    id: str
    made_at: datetime | None  # null where nothing says
    claimed_at: datetime | None = None  # when somebody was last about to point to it
    whole: bool = True  # false: its publisher died, or is at it


class Rule(Record):
    """Which snapshots are kept beside one a day."""

    newest: int = 10
    hours: float = 48  # more than a publisher takes, and two clocks differ


def kept(snapshots: Iterable[Snapshot], used: Mapping[str, str], rule: Rule, now: datetime) -> dict[str, str]:
    """Return why each snapshot is kept; what is not in it can be collected.

    `used` says of a snapshot by whom: readers, or who waits behind a hold.
    """
    found = sorted(snapshots, key=lambda it: (it.made_at is not None and it.made_at.timestamp(), it.id), reverse=True)
    newest = {it.id for it in [it for it in found if it.whole][: rule.newest]}
    days: dict[object, str] = {}
    for it in found:
        if it.whole and it.made_at:
            days.setdefault(it.made_at.date(), it.id)
    whys = ((it.id, _why(it, used, it.id in newest, it.id in days.values(), rule, now)) for it in found)
    return {snapshot: why for snapshot, why in whys if why}


def _why(it: Snapshot, used: Mapping[str, str], is_new: bool, is_days: bool, rule: Rule, now: datetime) -> str | None:
    if it.id in used:
        return used[it.id]
    moments = [moment for moment in (it.made_at, it.claimed_at) if moment]
    if not moments or (it.whole and it.made_at is None):
        return "its time is not known"  # of an older version, or not ours
    if max(moments) > now - timedelta(hours=rule.hours):
        # Readers may just have been told of it, or its publisher is at it.
        return f"younger than {rule.hours:g} hours" if it.whole else "being put"
    if not it.whole:
        return None  # its publisher died
    if is_days and it.made_at:
        return f"the last of {it.made_at:%Y-%m-%d}"
    return f"one of the newest {rule.newest}" if is_new else None
