"""Print the evidence on which the items of `quick` were chosen, as the Markdown of docs/quick.md.

    python -m benchmarks.quick_evidence SmolLM2=FOLDER gemma=FOLDER Qwen=FOLDER --out outcomes.json

Each FOLDER holds one model's weights, configuration and tokenizer. With --from outcomes.json nothing is evaluated that
is in it already; several such files, of several epochs, are pooled.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from itertools import combinations
from math import comb, sqrt
from pathlib import Path
from random import Random
from typing import Any

import yaml

from standings.quick import MultipleChoice, documents

ROOT = Path(__file__).resolve().parent.parent
SUITE = ROOT / "registry" / "suites" / "quick.yaml"


def main() -> None:
    options = _options()
    suite = yaml.safe_load(SUITE.read_text())
    wanted = [entry for entry in suite["benchmarks"] if not options.only or entry["id"] in options.only]
    wanted = [{**entry, "epoch": options.epoch or entry["epoch"]} for entry in wanted]
    outcomes = pool([json.loads(file.read_text()) for file in options.reuse])
    for model, folder in (pair.split("=", 1) for pair in options.models):
        outcomes[model] = evaluate(folder, suite, wanted, options.threads)
        if options.out:
            options.out.write_text(json.dumps(outcomes))
    sys.stdout.write(report(outcomes, wanted))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="NAME=FOLDER")
    parser.add_argument("--only", nargs="*", metavar="BENCHMARK", help="these benchmarks; without it all of the suite")
    parser.add_argument("--out", type=Path, help="keep each document's outcome here, as JSON")
    parser.add_argument("--from", nargs="+", default=[], type=Path, dest="reuse", metavar="FILE", help="kept outcomes")
    parser.add_argument("--epoch", type=int, help="ask this epoch's documents; without it the suite's own")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def pool(kept: list[dict[str, Any]]) -> dict[str, Any]:
    """Return each model's outcomes one after another, epoch after epoch."""
    pooled: dict[str, Any] = {}
    for outcomes in kept:
        for model, measured in outcomes.items():
            for name, part in measured.items():
                whole = pooled.setdefault(model, {}).setdefault(name, {"correct": [], "seconds": 0.0, "tokens": 0})
                whole["correct"] += part.get("correct", [])
                whole["seconds"] += part["seconds"]
                whole["tokens"] += part.get("tokens", 0)
    return pooled


def evaluate(folder: str, suite: dict[str, Any], wanted: list[dict[str, Any]], threads: int) -> dict[str, Any]:
    """Return benchmark → {correct: one 0 or 1 per document, seconds, tokens run}, and `load` → its seconds."""
    import torch
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    torch.set_num_threads(threads)
    started = time.perf_counter()
    model = scorer(folder)
    measured: dict[str, Any] = {"load": {"seconds": time.perf_counter() - started}}
    for entry in wanted:
        tasks = TaskManager(
            include_defaults=False,
            include_path=[str(SUITE.with_suffix(""))],
            metadata={**suite.get("metadata", {}), "epoch": entry["epoch"]},
        )
        started, before = time.perf_counter(), model.tokens_run
        result = simple_evaluate(
            model, tasks=[entry["task"]], task_manager=tasks, bootstrap_iters=0, log_samples=True, verbosity="ERROR"
        )
        rows = [row for row in result["samples"][entry["task"]] if row["filter"] == entry["score"]["filter"]]
        correct = [int(row[entry["score"]["metric"]]) for row in sorted(rows, key=lambda row: row["doc_id"])]
        measured[entry["id"]] = {
            "correct": correct,
            "seconds": time.perf_counter() - started,
            "tokens": model.tokens_run - before,
        }
    return measured


def scorer(folder: str) -> Any:
    """Load a model at fp32 into the scorer that the worker uses."""
    from tasks.harness.scorer import SharedContextLM

    return SharedContextLM(pretrained=folder, dtype="float32", device="cpu", batch_size=8)


def wilson(correct: int, of: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share (Wilson 1927)."""
    z = 1.959963984540054
    share, spread = correct / of, z * z / of
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * sqrt(share * (1 - share) / of + spread / (4 * of))
    return centre - half, centre + half


def mcnemar(first: list[int], second: list[int]) -> float:
    """Return the exact two-sided p of McNemar's test on the documents that both answered (binomial, no correction)."""
    better = sum(one > two for one, two in zip(first, second, strict=True))
    worse = sum(one < two for one, two in zip(first, second, strict=True))
    of = better + worse
    tail = sum(comb(of, count) for count in range(min(better, worse) + 1)) / 2**of
    return min(1.0, 2 * tail)


def report(outcomes: dict[str, Any], wanted: list[dict[str, Any]]) -> str:
    """Lay out scores with their intervals, the pairs' p, the seconds and the choosers, each as a Markdown table."""
    tables = [_scores(outcomes, wanted), _pairs(outcomes, wanted), _seconds(outcomes, wanted), _choosers(wanted)]
    return "\n\n".join(tables) + "\n"


def _scores(outcomes: dict[str, Any], wanted: list[dict[str, Any]]) -> str:
    rows = []
    for entry in wanted:
        cells = []
        for model in outcomes.values():
            correct = model[entry["id"]]["correct"]
            low, high = wilson(sum(correct), len(correct))
            outside = "**" if not low <= entry["chance"] <= high else ""
            cells.append(f"{outside}{sum(correct) / len(correct):.2f}{outside} [{low:.2f}, {high:.2f}]")
        rows.append([entry["category"], entry["id"], f"{entry['chance']:.2f}", *cells])
    return _table(["category", "benchmark", "chance", *outcomes], rows)


def _pairs(outcomes: dict[str, Any], wanted: list[dict[str, Any]]) -> str:
    pairs = list(combinations(outcomes, 2))
    rows = []
    for entry in wanted:
        ps = [
            mcnemar(outcomes[one][entry["id"]]["correct"], outcomes[two][entry["id"]]["correct"]) for one, two in pairs
        ]
        rows.append([entry["id"], *(f"**{p:.1g}**" if p < 0.05 else f"{p:.2f}" for p in ps)])
    return _table(["exact McNemar p", *(f"{one} / {two}" for one, two in pairs)], rows)


def _seconds(outcomes: dict[str, Any], wanted: list[dict[str, Any]]) -> str:
    names = ["load", *(entry["id"] for entry in wanted)]
    rows = [[name, *(f"{model[name]['seconds']:.1f}" for model in outcomes.values())] for name in names]
    sums = [sum(model[name]["seconds"] for name in names) for model in outcomes.values()]
    return _table(["wall seconds", *outcomes], [*rows, ["all", *(f"{seconds:.0f}" for seconds in sums)]])


def _choosers(wanted: list[dict[str, Any]]) -> str:
    """Score those who can't read the question on 2,000 documents: 40 from each of fifty epochs."""
    rng = Random("a chooser who can't read")
    choosers: dict[str, Callable[[MultipleChoice], int]] = {
        "uniform": lambda each: rng.randrange(len(each.choices)),
        "first": lambda _: 0,
        "shortest": lambda each: min(range(len(each.choices)), key=lambda index: len(each.choices[index])),
        "longest": lambda each: max(range(len(each.choices)), key=lambda index: len(each.choices[index])),
    }
    rows = []
    for entry in wanted:
        exam = [each for epoch in range(1, 51) for each in documents(entry["id"], epoch, 40)]
        asked = [each for each in exam if isinstance(each, MultipleChoice)]
        if asked:
            shares = [sum(chosen(each) == each.gold for each in asked) / len(asked) for chosen in choosers.values()]
            error = sqrt(entry["chance"] * (1 - entry["chance"]) / len(asked))
            rows.append([entry["id"], *(f"{share:.3f}" for share in shares), f"{3 * error:.3f}"])
    return _table(["2,000 documents", *choosers, "3 standard errors"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows])


if __name__ == "__main__":
    main()
