"""Ask the Linux control group that this process is in how often memory ran out."""

from collections.abc import Iterator
from pathlib import Path

MEMBERSHIP, ROOT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def out_of_memory_kills(membership: Path = MEMBERSHIP, root: Path = ROOT) -> int:
    """Count the processes of this control group that the kernel ended for want of memory; 0 where it does not say."""
    for counter in _counters(membership, root):
        if counter.is_file():
            counts = dict(line.split() for line in counter.read_text().splitlines())
            if "oom_kill" in counts:
                return int(counts["oom_kill"])
    return 0


def _counters(membership: Path, root: Path) -> Iterator[Path]:
    """Yield where the count may stand: the process's own group, then what a container sees as the root.

    Lines of /proc/self/cgroup are `number:controllers:path`; version 2 names no controllers. Source: cgroups(7).
    """
    lines = membership.read_text().splitlines() if membership.is_file() else []
    for _, controllers, path in (line.split(":", 2) for line in lines):
        if not controllers:
            yield root / path.lstrip("/") / "memory.events"
        elif "memory" in controllers.split(","):
            yield root / "memory" / path.lstrip("/") / "memory.oom_control"
    yield root / "memory.events"
    yield root / "memory" / "memory.oom_control"
