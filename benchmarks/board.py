"""Measure a full build of the board: `python -m benchmarks.board --models 1000 --benchmarks 20 --subtasks 10`.

Every model has run every benchmark once; a benchmark's run holds one score row and one for each subtask. Prints the
rows that went in, the seconds and memory of the build, of the planner's job_state, and of the queries a reader asks.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from standings.facts import SCHEMAS, table
from tasks.materialise import build, job_state, query
from tests.lake_rows import LakeRows, day

QUERIES = (
    "FROM leaderboard.overall",
    "FROM leaderboard.by_origin",
    "FROM leaderboard.standings(suite := 's', origin := 'FR', licence := 'community')",
    "FROM leaderboard.results WHERE model = 'model-7'",
)
ORIGINS = ("CN", "US", "FR", "FR+US", "KR")
CATEGORIES = ("reasoning", "mathematics", "knowledge", "language")


def lake(models: int, benchmarks: int, subtasks: int) -> dict[str, pa.Table]:
    """Make the facts of a full board."""
    rows, random = LakeRows(), Random(0)
    asked = [rows.benchmark("s", f"b-{number}", category=CATEGORIES[number % 4]) for number in range(benchmarks)]
    wanted = []
    for number in range(models):
        licence = ("community", "osi_approved")[number % 2]
        model = rows.model(f"model-{number}", origin=ORIGINS[number % 5], licence_class=licence)
        wanted += [rows.want(benchmark, model) for benchmark in asked]
    facts = rows.facts()
    run = LakeRows({"benchmarks": rows.rows["benchmarks"]}).run(wanted[0], right=1)
    copied = ("job_id", "model", "variant", "variant_id", "benchmark", "benchmark_id")
    identities = [{name: it[name] for name in copied} | {"run_id": f"{n:08d}"} for n, it in enumerate(wanted)]
    runs = [{**run, **it, "task": it["benchmark"]} for it in identities]
    facts["run"] = table("run", runs)
    seen = {"admitted_at": day(1), "run_sha256": "0" * 64}
    facts["admissions"] = table(
        "admissions",
        [{**seen, "admitted_seq": n, "job_id": it["job_id"], "run_id": it["run_id"]} for n, it in enumerate(runs, 1)],
    )
    facts["scores"] = scores(runs, subtasks, random)
    return facts


def scores(runs: list[dict[str, Any]], subtasks: int, random: Random) -> pa.Table:
    """Score each run and each of its subtasks; columns rather than rows, since there are millions."""
    each = range(subtasks + 1)
    right = [random.randint(20, 95) for _ in runs for _ in each]
    columns: dict[str, Any] = {
        "run_id": [run["run_id"] for run in runs for _ in each],
        "task": [run["task"] if part == 0 else f"{run['task']}-{part}" for run in runs for part in each],
        "is_aggregate": [part == 0 for _ in runs for part in each],
        "value": [count / 100 for count in right],
        "n_correct": right,
    }
    same = {"metric": "acc", "filter": "none", "stderr": None, "n": 100, "n_docs": 100, "repeats": 1}
    same["higher_is_better"] = True
    schema = SCHEMAS["scores"]
    made = {name: columns.get(name) or [same[name]] * len(right) for name in schema.names}
    return pa.table([pa.array(made[field.name], field.type) for field in schema], schema=schema)


def timed(what: str, act: Callable[[], Any]) -> None:
    """Print what an act took."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    print(f"{time.perf_counter() - wall:8.2f} s {time.process_time() - cpu:8.2f} CPU-s  {what}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("models", 1000), ("benchmarks", 20), ("subtasks", 10), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    facts = lake(options.models, options.benchmarks, options.subtasks)
    print(", ".join(f"{rows.num_rows:,} {name}" for name, rows in facts.items()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        board = Path(folder) / "board.duckdb"
        timed("build", lambda: build(facts, board, now=day(2), snapshot="s", threads=options.threads))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"{board.stat().st_size / 2**20:8.1f} MiB on disk, {grown:.0f} MiB more memory at the peak")
        timed("job_state", lambda: job_state(facts, now=day(2)))
        for sql in QUERIES:
            timed(sql, lambda sql=sql: query(board, sql))


if __name__ == "__main__":
    main()
