"""Measure the lake on a folder: put N runs, admit them, read them back. `python -m benchmarks.lake 2000`"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks import admission
from tasks.lake import Lake
from tasks.store import FolderStore
from tests.tasks import runs


@contextmanager
def timed(what: str, count: int) -> Iterator[None]:
    """Print the wall and CPU time of a block, and each's share per run."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    each = f"{1000 * wall / count:7.2f} ms a run" if count else ""
    print(f"{what:34} {wall:8.2f} s wall {cpu:8.2f} s CPU {each}")


def main(count: int) -> None:
    """Put, admit and read `count` runs of one score and four samples each."""
    made = [runs.run(model=f"acme/model-{number}") for number in range(count)]
    tables = [(runs.scores(run), runs.samples(run)) for run in made]
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(FolderStore(Path(folder)))
        with timed("put, three durable objects a run", count):
            for run, (scores, samples) in zip(made, tables, strict=True):
                lake.put_run(run, scores, samples)
        with timed("list the inbox", count):
            size = sum(entry.bytes for entry in lake.store.list("inbox/"))
        print(f"{'bytes':34} {size / count:8.0f} a run")
        with timed("preview: check all, write nothing", count):
            admission.preview(lake, runs.NOON)
        with timed("admit", count):
            assert admission.admit(lake, runs.NOON).count == count
        with timed("read run and scores", count):
            assert lake.facts("run", "scores")["scores"].num_rows == count
        with timed("a pass that finds nothing", 0):
            admission.admit(lake, runs.NOON)
        late = runs.run(model="acme/late")
        lake.put_run(late, runs.scores(late), runs.samples(late))
        with timed("a pass that finds one", 0):
            admission.admit(lake, runs.NOON)
        with timed("read one run's samples", 0):
            lake.samples(late["run_id"])
    print(f"{'peak memory':34} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MiB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=2000, help="how many runs to put")
    main(parser.parse_args().runs)
