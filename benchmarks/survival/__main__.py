"""Prove that a lake survives: `python -m benchmarks.survival [--kills 30] [--only kills,network] [--results FILE]`.

What was seen is written to a file line by line: the same command again goes on from there, and prints the tables.
Without `--only` all parts run, in 25 CPU-minutes; `--kills 1 --only kills,strays` takes one.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.survival import children, crowds, disk, network, strays
from benchmarks.survival.kills import Templates, at_points, in_flight, kill_all
from benchmarks.survival.places import Folder, Seaweed, Where, seaweed
from benchmarks.survival.results import Results, printed
from tasks import sharding

RACES, SERVER_KILLS = 20, 20
SMALL_DISK, SMALL_SERVER = 2 * disk.MIB, 100 * disk.MIB
PARTS = ("kills", "flight", "crowds", "races", "server", "network", "disk", "strays", "clocks", "children")


class Survival:
    """What is proven, part by part."""

    def __init__(self, root: Path, kills: int, results: Results) -> None:
        self.root, self.kills, self.results = root, kills, results
        self.folder = Folder(root / "lakes")
        self.templates = Templates(root / "templates")

    def without_server(self, parts: set[str]) -> None:
        """Prove what needs a folder alone."""
        if "kills" in parts:
            kill_all(self.folder, at_points(self.kills), self.templates, self.results)
        if "children" in parts:
            children.kill_all(self.root / "children", min(self.kills, children.ENOUGH), self.results)
        if "disk" in parts:
            self._once("disk", "folder", lambda: disk.full_disk(self.root / "full", SMALL_DISK))
        self._both(self.folder, parts)

    def with_server(self, bucket: Seaweed, parts: set[str]) -> None:
        """Prove what needs an S3 server."""
        if "flight" in parts:
            kill_all(bucket, in_flight(self.kills), self.templates, self.results)
        if "network" in parts:
            for name, faults in network.FAULTS.items():
                lake = name.replace(" ", "-")
                self._once("network", name, lambda: network.bad_network(bucket, lake, faults))  # noqa: B023
        self._both(bucket, parts)
        # These have servers of their own.
        if "server" in parts:
            self._once("server", bucket.name, lambda: crowds.killed_server(self.root / "killed", SERVER_KILLS))
        if "disk" in parts:
            self._once("disk", bucket.name, lambda: disk.full_server(self.root / "small", SMALL_SERVER))

    def _both(self, where: Where, parts: set[str]) -> None:
        if "crowds" in parts:
            self._once("crowds", where.name, lambda: crowds.writers(where, "crowd"))
        if "races" in parts:
            for number in range(RACES):
                self._once("races", where.name, lambda: crowds.race(where, f"race-{number}", number), number)  # noqa: B023
        if "strays" in parts:
            self._once("strays", where.name, lambda: strays.strays(where, "strays"))
        if "clocks" in parts:
            self._once("clocks", where.name, lambda: strays.clocks(where, "clocks", self.root / "made"))

    def _once(self, part: str, name: str, prove: Callable[[], dict[str, object]], number: int = 0) -> None:
        key = (part, name, number)
        if not self.results.has(key):
            self.results.add(key, prove())


def main() -> None:
    """Prove what was asked for, and print the tables of all that was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30, help="at each named point, and as many in all in flight")
    parser.add_argument("--results", type=Path, help="what was seen so far; else nothing was")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, of {', '.join(PARTS)}")
    parser.add_argument("--place", choices=("folder", "s3"), help="else both")
    given = parser.parse_args()
    parts = set(given.only.split(","))
    if unknown := parts - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # the server goes as well
    sharding.ROWS_AT_MOST = 12  # three runs a shard, so that a small lake has many
    with tempfile.TemporaryDirectory() as name:
        results = Results(given.results or Path(name) / "results")
        survival = Survival(Path(name), given.kills, results)
        if given.place != "s3":
            survival.without_server(parts)
        if given.place != "folder" and parts - {"kills", "children"}:
            with seaweed(Path(name) / "s3") as bucket:
                survival.with_server(bucket, parts)
    printed(results)


if __name__ == "__main__":
    main()
