"""Ask the Linux control group that this process is in how much memory it may take, and how often that ran out."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MEMBERSHIP, ROOT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def out_of_memory_kills(membership: Path = MEMBERSHIP, root: Path = ROOT) -> int:
    """Count the processes of this control group that the kernel ended for want of memory; 0 where it does not say."""
    for counter in _files(membership, root, "memory.events", "memory.oom_control"):
        if counter.is_file():
            counts = dict(line.split() for line in counter.read_text().splitlines())
            if "oom_kill" in counts:
                return int(counts["oom_kill"])
    return 0


def memory_limit(membership: Path = MEMBERSHIP, root: Path = ROOT) -> int | None:
    """Return the bytes that this control group and those that hold it may take; None where nothing limits it."""
    files = _files(membership, root, "memory.max", "memory.limit_in_bytes")
    texts = [file.read_text().strip() for file in files if file.is_file()]
    # Version 1 says "no limit" as a number that exceeds any machine's memory, version 2 in a word.
    return min((int(text) for text in texts if text.isdigit()), default=None)


def _files(membership: Path, root: Path, in_version_2: str, in_version_1: str) -> Iterator[Path]:
    """Yield where a file may stand: in the process's own group, then in those above it.

    Lines of /proc/self/cgroup are `number:controllers:path`; version 2 names no controllers. A container may see its
    own group as the root, under a path that is not there. Source: cgroups(7).
    """
    lines = membership.read_text().splitlines() if membership.is_file() else []
    for _, controllers, path in (line.split(":", 2) for line in lines):
        own = PurePosixPath(path.lstrip("/"))
        for group in (own, *own.parents):
            if not controllers:
                yield root / group / in_version_2
            elif "memory" in controllers.split(","):
                yield root / "memory" / group / in_version_1
    yield root / in_version_2
    yield root / "memory" / in_version_1
