"""Measure the lake and the board at 3 M scores and 20 M samples: `python -m benchmarks.scale`.

A lake of that size is made in a temporary folder and deleted. Each step is a process of its own, so that its time and
its peak memory are its own. `--scores 30000 --samples 200000 --jobs 100` is one hundredth of it, in half a minute.
polars and pandas are asked where they are installed.
"""

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

import duckdb

from benchmarks.compaction import measure
from benchmarks.scale_beside import ENGINES, files, load_sqlite
from benchmarks.scale_lake import BENCHMARKS, METRICS, SCORES, SUITE, TASKS, Size, grow, run_of, sow
from standings import facts
from tasks import admission, materialise
from tasks.compaction import compact
from tasks.lake import Lake
from tasks.refresh import refresh
from tasks.s3 import open_store
from tasks.seaweed import serving
from tasks.settings import Settings
from tasks.snapshots import POINTER, key_of, latest, open_latest
from tasks.store import FolderStore
from tests.tasks.runs import NOON

THREADS = 2
QUESTIONS = {
    "who leads": f"SELECT rank, name, index FROM leaderboard.overall WHERE suite = '{SUITE}' ORDER BY rank LIMIT 10",
    "the best of each origin": f"FROM leaderboard.by_origin WHERE suite = '{SUITE}' AND band = 'all'",
    "the best of each licence": f"FROM leaderboard.by_licence WHERE suite = '{SUITE}' AND band = 'all'",
    "the best of both": f"FROM leaderboard.by_origin_and_licence WHERE suite = '{SUITE}' AND band = 'all'",
    "ranks among open licences": f"FROM leaderboard.standings(suite := '{SUITE}', licence := 'osi_approved') LIMIT 10",
    "ranks of small French models": (
        f"FROM leaderboard.standings(suite := '{SUITE}', origin := 'FR', max_active_b := 10) LIMIT 10"
    ),
    "who leads in mathematics": (
        f"SELECT rank, name, index FROM leaderboard.by_category WHERE suite = '{SUITE}' AND category = 'mathematics' "
        "ORDER BY rank LIMIT 10"
    ),
    "all of one model": (
        f"SELECT benchmark, score, score_lo, score_hi FROM leaderboard.results WHERE suite = '{SUITE}' "
        "AND model = 'acme/model-00007'"
    ),
    "the best in one benchmark": (
        f"SELECT model, score FROM leaderboard.results WHERE suite = '{SUITE}' AND benchmark = 'task_042' "
        "ORDER BY score DESC, model LIMIT 10"
    ),
    "what is missing and why": "SELECT why, count(*) AS n FROM leaderboard.coverage GROUP BY why ORDER BY n DESC",
}


@dataclass(frozen=True)
class Bench:
    """Where things lie, and how big they are."""

    root: Path
    size: Size
    jobs: int  # put, admitted and compacted onto the big lake

    @property
    def lake(self) -> Lake:
        """Open the lake."""
        return Lake(FolderStore(self.root / "lake"))

    @property
    def boards(self) -> Path:
        """Folder of boards."""
        return self.root / "boards"


def make(bench: Bench) -> None:
    """Make the lake."""
    sow(bench.lake, bench.size)
    grow(bench.lake, bench.size)


def put(bench: Bench, numbers: range) -> None:
    """Put late models' runs as workers do, each with 30 scores and its samples."""
    names = [(f"{task}", metric, name) for task in range(TASKS) for metric, name in METRICS]
    for number in numbers:
        model, place = divmod(number, BENCHMARKS)
        run = run_of(bench.size.models + model, place, bench.size)
        of_run = {"run_id": run["run_id"], "n_docs": 100, "n": 100, "repeats": 1, "higher_is_better": True}
        scores = [
            {
                **of_run, "task": run["task"] + ("" if task == "0" else f"_{task}"), "metric": metric, "filter": name,
                "is_aggregate": task == "0", "value": ((number + int(task)) % 89) / 100,
            }
            for task, metric, name in names
        ]  # fmt: skip
        document = {"run_id": run["run_id"], "task": run["task"], "repeat": 0, "filter": "none", "prompt": None}
        samples = [
            {
                **document, "doc_id": doc, "doc_hash": f"{doc:064d}", "prompt_hash": f"{doc:064d}",
                "target_hash": f"{doc:064d}", "answer": str(doc % 4), "outcomes": [("acc", float(doc % 3 > 0))],
            }
            for doc in range(bench.size.documents)
        ]  # fmt: skip
        bench.lake.put_run(run, facts.table("scores", scores), facts.table("samples", samples))


def full_refresh(bench: Bench) -> None:
    """Build and publish."""
    refresh(bench.lake, bench.boards, NOON)


def cold(bench: Bench) -> None:
    """Fetch the published board into an empty folder, and ask the first question."""
    with tempfile.TemporaryDirectory(dir=bench.root) as home:
        board = open_latest(bench.lake.store, Path(home))
        materialise.query(board, QUESTIONS["who leads"])


def cold_from_s3(bench: Bench) -> None:
    """The same from a bucket of SeaweedFS on this machine, to which the published snapshot is copied first."""
    found = latest(bench.lake.store)
    with (
        tempfile.TemporaryDirectory(dir=bench.root) as folder,
        serving(Path(folder) / "s3") as server,
        patch.dict(os.environ, server.environment),
    ):
        bucket, here = open_store(Settings().address), FolderStore(bench.root / "lake")
        for key in [POINTER, *(entry.key for entry in here.list(key_of(found.id, "")))]:
            bucket.create(key, here.path(key))
        wall, cpu = time.perf_counter(), time.process_time()
        board = open_latest(bucket, Path(folder))
        materialise.query(board, QUESTIONS["who leads"])
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"    of {board.stat().st_size >> 20} MiB: {wall:.2f} s wall {cpu:.2f} s CPU of this process")


def questions(bench: Bench) -> None:
    """Ask ten questions of the published board, seven times each, on one connection."""
    with materialise.opened(open_latest(bench.lake.store, bench.boards)) as con:
        con.execute(f"SET threads = {THREADS}")
        for what, sql in QUESTIONS.items():
            took = []
            for _ in range(7):
                start = time.perf_counter()
                rows = con.execute(sql).fetchall()
                took.append(1000 * (time.perf_counter() - start))
            print(f"    {what:30} first {took[0]:7.1f} ms, median {median(took):7.1f} ms, {len(rows)} rows")


def floor(bench: Bench) -> None:
    """Have DuckDB scan and sort the scores, and write them into a table of a file, in as much memory as a build has."""
    target = bench.root / "floor.duckdb"
    with duckdb.connect() as con:
        con.execute(f"SET threads = {THREADS}; SET memory_limit = '{materialise.MEMORY >> 20}MiB'")
        con.execute(f"ATTACH '{target}' AS floor (STORAGE_VERSION '{materialise.STORAGE_VERSION}')")
        read = f"SELECT * FROM read_parquet({files(bench.root / 'lake', 'scores')})"
        con.execute(f"CREATE TABLE floor.scores AS {read} ORDER BY task, metric, filter, value DESC, run_id")
        con.execute("CHECKPOINT floor")
    target.unlink()


def beside(bench: Bench, engine: str, question: str) -> None:
    """Ask one engine."""
    where = {"board": lambda: open_latest(bench.lake.store, bench.boards), "sqlite": lambda: bench.root / "sqlite"}
    ENGINES[engine](where.get(engine, lambda: bench.root / "lake")(), question)


ASKED = [("duckdb", "ranks"), ("polars", "ranks"), ("pandas", "ranks"), ("sqlite", "ranks"), ("board", "ranks"),
         ("duckdb", "pairs"), ("polars", "pairs"), ("pandas", "pairs"), ("sqlite", "pairs")]  # fmt: skip
STEPS: dict[str, Callable[[Bench], object]] = {
    "make the lake": make,
    "floor: DuckDB scans and sorts": floor,
    "full refresh": full_refresh,
    "put jobs": lambda bench: put(bench, range(bench.jobs)),
    "admit them": lambda bench: admission.admit(bench.lake, NOON),
    "compact them": lambda bench: compact(bench.lake, NOON),
    "full refresh with them": full_refresh,
    "put one job": lambda bench: put(bench, range(bench.jobs, bench.jobs + 1)),
    "refresh after one new job": full_refresh,
    "floor again": floor,
    "refresh that finds nothing": full_refresh,
    "cold fetch and first query": cold,
    "cold fetch from S3": cold_from_s3,
    "ten questions": questions,
    "load SQLite": lambda bench: load_sqlite(bench.root / "lake", bench.root / "sqlite", "scores", "run", "models"),
    "load outcomes into SQLite": lambda bench: load_sqlite(bench.root / "lake", bench.root / "sqlite", "outcomes"),
    **{f"{asked} in {engine}": lambda bench, e=engine, q=asked: beside(bench, e, q) for engine, asked in ASKED},
}


def take(step: str, bench: Bench) -> None:
    """Take one step and print what it took in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    STEPS[step](bench)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{step:32} {wall:8.2f} s wall {cpu:8.2f} s CPU {peak:6.0f} MiB peak", flush=True)


def main() -> None:
    """Take all steps, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=int, default=3_000_000)
    parser.add_argument("--samples", type=int, default=20_000_000)
    parser.add_argument("--jobs", type=int, default=2_000, help="runs that come later, one by one")
    parser.add_argument("--step", choices=STEPS, action="append", help="take only these, in --root")
    parser.add_argument("--root", type=Path, help="folder to work in, which is kept; default: one that is deleted")
    given = parser.parse_args()
    size = Size(given.scores, given.samples, late=given.jobs // BENCHMARKS + 1)
    if given.step and len(given.step) == 1:
        take(given.step[0], Bench(given.root, size, given.jobs))
        return
    print(json.dumps({"models": size.models, "runs": size.jobs, "scores": size.jobs * SCORES,
                      "samples": size.jobs * size.documents, "documents of a run": size.documents}))  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        root = given.root or Path(folder)
        for step in given.step or STEPS:
            if (missing := step.rpartition(" ")[2]) in ("polars", "pandas") and not importlib.util.find_spec(missing):
                print(f"{step:32} {missing} is not installed")
                continue
            words = [f"--scores={given.scores}", f"--samples={given.samples}", f"--jobs={given.jobs}"]
            words += ["--root", str(root), "--step", step]
            subprocess.run([sys.executable, "-m", "benchmarks.scale", *words], check=True)
            if step in ("make the lake", "compact them"):
                measure(root / "lake")


if __name__ == "__main__":
    main()
