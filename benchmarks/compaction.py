"""Measure compaction, in a folder or with --s3 on SeaweedFS: objects, bytes and time to read, before and after.

`python -m benchmarks.compaction 2000` puts so many runs of 20 tasks of 200 documents, and takes each step in a process
of its own, so that its time and peak memory are its own. Prompts are 1,500 letters, answers up to 400. On S3 nothing is
cached, so that each step reads cold.
"""

import argparse
import hashlib
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pyarrow as pa

from standings import facts
from tasks import admission
from tasks.collection import collect
from tasks.compaction import compact
from tasks.lake import Lake
from tasks.refresh import refresh
from tasks.s3 import open_store
from tasks.seaweed import serving
from tasks.segments import newest
from tasks.settings import Settings
from tasks.store import FolderStore
from tasks.tidying import extent
from tests.tasks import runs

TASKS, DOCUMENTS = 20, 200
LETTERS = "etaoin shrdlu cmfwyp vbgkqj xz"


@cache
def document(task: str, place: int) -> dict[str, object]:
    """Make a document with its prompt."""
    words = random.Random(f"{task} {place}")
    prompt = "".join(words.choices(LETTERS, k=1_500))
    return {
        "task": task,
        "doc_id": place,
        "repeat": 0,
        "filter": "none",
        "doc_hash": hashlib.sha256(f"{task} {place}".encode()).hexdigest(),
        "prompt_hash": hashlib.sha256(prompt.encode()).hexdigest(),
        "target_hash": hashlib.sha256(f"{task} {place} target".encode()).hexdigest(),
        "prompt": prompt,
        "target": "".join(words.choices(LETTERS, k=20)),
    }


def put(lake: Lake, number: int) -> None:
    """Put one run of 4 scores and 200 samples."""
    chance, task = random.Random(number), f"task_{number % TASKS}"
    run = runs.run(
        model=f"acme/model-{number // TASKS}", task=task, benchmark=task, lock=hashlib.sha256(task.encode()).hexdigest()
    )
    rows = []
    for place in range(DOCUMENTS):
        answer = "".join(chance.choices(LETTERS, k=chance.randrange(400)))
        said = {"response": answer, "answer": answer[-20:], "tokens": len(answer) // 4, "finish_reason": "stop"}
        outcomes = [("acc", float(chance.random() < 0.6)), ("acc_norm", float(chance.random() < 0.6))]
        rows.append({**document(task, place), "run_id": run["run_id"], "outcomes": outcomes, **said})
    scores = [
        runs.scores(
            run, metric=metric, filter=name, value=chance.random(), n=DOCUMENTS, n_docs=DOCUMENTS, n_correct=None
        )
        for metric in ("acc", "acc_norm")
        for name in ("none", "flexible")
    ]
    lake.put_run(run, pa.concat_tables(scores), facts.table("samples", rows))


def fill(lake: Lake, count: int) -> None:
    """Put all runs."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: put(lake, number), range(count)))


def read_facts(lake: Lake, count: int) -> None:
    """Read what a refresh reads of runs."""
    assert lake.facts("run", "scores")["scores"].num_rows == 4 * count


def read_outcomes(lake: Lake, count: int) -> None:
    """Read all outcomes, which before compaction follow from the samples."""
    assert lake.facts("outcomes")["outcomes"].num_rows == 2 * DOCUMENTS * count


def read_samples(lake: Lake, count: int) -> None:
    """Read one run's samples, of a run in the middle of the log."""
    run_id = lake.admissions()["run_id"][count // 2].as_py()
    assert lake.samples(run_id).num_rows == DOCUMENTS


def publish(lake: Lake, _: int) -> None:
    """Build a board and publish it."""
    with tempfile.TemporaryDirectory() as boards:
        refresh(lake, Path(boards), runs.NOON)


STEPS: dict[str, Callable[[Lake, int], object]] = {
    "put": fill,
    "admit": lambda lake, _: admission.admit(lake, runs.NOON),
    "read run and scores": read_facts,
    "read outcomes": read_outcomes,
    "read one run's samples": read_samples,
    "compact": lambda lake, _: compact(lake, runs.NOON),
    "publish": publish,
    "collect, verified": lambda lake, _: collect(lake, runs.NOON),
}
READS = ("read run and scores", "read outcomes", "read one run's samples")
ORDER = ("put", "admit", *READS, "compact", "publish", "collect, verified", *READS)


def opened(root: Path) -> Lake:
    """Open the bucket that the environment names, or the folder."""
    return Lake(open_store(Settings().address) if "STANDINGS_LAKE" in os.environ else FolderStore(root))


def take(step: str, root: Path, count: int) -> None:
    """Take one step in this process and print what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    STEPS[step](opened(root), count)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{step:26} {wall:8.2f} s wall {cpu:8.2f} s CPU {peak:6.0f} MiB peak", flush=True)


def measure(root: Path) -> None:
    """Print what the runs take, and each compacted table's bytes a row."""
    lake = opened(root)
    size = extent(lake.store)
    print(f"{'':26} {size.objects:8,} objects {size.bytes:14,} bytes")
    tables: dict[str, list[tuple[int, int]]] = {}
    for segment in newest(lake.store).segments:
        for shard in segment.shards:
            for name, file in shard.items():
                tables.setdefault(name, []).append((file.bytes, file.rows))
    for name, files in tables.items():
        used, rows = (sum(column) for column in zip(*files, strict=True))
        print(f"{'':26} {name:10} {rows:10,} rows {used / rows:8.1f} bytes a row in {len(files)} files")


def main() -> None:
    """Take all steps, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=2_000, help="how many runs to put")
    parser.add_argument("--step", choices=STEPS, help="take only this one, in --root")
    parser.add_argument("--root", type=Path, help="folder of the lake; default: one that is deleted")
    parser.add_argument("--s3", action="store_true", help="keep the lake in a bucket of SeaweedFS")
    given = parser.parse_args()
    if given.step:
        take(given.step, given.root, given.runs)
        return
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        root = given.root or Path(folder)
        if given.s3:
            os.environ |= stack.enter_context(serving(root / "s3")).environment
        for step in ORDER:
            words = [
                sys.executable,
                "-m",
                "benchmarks.compaction",
                str(given.runs),
                "--step",
                step,
                "--root",
                str(root),
            ]
            subprocess.run(words, check=True)
            if step in {"admit", "compact", "collect, verified"}:
                measure(root)


if __name__ == "__main__":
    main()
