"""Make results as a board shows them, with the scores of their runs: a task, a group, a limited benchmark."""

from datetime import UTC, datetime
from typing import Any

from standings.exporting.counted import Row, Sheet, sheets

DONE = datetime(2026, 8, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def result(run: str, **changes: Any) -> Row:
    """Make a row of leaderboard.results."""
    return {
        "suite": "core", "benchmark": "gsm8k", "model": "acme/tiny-1", "variant": "bf16", "is_primary": True,
        "name": "Tiny 1", "organisation": "acme", "task": "gsm8k", "metric": "exact_match", "filter": "strict-match",
        "score": 0.75, "document_limit": None, "epoch": 1, "kind": "base", "engine": "hf", "engine_version": None,
        "protocol": '{"output":"generate_until","shots":5}', "revision": "a" * 40, "dtype": "bfloat16",
        "quantisation": None, "weights": None, "reasoning": "off", "harness": "0.4.13", "scorer": "shared",
        "device": "cpu", "code_sha": "c", "finished_at": DONE, "variant_id": "v", "benchmark_id": "b", "job_id": "j",
        "run_id": run, **changes,
    }  # fmt: skip


def score(run: str, **changes: Any) -> Row:
    """Make a row of raw.scores."""
    return {
        "run_id": run, "task": "gsm8k", "is_aggregate": False, "metric": "exact_match", "filter": "strict-match",
        "value": 0.75, "stderr": 0.0119, "n": 1319, "n_docs": 1319, "repeats": 1, "n_correct": 989,
        "higher_is_better": True, **changes,
    }  # fmt: skip


def of_a_board() -> list[Sheet]:
    """Return the sheets of two models."""
    group = {"benchmark": "mmlu", "task": "mmlu", "metric": "acc", "filter": "none", "score": 1 / 3}
    choice = {"metric": "acc", "filter": "none"}
    asked = {"protocol": '{"chat_template":true,"output":"generate_until"}', "is_primary": False, "variant": "q4"}
    return sheets(
        [
            result("r1"),
            result("r2", **group, protocol='{"output":"multiple_choice","shots":5}'),
            result("r3", suite="core-limit-20", benchmark="gsm8k-limit-20", document_limit=20, score=0.5),
            result("r4", model="belle/big", **asked, quantisation="Q4_K_M", score=0.8),
        ],
        [
            score("r1"),
            score("r1", filter="flexible-extract", value=0.8, n_correct=1055),
            score("r2", task="mmlu", **choice, is_aggregate=True, value=1 / 3, stderr=None, n=30, n_docs=30,
                  n_correct=10),
            score("r2", task="mmlu_a", **choice, value=0.5, stderr=0.1, n=10, n_docs=10, n_correct=5),
            score("r2", task="mmlu_b", **choice, value=0.25, stderr=0.1, n=20, n_docs=20, n_correct=5),
            score("r2", task="mmlu_b", metric="brier", filter="none", value=0.2, stderr=0.01, n=20, n_docs=20,
                  n_correct=None, higher_is_better=False),
            score("r3", value=0.5, n=20, n_docs=20, n_correct=10),
            score("r4", value=0.8, n=2638, repeats=2, n_correct=2110),
        ],
    )  # fmt: skip
