"""Make a big lake in minutes: whole columns instead of runs, written as the project's own compaction writes them.

A run has 30 scores (ten tasks, three metrics each) and its share of the samples. Models are asked 100 benchmarks each,
and were admitted one after the other. Ids are the hashes of what a run spells out; what no objects were made for, the
sha256 of a run's objects in the inbox, is made up.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa

from standings import facts, identity
from standings.compacted import PROMPTS, SCHEMAS, outcomes_of
from tasks.compaction import RUNS_AT_MOST
from tasks.lake import Lake, log_key
from tasks.parquet import encode
from tasks.segments import File, Manifest, Segment, manifest_key
from tasks.sharding import BYTES_AT_MOST, ROWS_AT_MOST, Attempt
from tests.lake_rows import LakeRows
from tests.tasks import runs
from tests.tasks.runs import NOON

BENCHMARKS = 100
TASKS = 10  # of a run: the benchmark's own and its subtasks
METRICS = (("acc", "none"), ("acc_norm", "none"), ("exact_match", "flexible"))
SCORES = TASKS * len(METRICS)  # of a run
SUITE = "big"
ORIGINS = ("CN", "US", "FR", "FR+US", "KR", "DE", "IN")
LICENCES = ("osi_approved", "community", "noncommercial", "custom_permissive")
CATEGORIES = ("reasoning", "mathematics", "knowledge", "language", "instruction_following")
LETTERS = bytes(b"etaoin shrdlu cmfwyp vbgkqj xz."[place % 31] for place in range(256))
ANSWERS = 4_096  # different ones, of which a run's are drawn
_SAMPLE_BYTES = 320  # in memory, without its prompt


@dataclass(frozen=True)
class Size:
    """How big the lake is."""

    scores: int
    samples: int
    late: int = 0  # models without a run, whose runs come later

    @property
    def models(self) -> int:
        """Return the models that have runs."""
        return max(1, self.scores // (SCORES * BENCHMARKS))

    @property
    def documents(self) -> int:
        """Return the documents of a run."""
        return max(TASKS, self.samples // (self.models * BENCHMARKS))

    @property
    def jobs(self) -> int:
        """Return how many jobs have a run."""
        return self.models * BENCHMARKS


def task_of(place: int) -> str:
    """Name a benchmark, which is also its task."""
    return f"task_{place:03d}"


def run_of(model: int, place: int, size: Size, **changes: Any) -> dict[str, Any]:
    """Make a run of a model and a benchmark, as a worker would."""
    task, random = task_of(place), Random(model * BENCHMARKS + place)
    return runs.run(
        model=f"acme/model-{model:05d}",
        suite=SUITE,
        benchmark=task,
        task=task,
        lock=hashlib.sha256(task.encode()).hexdigest(),
        seconds=round(random.uniform(20, 900), 3),
        tokens_in=random.randrange(10**6),
        documents_attempted=size.documents,
        documents_scored=size.documents,
        device="cpu",
        harness="0.4.13",
        **changes,
    )


def sow(lake: Lake, size: Size) -> None:
    """Append what a registry and a suite would have, with wanted jobs for the late models too."""
    rows = LakeRows()
    everyone = range(size.models + size.late)
    first = {model: run_of(model, 0, size) for model in everyone}
    of_tasks = [run_of(0, place, size) for place in range(BENCHMARKS)]
    for model, run in first.items():
        rows.model(
            run["model"], run["variant"], revision=run["revision"], variant_id=run["variant_id"], dtype=run["dtype"],
            origin=ORIGINS[model % len(ORIGINS)], licence_class=LICENCES[model % len(LICENCES)],
            organisation=f"org-{model % 97}", active_b=float(2 ** (model % 9)),
        )  # fmt: skip
    for place, run in enumerate(of_tasks):
        category = CATEGORIES[place % len(CATEGORIES)]
        rows.benchmark(SUITE, run["benchmark"], benchmark_id=run["benchmark_id"], category=category, chance=0.25)
    for name, table in rows.facts().items():
        lake.append(name, table)
    lake.append("wanted", _wanted(list(first.values()), of_tasks))


def _wanted(models: list[dict[str, Any]], of_tasks: list[dict[str, Any]]) -> pa.Table:
    pairs = [(model, task) for model in models for task in of_tasks]
    ids = [job_of(model["variant_id"], task["benchmark_id"]) for model, task in pairs]
    columns: dict[str, Any] = {
        **{name: [model[name] for model, _ in pairs] for name in ("suite", "model", "variant", "variant_id", "kind")},
        **{name: [task[name] for _, task in pairs] for name in ("benchmark", "benchmark_id")},
        "protocol": [models[0]["protocol"]] * len(pairs),
        "job_id": ids,
        "removed": [False] * len(pairs),
        "valid_from": [NOON.date()] * len(pairs),
        "known_from": [NOON] * len(pairs),
    }
    return _table(facts.SCHEMAS["wanted"], columns, len(pairs))


def job_of(variant: str, benchmark: str) -> str:
    """Hash a job."""
    return identity.job_id(variant=variant, benchmark=benchmark, protocol={"output": "multiple_choice"})


def grow(lake: Lake, size: Size) -> None:
    """Write all runs as compacted segments, the gate's log of them, and the manifest that names them."""
    segments: list[Segment] = []
    per_segment = max(1, RUNS_AT_MOST // BENCHMARKS)
    for first in range(0, size.models, per_segment):
        models = range(first, min(size.models, first + per_segment))
        segments.append(_segment(lake, size, models, len(segments) + 1))
    manifest = Manifest(number=1, made_at=NOON, segments=tuple(segments))
    lake.store.create(manifest_key(1), manifest.json_bytes())


def _segment(lake: Lake, size: Size, models: range, number: int) -> Segment:
    """Write the runs of some models as one segment."""
    attempt = Attempt(lake.store)
    names = {"scores_rows": SCORES, "samples_rows": size.documents}
    made = [[run_of(model, place, size, **names) for place in range(BENCHMARKS)] for model in models]
    after = models.start * BENCHMARKS
    order = [run for of_model in made for run in of_model]  # the gate's
    for run in order:
        run |= {f"{name}_sha256": _hash(f"{name} {run['run_id']}") for name in ("scores", "samples")}
    seqs = {run["run_id"]: after + place for place, run in enumerate(order, 1)}
    log = {
        "admitted_seq": list(seqs.values()),
        "admitted_at": [NOON] * len(order),
        "job_id": [run["job_id"] for run in order],
        "run_id": list(seqs),
        "run_sha256": [_hash(run["run_id"]) for run in order],
        "fault": [None] * len(order),
    }
    admissions = _table(facts.SCHEMAS["admissions"], log, len(order))
    lake.store.create(log_key(number), encode("admissions", admissions))
    in_shards = [of_model[place] for place in range(BENCHMARKS) for of_model in made]
    shards: list[dict[str, File]] = []
    shard_of: dict[str, int] = {}
    for held in _cut(in_shards, size):
        shard_of |= {run["run_id"]: len(shards) for run in held}
        shards.append({name: attempt.write(name, table) for name, table in _shard(held, size).items()})
    found = {"shard": [shard_of[run_id] for run_id in seqs], "succeeded": [True] * len(order)}
    places = _table(SCHEMAS["admissions"], log | found, len(order))
    to = after + len(order)
    file = attempt.write("admissions", places)
    return Segment(after=after, to=to, passes=number, runs=len(order), log=file, shards=tuple(shards))


def _cut(held: list[dict[str, Any]], size: Size) -> Iterator[list[dict[str, Any]]]:
    """Cut runs where compaction would, or a little before."""
    rows = 1 + SCORES + size.documents
    many = max(1, min(ROWS_AT_MOST // rows, BYTES_AT_MOST // (rows * _SAMPLE_BYTES)))
    for start in range(0, len(held), many):
        yield held[start : start + many]


def _shard(held: list[dict[str, Any]], size: Size) -> dict[str, pa.Table]:
    random = np.random.default_rng(int(held[0]["job_id"][:8], 16))
    columns = {name: [run[name] for run in held] for name in held[0]}
    samples = _samples(held, size, random)
    documents = [_documents(task, size.documents) for task in dict.fromkeys(run["task"] for run in held)]
    prompts = pa.concat_tables([it.select(PROMPTS.names) for it in documents]).cast(PROMPTS).sort_by("prompt_hash")
    return {
        "run": _table(SCHEMAS["run"], columns, len(held)),
        "scores": _scores(held, size, random),
        "samples": samples,
        "prompts": prompts,
        "outcomes": outcomes_of(samples),
    }


def _scores(held: list[dict[str, Any]], size: Size, random: np.random.Generator) -> pa.Table:
    count = len(held) * SCORES
    right = random.binomial(size.documents, random.uniform(0.2, 0.9, count))
    share = right / size.documents
    subtasks = [[run["task"], *(f"{run['task']}_{part}" for part in range(1, TASKS))] for run in held]
    columns: dict[str, Any] = {
        "run_id": _repeated([run["run_id"] for run in held], SCORES),
        "task": _repeated([task for tasks in subtasks for task in tasks], len(METRICS)),
        "is_aggregate": np.arange(count) % SCORES < len(METRICS),
        "metric": _tiled([metric for metric, _ in METRICS], count),
        "filter": _tiled([name for _, name in METRICS], count),
        "value": share,
        "stderr": np.sqrt(share * (1 - share) / max(1, size.documents - 1)),
        "n": np.full(count, size.documents),
        "n_docs": np.full(count, size.documents),
        "repeats": np.ones(count, np.int64),
        "n_correct": right,
        "higher_is_better": np.ones(count, bool),
    }
    return _table(SCHEMAS["scores"], columns, count)


def _samples(held: list[dict[str, Any]], size: Size, random: np.random.Generator) -> pa.Table:
    count = len(held) * size.documents
    documents = pa.concat_tables([_documents(run["task"], size.documents) for run in held])
    right = random.random(count) < np.repeat(random.uniform(0.2, 0.9, len(held)), size.documents)
    outcomes = pa.MapArray.from_arrays(
        pa.array(np.arange(count + 1, dtype=np.int32)), _tiled(["acc"], count), pa.array(right.astype(float))
    )
    columns: dict[str, Any] = {
        **{name: documents[name] for name in ("task", "doc_id", "doc_hash", "prompt_hash", "target_hash", "target")},
        "run_id": _repeated([run["run_id"] for run in held], size.documents),
        "repeat": np.zeros(count, np.int64),
        "filter": _tiled(["none"], count),
        "response": _answers().take(pa.array(random.integers(0, ANSWERS, count))),
        "answer": _tiled(["0", "1", "2", "3"], count),
        "outcomes": outcomes,
        "tokens": random.integers(1, 64, count),
        "finish_reason": _tiled(["stop"], count),
        "has_prompt": np.ones(count, bool),
    }
    return _table(SCHEMAS["samples"], columns, count)


@cache
def _documents(task: str, count: int) -> pa.Table:
    """Make a benchmark's documents, with prompts of 1,500 letters."""
    words = Random(task)
    prompts = [words.randbytes(1_500).translate(LETTERS).decode() for _ in range(count)]
    return pa.table(
        {
            "task": [task] * count,
            "doc_id": list(range(count)),
            "doc_hash": [_hash(f"{task} {place}") for place in range(count)],
            "prompt_hash": [_hash(prompt) for prompt in prompts],
            "target_hash": [_hash(f"{task} {place} target") for place in range(count)],
            "target": [str(place % 4) for place in range(count)],
            "prompt": prompts,
        }
    )


@cache
def _answers() -> pa.Array:
    words = Random(0)
    return pa.array(str([round(words.uniform(-40, 0), 4) for _ in range(4)]) for _ in range(ANSWERS))


def _table(schema: pa.Schema, columns: dict[str, Any], count: int) -> pa.Table:
    """Build a table; what has no column is null."""
    made = []
    for field in schema:
        column = columns.get(field.name)
        if column is None:
            column = pa.nulls(count, field.type)
        if not isinstance(column, (pa.Array, pa.ChunkedArray)):
            column = pa.array(column, field.type)
        made.append(column.cast(field.type))
    return pa.table(made, schema=schema).combine_chunks()


def _repeated(values: list[str], times: int) -> pa.Array:
    return pa.array(values).take(pa.array(np.repeat(np.arange(len(values)), times)))


def _tiled(values: list[str], count: int) -> pa.Array:
    return pa.array(values).take(pa.array(np.arange(count) % len(values)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
