"""Make small files of every shape that is read. All numbers are made up."""

import hashlib
import json
from typing import Any

from standings.importing.number import File


def file(body: object, name: str = "results.json", **more: Any) -> File:
    """Make a file of text, bytes, or what JSON can say."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return File(name, raw, hashlib.sha256(raw).hexdigest(), **more)


def harness_03(**changes: Any) -> dict[str, Any]:
    """Lay out results as lm-eval 0.3 did: metrics without a filter, no date, no version of the harness."""
    return {
        "results": {
            "arc_easy": {"acc": 0.6, "acc_stderr": 0.01, "acc_norm": 0.55, "acc_norm_stderr": 0.02},
            "lambada_openai": {"ppl": 5.5, "ppl_stderr": 0.1, "acc": 0.5, "acc_stderr": 0.007},
        },
        "versions": {"arc_easy": 0, "lambada_openai": 0},
        "config": {
            "model": "hf-causal",
            "model_args": "pretrained=acme/tiny-1,revision=step1000,dtype=bfloat16",
            "num_fewshot": 5,
            "batch_size": 2,
            "limit": None,
        },
        **changes,
    }


def harness_04(**changes: Any) -> dict[str, Any]:
    """Lay out results as lm-eval 0.4.13 does, with a group of two tasks."""
    return {
        "results": {
            "sums": {"alias": "sums", "name": "sums", "sample_len": 4,
                     "exact_match,strict": 0.75, "exact_match_stderr,strict": 0.25,
                     "exact_match,flexible": 1.0, "exact_match_stderr,flexible": 0.0},
            "quiz": {"alias": "quiz", " ": " "},
            "quiz_a": {"alias": " - a", "acc,none": 0.5, "acc_stderr,none": "N/A"},
            "quiz_b": {"alias": " - b", "acc,none": 0.25, "acc_stderr,none": float("nan")},
        },
        "groups": {"quiz": {"alias": "quiz", "acc,none": 0.4, "acc_stderr,none": 0.1}},
        "group_subtasks": {"quiz": ["quiz_a", "quiz_b"], "sums": []},
        "configs": {"sums": {"task": "sums", "num_fewshot": 8}},
        "versions": {"sums": 3.0, "quiz": 1, "quiz_a": "Yaml", "quiz_b": 1.0},
        "n-shot": {"sums": 8, "quiz_a": 5, "quiz_b": 5},
        "higher_is_better": {"sums": {"exact_match": True}, "quiz": {"acc": True}, "quiz_a": {"acc": None}},
        "n-samples": {"sums": {"original": 4, "effective": 4}, "quiz_a": {"original": 6, "effective": 6},
                      "quiz_b": {"original": 4, "effective": 4}},
        "config": {"model": "hf", "model_args": {"pretrained": "acme/tiny-1", "dtype": "float32"}, "limit": None,
                   "model_sha": "a" * 40, "gen_kwargs": {}},
        "date": 1785585600.5,
        "lm_eval_version": "0.4.13",
        "chat_template_sha": None,
        **changes,
    }  # fmt: skip


def samples(*outcomes: float, filter: str | None = "strict", metric: str = "exact_match") -> bytes:
    """Lay out a sample file: a line a document."""
    lines = []
    for place, outcome in enumerate(outcomes):
        line = {"doc_id": place, "doc": {}, "target": "1", "arguments": {}, "resps": [["1"]], "filtered_resps": ["1"]}
        named = {"filter": filter, "metrics": [metric]} if filter else {}  # 0.4.4 writes neither
        lines.append(json.dumps({**line, **named, "doc_hash": "d", "prompt_hash": "p", metric: outcome}))
    return "\n".join(lines).encode()


def eval_ever(**changes: Any) -> dict[str, Any]:
    """Lay out an Every Eval Ever record, schema 0.3."""
    return {
        "schema_version": "0.3.0",
        "evaluation_id": "board/acme_tiny-1/1785585600",
        "evaluation_timestamp": "1785585600",
        "retrieved_timestamp": "1785585601",
        "source_metadata": {
            "source_name": "A board",
            "source_type": "documentation",
            "source_organization_name": "Boards",
            "evaluator_relationship": "third_party",
        },
        "eval_library": {"name": "unknown", "version": "unknown"},
        "model_info": {"name": "Tiny 1", "id": "acme/tiny-1", "developer": "Acme", "additional_details": {}},
        "evaluation_results": [
            {
                "evaluation_name": "GPQA",
                "source_data": {"dataset_name": "GPQA", "source_type": "url", "url": ["https://board.example/gpqa"]},
                "metric_config": {"metric_name": "accuracy", "metric_unit": "percent", "lower_is_better": False},
                "score_details": {
                    "score": 41.5,
                    "uncertainty": {"standard_error": {"value": 2.1}, "num_samples": 198},
                },
            }
        ],
        **changes,
    }


HUB = """
- dataset:
    id: acme/exam
    task_id: default
    revision: 0123456
  value: 20.90
  verifyToken: abc
  date: "2026-01-15"
  source:
    url: https://traces.example/exam
    name: traces
    user: somebody
  notes: no-tools
- dataset: {id: acme/quiz}
  value: 0.412
"""
AIDER = """
- dirname: 2026-01-01-tiny
  test_cases: 224
  total_tests: 225
  model: Tiny 1 (high)
  edit_format: diff
  commit_hash: 0077123
  pass_rate_1: 10.5
  pass_rate_2: 35.7
  pass_num_1: 24
  pass_num_2: 80
  reasoning_effort: high
  command: aider --model acme/tiny-1
  date: 2026-01-02
  versions: 0.86.2.dev
  total_cost: 1.5
"""
TIDY = """model,benchmark,metric,value,unit,shots,source,date
acme/tiny-1,MMLU,acc,76.9,percent,5,https://paper.example,2026-05-14
"Tiny, the first",GSM8K,,0.5,,,https://paper.example,
"""
