"""Measure a plan against a full lake: `python -m benchmarks.planning --models 10000 --benchmarks 100`.

The lake is made once (in --folder, which a second call reads): every model has run every benchmark, the gate admitted
all of it, and it is compacted. Then it prints what a plan takes where nothing is missing, where a model is new and
where an epoch is bumped. The registry is made in memory: a plan starts where its YAML has been read.
"""

import argparse
import hashlib
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from standings.compacted import SCHEMAS as COMPACTED
from standings.facts import SCHEMAS
from standings.plan import Plan
from standings.pools import Pool
from standings.registry import Registry
from standings.suite import Suite
from tasks import planning
from tasks.lake import Lake
from tasks.segments import Manifest, Segment, manifest_key
from tasks.sharding import Attempt
from tasks.store import FolderStore
from tests.standings.entries import model, registry

NOW = datetime(2026, 11, 24, 20, tzinfo=UTC)
KINDS = ("base", "instruct", "reasoning")
SIZES = (0.3, 0.6, 1.5, 3, 8, 14, 32, 70)
PROTOCOLS = {
    "base": {"output": "multiple_choice", "shots": 5},
    "instruct": {"output": "generate_until", "chat_template": True, "max_tokens": 512},
    "reasoning": {"output": "generate_until", "chat_template": True, "max_tokens": 8192, "thinking": {}},
}
CATEGORIES = ("reasoning", "mathematics", "knowledge", "language")
SEGMENT, SHARD = 50_000, 2_500  # runs: so many as compaction puts together, where a run has a hundred documents


def models(count: int) -> Registry:
    """Make a registry of so many models of one variant each."""
    made = [
        model(
            f"acme/model-{number:05d}",
            kind=KINDS[number % 3],
            revision=hashlib.sha1(str(number).encode()).hexdigest(),
            parameters={"total_b": SIZES[number % len(SIZES)], "dense": True, "source": "made up"},
        )
        for number in range(count)
    ]
    return registry(*made)


def suites(count: int, bumped: str | None = None) -> list[Suite]:
    """Make two suites of so many benchmarks together; the epoch of the one named is bumped."""
    names = {"core": range(0, count, 2), "common": range(1, count, 2)}
    return [
        Suite.model_validate(
            {
                "suite": suite,
                "title": suite,
                "protocols": PROTOCOLS,
                "benchmarks": [benchmark(f"b-{number:03d}", bumped) for number in numbers],
                "locks": {f"t-b-{number:03d}": {"tasks": {f"t-b-{number:03d}": lock(number)}} for number in numbers},
            }
        )
        for suite, numbers in names.items()
    ]


def benchmark(name: str, bumped: str | None) -> dict[str, Any]:
    """Make a benchmark that every kind can be asked."""
    what = {"category": CATEGORIES[int(name[2:]) % 4], "score": {"metric": "acc"}, "chance": 0.25, "source": "made up"}
    epoch = 2 if name == bumped else 1
    return {"id": name, "task": f"t-{name}", "title": name, "epoch": epoch, "protocols": {k: k for k in KINDS}, **what}


def lock(number: int) -> dict[str, Any]:
    """Lock a task of a thousand documents."""
    return {
        "version": "1",
        "config": "c",
        "functions": "f",
        "documents": 1000,
        "fingerprint": f"{number}",
        "examples": "e",
    }


def fill(lake: Lake, asked: Registry, of: list[Suite]) -> None:
    """Sync, and put a compacted run for each job that is asked."""
    planning.write_pending(lake, asked, of, NOW - timedelta(days=100), whole=True)
    jobs = lake.facts("wanted")["wanted"].sort_by([("benchmark", "ascending"), ("model", "ascending")])
    random, segments = Random(0), []
    for start in range(0, jobs.num_rows, SEGMENT):
        segments.append(segment(lake, jobs.slice(start, SEGMENT), start, random))
    lake.store.create(manifest_key(1), Manifest(number=1, made_at=NOW, segments=tuple(segments)).json_bytes())


def segment(lake: Lake, jobs: pa.Table, start: int, random: Random) -> Segment:
    """Write one segment: a run each, in the log in another order than in the files."""
    attempt, written, size = Attempt(lake.store), [], jobs.num_rows
    runs = pa.table([column_of(name, jobs, random) for name in SCHEMAS["run"].names], schema=SCHEMAS["run"])
    for at in range(0, size, SHARD):
        part = {"run": runs.slice(at, SHARD)}
        part |= {name: COMPACTED[name].empty_table() for name in ("scores", "samples", "prompts", "outcomes")}
        written.append({name: attempt.write(name, rows) for name, rows in part.items()})
    order = random.sample(range(size), size)
    seen = runs.take(pa.array(order))
    columns = {
        "admitted_seq": pa.array(range(start + 1, start + size + 1)),
        "admitted_at": pa.repeat(pa.scalar(NOW - timedelta(days=50), pa.timestamp("us", "UTC")), size),
        "job_id": seen["job_id"],
        "run_id": seen["run_id"],
        "run_sha256": pa.array(hexes(size, random)),
        "fault": pa.nulls(size, pa.string()),
        "shard": pa.array([place // SHARD for place in order]),
    }
    schema = COMPACTED["admissions"]
    places = pa.table([columns.get(name, pa.repeat(True, size)) for name in schema.names], schema=schema)
    log = attempt.write("admissions", places)
    return Segment(after=start, to=start + size, passes=start // SEGMENT + 1, runs=size, log=log, shards=tuple(written))


def column_of(name: str, jobs: pa.Table, random: Random) -> pa.Array:
    """Make a column of run for these jobs."""
    size, field = jobs.num_rows, SCHEMAS["run"].field(name)
    if name in jobs.schema.names:
        return jobs[name].combine_chunks()
    if name == "run_id":
        return pa.array([f"{h[:8]}-{h[8:12]}-7{h[13:16]}-8{h[17:20]}-{h[20:32]}" for h in hexes(size, random)])
    if name.endswith("_sha256"):
        return pa.array(hexes(size, random))
    if name == "seconds":
        return pa.array([random.random() * 1000 for _ in range(size)])
    if name in ("started_at", "finished_at"):
        return pa.array([NOW - timedelta(days=60, seconds=random.random() * 1e6) for _ in range(size)], field.type)
    same = {"purpose": "board", "status": "succeeded", "engine": "hf", "reasoning": "off", "lock": "0" * 64, "epoch": 1}
    same |= {"attempt": 1, "task": "t", "harness": "0.4.13", "engine_version": "transformers 5.23.0", "worker": "gpu-7"}
    return pa.repeat(pa.scalar(same.get(name), field.type), size) if name in same else pa.nulls(size, field.type)


def hexes(count: int, random: Random) -> list[str]:
    """Make so many hashes."""
    text = random.randbytes(32 * count).hex()
    return [text[at : at + 64] for at in range(0, 64 * count, 64)]


def measured(what: str, act: Callable[[], Plan]) -> None:
    """Print what a plan took, and what it says."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = act()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{wall:7.2f} s wall {cpu:7.2f} CPU-s  {what}: {made.counted:,} counted, {made.jobs:,} jobs", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--benchmarks", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="keep the lake here, and read it where it is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as beside:
        lake = Lake(FolderStore(options.folder or Path(beside)))
        held, asked = models(options.models), suites(options.benchmarks)
        if not any(lake.store.list("compacted/")):
            began = time.perf_counter()
            fill(lake, held, asked)
            print(f"{time.perf_counter() - began:7.0f} s to make the lake")
        pool = Pool(name="h100", device="cuda", gpus=8, memory=80 * 2**30, threads=8)
        scope = planning.Scope(suites=("core", "common"))
        pools = [pool]

        def plan(of: Registry, by: list[Suite]) -> Plan:
            return planning.make_plan(lake, of, by, scope, pools, NOW)

        planning.make_plan(Lake(FolderStore(Path(beside) / "none")), models(2), suites(2), scope, pools, NOW)  # imports
        measured("nothing is missing", lambda: plan(held, asked))
        more = models(options.models + 1)
        measured("one model is new", lambda: plan(more, asked))
        measured("one epoch is bumped", lambda: plan(held, suites(options.benchmarks, bumped="b-001")))
        wall, before = time.perf_counter(), sum(1 for _ in lake.store.list(""))
        written = planning.write_pending(lake, held, asked, NOW, whole=True)
        assert (written, sum(1 for _ in lake.store.list(""))) == (0, before), "an empty night wrote something"
        print(f"{time.perf_counter() - wall:7.2f} s wall              sync that finds nothing, and writes nothing")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:7.0f} MiB at the peak, of this process in all")


if __name__ == "__main__":
    main()
