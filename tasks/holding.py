"""Hold readers at an older snapshot until a person releases them; nights go on building meanwhile.

The hold is in the pointer, so that no publisher can race past it. What was done, and why, is a fact of the lake beside.
"""

from datetime import datetime

from standings.facts import table
from tasks.faults import reach
from tasks.lake import Lake
from tasks.publish import claim, require_kept, target_of
from tasks.snapshots import POINTER, Hold, Pointer, read_manifest, read_pointer
from tasks.store import Conflict, Missing


class NotHeld(RuntimeError):
    """Say that there is nothing to release."""


def rollback(lake: Lake, snapshot: str, reason: str, who: str, now: datetime) -> Pointer:
    """Point readers to a snapshot and hold them there. Raises Missing where there is no such snapshot."""
    read_manifest(lake.store, snapshot)
    claim(lake.store, snapshot, now)
    while True:
        current, body = read_pointer(lake.store)
        if current is None:
            raise Missing("no leaderboard was published yet; `standings refresh` builds one")
        require_kept(current, snapshot)
        target = target_of(*read_manifest(lake.store, snapshot), now)
        hold = Hold(reason=reason, who=who, since=now, next=current.front)
        new = current.moved(**dict(target), hold=hold)
        if not _swapped(lake, new, body):
            continue
        _record(lake, "rollback", snapshot, reason, who, now)
        return new


def release(lake: Lake, reason: str, who: str, now: datetime) -> Pointer:
    """Let the pointer go to the newest snapshot that was built. Raises NotHeld."""
    while True:
        current, body = read_pointer(lake.store)
        if current is None or current.hold is None:
            raise NotHeld("readers have the newest snapshot; nothing is held")
        new = current.moved(**dict(current.hold.next), hold=None)
        if not _swapped(lake, new, body):
            continue
        _record(lake, "release", new.id, reason, who, now)
        return new


def _swapped(lake: Lake, new: Pointer, body: bytes | None) -> bool:
    try:
        lake.store.swap(POINTER, new.json_bytes(), body)
    except Conflict:
        return False
    reach("hold.after_pointer")
    return True


def _record(lake: Lake, decision: str, snapshot: str, reason: str, who: str, now: datetime) -> None:
    """Append what was done. Killed before it, the pointer says the same for as long as it holds."""
    act = {"decision": decision, "target": snapshot, "reason": reason, "who": who, "decided_at": now}
    lake.append("decisions", table("decisions", [act]))
