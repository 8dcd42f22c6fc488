"""Ask official tasks of each shape twice, through ours and through `lm_eval run`, and set both numbers side by side."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from tasks import materialise
from tasks.harness.locking import lock_suite
from tasks.locks import write
from tasks.registry_files import read_suites
from tasks.settings import Settings
from tasks.workplace import Workplace
from tests.real_weights import MODEL, copy_registry, real_weights, weights_cache
from tests.workplaces import Heard, night

ROOT = Path(__file__).parents[1]
SUITE = "official"
# A group of two official tasks: those of `core` are too large to be asked twice on a small machine.
PAIR = {
    "group": "xcopa_pair",
    "task": ["xcopa_zh", "xcopa_it"],
    "aggregate_metric_list": [{"metric": "acc", "aggregation": "mean", "weight_by_size": True}],
    "metadata": {"version": 1.0},
}
SCORES = "SELECT benchmark, scores.* FROM raw.scores AS scores JOIN raw.run USING (run_id)"


@dataclass(frozen=True)
class Shape:
    """One official task, how it is asked, and the metric that is its score."""

    task: str
    folder: str
    score: tuple[str, str]
    protocol: dict[str, Any]
    documents: int  # that it has
    chance: float = 0.0
    words: tuple[str, ...] = ()  # what lm-eval's command line is told beside
    exact: bool = True  # a share of probability moves with the last bits of a log-likelihood; all else is counted


GENERATED = {"output": "generate_until"}
CHOICE = {"output": "multiple_choice"}
SHAPES = {
    "multiple choice, a group of two": Shape(
        "xcopa_pair", "xcopa", ("acc", "none"), {**CHOICE, "shots": 0}, 1000, 0.5, ("--num_fewshot", "0")
    ),
    "multiple choice, normalised, few shots": Shape(
        "leaderboard_bbh_snarks",
        "leaderboard/bbh_mc",
        ("acc_norm", "none"),
        {**CHOICE, "shots": 3},
        178,
        0.5,
        ("--num_fewshot", "3"),
    ),
    "multiple choice, a share of probability": Shape(
        "truthfulqa_mc2",
        "truthfulqa",
        ("acc", "none"),
        {**CHOICE, "shots": 0},
        817,
        0.4641,
        ("--num_fewshot", "0"),
        exact=False,
    ),
    "generated, two filters": Shape(
        "bbh_cot_zeroshot_boolean_expressions",
        "bbh/cot_zeroshot",
        ("exact_match", "flexible-extract"),
        {**GENERATED, "shots": 0, "max_tokens": 32},
        250,
        words=("--num_fewshot", "0", "--gen_kwargs", "max_gen_toks=32"),
    ),
    "generated in chat, examples as turns": Shape(
        "mmlu_abstract_algebra_generative",
        "mmlu/generative",
        ("exact_match", "get_response"),
        {**GENERATED, "shots": 5, "chat_template": True, "fewshot_as_multiturn": True},
        100,
        0.25,
        ("--num_fewshot", "5", "--apply_chat_template"),
    ),
    "generated in chat, several metrics": Shape(
        "ifeval",
        "ifeval",
        ("prompt_level_strict_acc", "none"),
        {**GENERATED, "chat_template": True, "max_tokens": 32},
        541,
        words=("--apply_chat_template", "--gen_kwargs", "max_gen_toks=32"),
    ),
    "generated in chat, sampled, twice": Shape(
        "mmlu_global_facts_generative",
        "mmlu/generative",
        ("exact_match", "get_response"),
        {
            **GENERATED,
            "shots": 5,
            "chat_template": True,
            "fewshot_as_multiturn": True,
            "sampling": {"temperature": 0.6},
            "repeats": 2,
        },
        100,
        0.25,
        ("--num_fewshot", "5", "--apply_chat_template", "--gen_kwargs", "temperature=0.6,do_sample=True"),
    ),
}


@dataclass(frozen=True)
class Number:
    """One metric of one task, as both have it."""

    shape: str
    task: str
    metric: str
    n_docs: int
    ours: float
    theirs: float


def benchmark_of(shape: str) -> str:
    """Return the id of a shape's benchmark."""
    return SHAPES[shape].task


def write_suite(registry: Path, shapes: tuple[str, ...]) -> None:
    """Write the suite of these shapes, and its lock."""
    groups = registry / "suites" / "groups"
    groups.mkdir(exist_ok=True)
    (groups / "xcopa_pair.yaml").write_text(yaml.safe_dump(PAIR))
    benchmarks = [
        {
            "id": benchmark_of(name),
            "task": shape.task,
            "folder": shape.folder,
            "title": name,
            "category": "knowledge",
            "score": dict(zip(("metric", "filter"), shape.score, strict=True)),
            "chance": shape.chance,
            "source": "lm-eval",
            "protocols": {"instruct": shape.task},
        }
        for name, shape in SHAPES.items()
        if name in shapes
    ]
    suite = {
        "suite": SUITE,
        "title": "One official task of each shape",
        "groups": "groups",
        "protocols": {SHAPES[name].task: SHAPES[name].protocol for name in shapes},
        "benchmarks": benchmarks,
    }
    (registry / "suites" / f"{SUITE}.yaml").write_text(yaml.safe_dump(suite))
    suites, faults = read_suites(registry)
    assert not faults, [str(fault) for fault in faults]
    write(suites[SUITE], lock_suite(suites[SUITE], registry), registry)


def ours(root: Path, shapes: tuple[str, ...], limit: int | None) -> list[dict[str, Any]]:
    """Ask a real model through ours, in a home below `root`, and return the rows of the board's scores."""
    registry = copy_registry(root)
    write_suite(registry, shapes)
    (root / "home").mkdir()
    (root / "home" / "weights").symlink_to(weights_cache())
    settings = Settings(home=root / "home", registry=registry, threads=1)
    heard = Heard()
    _, refreshed = night(Workplace.open(settings, suites=(SUITE,), models=(MODEL,), limit=limit), heard)
    failed = [event.text for event in heard.events if event.event == "failed"]
    assert not failed, failed
    return materialise.query(refreshed.board, SCORES).to_pylist()


def theirs(root: Path, shape: str, limit: int | None) -> list[dict[str, Any]]:
    """Ask the same with lm-eval's own command line, a process a repeat, and return its results, one a repeat."""
    asked = SHAPES[shape]
    return [
        call(root, f"{asked.task}-{seed}", asked, ("--seed", f"0,1234,{seed},1234"), limit)
        for seed in range(1234, 1234 + asked.protocol.get("repeats", 1))
    ]


def call(root: Path, name: str, shape: Shape, seed: tuple[str, ...], limit: int | None) -> dict[str, Any]:
    """Start one `lm_eval run` and return what it wrote."""
    command = [sys.executable, "-m", "lm_eval", "run", "--model", "hf", "--device", "cpu", "--batch_size", "8"]
    command += ["--model_args", f"pretrained={real_weights(root)},dtype=float32"]
    command += ["--include_path", str(root / "registry" / "suites" / "groups"), "--tasks", shape.task]
    command += ["--output_path", str(root / name), *shape.words, *seed, *(("--limit", str(limit)) if limit else ())]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(next((root / name).rglob("results_*.json")).read_text())["results"]
    return found


def compare(shape: str, rows: list[dict[str, Any]], found: list[dict[str, Any]]) -> Iterator[Number]:
    """Yield every metric of a shape's tasks, of several repeats their mean."""
    benchmark = benchmark_of(shape)
    for row in rows:
        if row["benchmark"].partition("-limit-")[0] == benchmark:
            name = f"{row['metric']},{row['filter']}"
            value = fmean(one[row["task"]][name] for one in found)
            yield Number(shape, row["task"], name, row["n_docs"], row["value"], value)


def library(stock: Any, root: Path, name: str, limit: int) -> list[dict[str, Any]]:
    """Ask lm-eval's own backend a shape, called as a library, and return its results, one a repeat."""
    import lm_eval.tasks
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    shape = SHAPES[name]
    asked = shape.protocol
    official = Path(lm_eval.tasks.__file__).parent / shape.folder
    settings = {"max_gen_toks": asked["max_tokens"]} if "max_tokens" in asked else {}
    if "sampling" in asked:
        settings |= {**asked["sampling"], "do_sample": True}
    return [
        simple_evaluate(
            model=stock,
            tasks=[shape.task],
            task_manager=TaskManager(
                include_defaults=False, include_path=[str(official), str(root / "registry" / "suites" / "groups")]
            ),
            num_fewshot=asked.get("shots"),
            apply_chat_template=asked.get("chat_template", False),
            fewshot_as_multiturn=asked.get("fewshot_as_multiturn", False),
            gen_kwargs=settings or None,
            limit=limit,
            torch_random_seed=1234 + repeat,
            bootstrap_iters=0,
        )["results"]
        for repeat in range(asked.get("repeats", 1))
    ]


def ask(root: Path, limit: int) -> None:
    """Ask every shape both ways and write the answers to `asked.json`, for a test that is another process."""
    import torch
    from lm_eval.models.huggingface import HFLM

    rows = ours(root, tuple(SHAPES), limit)
    torch.set_num_threads(1)
    stock = HFLM(pretrained=str(real_weights(root)), dtype="float32", device="cpu", batch_size=8)
    found = {shape: library(stock, root, shape, limit) for shape in SHAPES}
    (root / "asked.json").write_text(json.dumps([rows, found], default=str))


if __name__ == "__main__":
    ask(Path(sys.argv[1]), int(sys.argv[2]))
