"""Prove nights end to end: `python -m benchmarks.nights SCENARIO… [--database postgresql]`.

Each line that is printed is JSON. The folder with all logs is kept where something failed.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks.nights import cost, scenarios
from benchmarks.nights.stage import stage

SCENARIOS = ("cron", "release", "kills", "pending", "alarms", "many")


def main() -> None:
    """Run scenarios, each on a stage of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="+", choices=SCENARIOS)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite", help="of Prefect's server")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--models", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name in given.scenario:
        root = Path(tempfile.mkdtemp(prefix=f"nights-{name}-"))
        print(f"{name}: logs below {root}", flush=True)
        slots, workers = (4, 2) if name == "many" else (1, 2)
        with stage(root / "stage", slots, workers, given.database) as made:
            if name == "cron":
                scenarios.by_cron(made)
            elif name == "release":
                scenarios.by_release(made)
            elif name == "kills":
                scenarios.killed(made, given.kills, given.seed)
            elif name == "pending":
                scenarios.pending(made)
            elif name == "alarms":
                scenarios.alarms(made)
            else:
                cost.many(made, given.models)
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
