"""Lock a suite in a process of its own: `python -m tasks.harness.locking SUITE REGISTRY` writes the locks as JSON."""

import json
import sys
from pathlib import Path

from standings.suite import Benchmark, Lock, Suite
from tasks.harness import loading
from tasks.registry_files import read_suites


def lock_suite(suite: Suite, registry: Path) -> dict[str, Lock]:
    """Load every task of the suite and hash what it is. Raises UnknownTask, or what the harness raises."""
    return {
        benchmark.task: lock_benchmark(suite, benchmark, registry)
        for benchmark in sorted(suite.benchmarks, key=lambda item: item.task)
    }


def lock_benchmark(suite: Suite, benchmark: Benchmark, registry: Path) -> Lock:
    """Lock one benchmark, and refuse one that is asked otherwise than its task can be."""
    loaded = loading.load(suite, benchmark, registry)
    for name in sorted(set(benchmark.protocols.values())):
        if said := loading.misfits(suite.protocols[name], loaded):
            raise ValueError(f"{suite.suite}/{benchmark.id}: protocol '{name}': {said[0]} ({len(said)} in all)")
    return loading.lock(loaded)


def main() -> None:
    """Write the suite's locks to standard output; what the harness prints goes to standard error."""
    name, registry = sys.argv[1], Path(sys.argv[2])
    answer, sys.stdout = sys.stdout, sys.stderr
    suites, _ = read_suites(registry)
    locks = lock_suite(suites[name], registry)
    json.dump({task: lock.model_dump(exclude_none=True) for task, lock in locks.items()}, answer)


if __name__ == "__main__":
    main()
