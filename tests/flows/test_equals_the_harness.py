"""Real weights: a score on the board is the very double that `lm_eval run` writes, in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
import torch
import yaml
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from tasks import materialise
from tests.real_weights import copy_registry, lock, open_real, real_weights, swap_weights, weights_cache
from tests.workplaces import Heard, describe, night

DOCUMENTS = 8
REPEATS = 3
TASKS: dict[str, dict[str, Any]] = {
    "zero": {"include": "translate.yaml", "task": "quick_zero", "num_fewshot": 0},
    # Examples drawn for each document, as most official tasks do; quick's own stand still.
    "few": {"include": "addition.yaml", "task": "quick_few", "fewshot_config": {"sampler": "default"}},
    "pair": {
        "group": "quick_pair",
        "task": ["quick_addition", "quick_follow"],
        "aggregate_metric_list": [{"metric": "acc", "weight_by_size": True}],
        "metadata": {"version": 1.0},
    },
    # Filters that disagree, so that one can't pass for the other.
    "reply": {
        "include": "write.yaml",
        "task": "quick_reply",
        "filter_list": [
            {"name": name, "filter": [{"function": "regex", "regex_pattern": pattern}, {"function": "take_first"}]}
            for name, pattern in (("whole", r"\A\s*(\S+)\s*\Z"), ("last-word", r"(\w+)\W*\Z"))
        ],
    },
}
PROTOCOLS = {
    "as_the_task_says": {"output": "multiple_choice"},
    "completion": {"output": "multiple_choice", "shots": 3},
    "generated": {"output": "generate_until", "shots": 4},
    # lm-eval's command line makes turns of the examples as soon as there is a chat template.
    "chat": {"output": "generate_until", "shots": 4, "chat_template": True, "fewshot_as_multiturn": True},
    "sampled": {
        "output": "generate_until",
        "shots": 4,
        "max_tokens": 6,
        "sampling": {"temperature": 0.7, "top_k": 20},
        "repeats": REPEATS,
    },
}
# benchmark: task, protocol, category, metric and filter of its score
EQUAL = {
    "zero": ("quick_zero", "as_the_task_says", "language", "acc", "none"),
    "few": ("quick_few", "completion", "mathematics", "acc", "none"),
    "group": ("quick_pair", "completion", "mathematics", "acc", "none"),
    "reply": ("quick_reply", "generated", "instruction_following", "exact_match", "last-word"),
    "reply_chat": ("quick_reply", "chat", "instruction_following", "exact_match", "whole"),
}
SAMPLED = {"reply_sampled": ("quick_reply", "sampled", "instruction_following", "exact_match", "last-word")}
# On these the model is far above chance (docs/quick.md), so that random weights can be told from it.
ABOVE = {
    "pattern": ("quick_pattern", "completion", "reasoning", "acc", "none"),
    "addition": ("quick_addition", "completion", "mathematics", "acc", "none"),
    "translate": ("quick_translate", "completion", "language", "acc", "none"),
}
SETTINGS = "do_sample=True,temperature=0.7,top_k=20,max_gen_toks=6"
CALLS = {
    "completion": ("--tasks", "quick_zero,quick_few,quick_pair,quick_reply"),
    "chat": ("--tasks", "quick_reply", "--apply_chat_template"),
    # The last repeat: lm-eval itself has no mean over repeats.
    "sampled": ("--tasks", "quick_reply", "--seed", f"0,1234,{1234 + REPEATS - 1},1234", "--gen_kwargs", SETTINGS),
}
RESULTS = "FROM leaderboard.results WHERE suite = 'equal'"
SCORES = "SELECT benchmark, scores.* FROM raw.scores AS scores JOIN raw.run USING (run_id) WHERE suite = 'equal'"
INDEX = "FROM leaderboard.overall WHERE suite = 'above' AND covered > 0"


def suite(name: str, benchmarks: dict[str, tuple[str, ...]], documents: int) -> dict[str, Any]:
    """Return a suite's YAML."""
    return {
        "suite": name,
        "metadata": {"documents": documents},
        "protocols": {protocol: PROTOCOLS[protocol] for _, protocol, *_ in benchmarks.values()},
        "benchmarks": [
            {
                "id": benchmark,
                "task": task,
                "title": benchmark,
                "category": category,
                "score": {"metric": metric, "filter": chosen},
                "chance": 0.25 if metric == "acc" else 0,
                "source": "quick",
                "protocols": {"instruct": protocol},
            }
            for benchmark, (task, protocol, category, metric, chosen) in benchmarks.items()
        ],
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a registry that has these tasks, and the fetched weights in its home."""
    root = tmp_path_factory.mktemp("real")
    registry = copy_registry(root)
    for name, task in TASKS.items():
        (registry / "suites" / "quick" / f"{name}.yaml").write_text(yaml.safe_dump(task))
    (root / "home").mkdir()
    (root / "home" / "weights").symlink_to(weights_cache())
    return root


@pytest.fixture(scope="module")
def started(place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start lm-eval's own command line on its own backend, one call after the other; it runs while ours does."""
    weights = real_weights(place)
    command = ["run", "--model", "hf", "--device", "cpu", "--batch_size", "8"]
    command += ["--model_args", f"pretrained={weights},dtype=float32", "--log_samples"]
    command += ["--include_path", str(place / "registry" / "suites" / "quick")]
    command += ["--metadata", json.dumps({"documents": DOCUMENTS, "epoch": 1})]
    calls = [[*command, "--output_path", str(place / name), *words] for name, words in CALLS.items()]
    (place / "calls.json").write_text(json.dumps(calls))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    with (place / "calls.log").open("wb") as log:
        words = [sys.executable, "-m", "tests.harness_calls", str(place / "calls.json")]
        process = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
    yield process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def board(place: Path, started: subprocess.Popen[bytes]) -> Path:
    """Return our board after a night on suites that ask the same, and on one of its own."""
    lock(place / "registry", suite("equal", EQUAL | SAMPLED, DOCUMENTS), suite("above", ABOVE, 40))
    heard = Heard()
    [outcome], refreshed = night(open_real(place), heard)
    assert not outcome.failed, [event.text for event in heard.events if event.event == "failed"]
    return refreshed.board


@pytest.fixture(scope="module")
def written(place: Path, started: subprocess.Popen[bytes], board: Path) -> dict[str, Path]:
    """Return the results JSON of each call."""
    assert started.wait() == 0, (place / "calls.log").read_text()[-3000:]
    return {name: next((place / name).rglob("results_*.json")) for name in CALLS}


def theirs(written: dict[str, Path], benchmark: str, task: str | None = None) -> dict[str, Any]:
    """Return lm-eval's own values of a benchmark's task, or of a task below it."""
    found = json.loads(written[call_of(benchmark)].read_text())["results"]
    return found[task or (EQUAL | SAMPLED)[benchmark][0]]


def call_of(benchmark: str) -> str:
    """Name the call that asks what the benchmark asks."""
    _, _, way = benchmark.partition("_")
    return way or "completion"


@pytest.mark.parametrize("benchmark", EQUAL)
def test_a_score_on_the_board_is_the_double_that_lm_eval_writes(benchmark: str, board: Path, written: dict[str, Path]):
    [ours] = materialise.query(board, f"{RESULTS} AND benchmark = '{benchmark}'").to_pylist()
    assert ours["score"] == theirs(written, benchmark)[f"{ours['metric']},{ours['filter']}"]
    assert 0 < ours["score"] < 1, "all wrong or all right would be equal whatever was asked"
    assert ours["scorer"] == ("none" if benchmark.startswith("reply") else "shared")


def test_every_metric_filter_and_standard_error_is_equal(board: Path, written: dict[str, Path]):
    rows = materialise.query(board, SCORES).to_pylist()
    rows = [row for row in rows if row["benchmark"] in EQUAL]
    for row in rows:
        found = theirs(written, row["benchmark"], row["task"])
        assert row["value"] == found[f"{row['metric']},{row['filter']}"], row
        assert row["stderr"] == found[f"{row['metric']}_stderr,{row['filter']}"], row
    of_reply = {row["filter"]: row["value"] for row in rows if row["benchmark"] == "reply"}
    assert of_reply["whole"] != of_reply["last-word"], "the filters no longer disagree: change the task"


@pytest.mark.parametrize("benchmark", EQUAL)
def test_documents_are_asked_and_answered_in_the_same_words(
    benchmark: str, place: Path, board: Path, written: dict[str, Path]
):
    [row] = materialise.query(board, f"{RESULTS} AND benchmark = '{benchmark}'").to_pylist()
    ours = [sample for sample in open_real(place).lake.samples(row["run_id"]).to_pylist() if sample["response"]]
    found = {(task, sample["doc_id"]): sample for task, sample in logged(written[call_of(benchmark)].parent)}
    assert len(ours) == row["n_docs"] > 0
    for sample in ours:
        other = found[sample["task"], sample["doc_id"]]
        assert sample["prompt"] == other["arguments"]["gen_args_0"]["arg_0"]
        if row["scorer"] == "none":
            assert sample["response"] == other["resps"][0][0]


def test_a_repeat_is_the_run_that_lm_eval_makes_with_its_seed(place: Path, board: Path, written: dict[str, Path]):
    [row] = materialise.query(board, f"{RESULTS} AND benchmark = 'reply_sampled'").to_pylist()
    samples = open_real(place).lake.samples(row["run_id"]).to_pylist()
    found = {sample["doc_id"]: sample for _, sample in logged(written["sampled"].parent)}
    answers = {repeat: {} for repeat in range(REPEATS)}
    for sample in samples:
        if sample["response"] is not None:
            answers[sample["repeat"]][sample["doc_id"]] = sample["response"]
    assert answers[REPEATS - 1] == {doc_id: sample["resps"][0][0] for doc_id, sample in found.items()}
    assert answers[0] != answers[1] != answers[2], "another seed, other answers"
    outcomes = {
        repeat: [
            dict(one["outcomes"])["exact_match"]
            for one in samples
            if (one["repeat"], one["filter"]) == (repeat, "last-word")
        ]
        for repeat in range(REPEATS)
    }
    means = [sum(values) / DOCUMENTS for values in outcomes.values()]
    assert means[-1] == theirs(written, "reply_sampled")["exact_match,last-word"]
    assert row["score"] == fmean(means)
    documents = [fmean(same) for same in zip(*outcomes.values(), strict=True)]
    assert row["stderr"] == stdev(documents) / DOCUMENTS**0.5
    assert (row["n"], row["n_docs"], row["repeats"]) == (REPEATS * DOCUMENTS, DOCUMENTS, REPEATS)


def logged(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield task and sample of what lm-eval logged."""
    for path in folder.glob("samples_*.jsonl"):
        task = path.stem.removeprefix("samples_").rpartition("_")[0]
        yield from ((task, json.loads(line)) for line in path.read_text().splitlines())


def test_random_weights_fall_to_chance(place: Path, board: Path, tmp_path: Path):
    [real] = materialise.query(board, INDEX).to_pylist()
    registry = Path(shutil.copytree(place / "registry", tmp_path / "registry"))
    drawn = draw_weights(real_weights(place), tmp_path / "drawn")
    swap_weights(registry, [describe(path) for path in sorted(drawn.iterdir())], drawn)
    _, refreshed = night(open_real(tmp_path, "above"))
    [random] = materialise.query(refreshed.board, INDEX).to_pylist()
    assert random["index_lo"] < 0 < random["index_hi"]
    assert real["index_lo"] > max(0, random["index"])
    shutil.rmtree(drawn)


def draw_weights(like: Path, target: Path) -> Path:
    """Write a model of the same configuration and tokenizer, as it is before its training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(like), dtype=torch.float32)
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(like).save_pretrained(target)
    return target
