"""Turn the answers that lm-eval returns into sample rows."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Results = Mapping[str, Any]  # what lm_eval.simple_evaluate returns with samples logged
Sample = Mapping[str, Any]  # one of its logged samples: a document and a filter
Finish = tuple[int, str]  # tokens of a generated answer, and why it ended
Row = dict[str, Any]


@dataclass(frozen=True)
class Repeat:
    """One time that a benchmark was asked."""

    results: Results
    # By task and document, how its answer ended; of several where the task itself asks again and makes one of them.
    finish: Mapping[tuple[str, int], Sequence[Finish]] = field(default_factory=dict)


def sample_rows(run_id: str, repeats: Sequence[Repeat]) -> list[Row]:
    """Return one row per document, repeat and filter; the prompt's text stands in the first row that has its hash.

    Where the task itself asks a document several times and makes one answer of them, each has a row, and the outcome
    stands in the first.
    """
    rows: list[Row] = []
    prompts: set[str] = set()
    for number, repeat in enumerate(repeats):
        responded: set[tuple[str, int]] = set()
        for task, samples in repeat.results["samples"].items():
            for sample in samples:
                place = (task, int(sample["doc_id"]))
                made = _sample_rows(run_id, task, sample, number, repeat.finish.get(place, ()))
                if made[0]["prompt_hash"] in prompts:
                    made[0]["prompt"] = None
                if place in responded:
                    made = [{**made[0], "response": None}]
                rows += made
                prompts.add(made[0]["prompt_hash"])
                responded.add(place)
    return rows


def _sample_rows(run_id: str, task: str, sample: Sample, number: int, finish: Sequence[Finish]) -> list[Row]:
    """Return the rows of one document in one repeat and filter: as many as it was asked in it."""
    responses = [response(sample)] if is_choice(sample) else [str(text) for text in sample["resps"][0]]
    ended: Sequence[Finish | tuple[None, None]] = finish or [(None, None)] * len(responses)
    row = {
        "run_id": run_id,
        "task": task,
        "doc_id": int(sample["doc_id"]),
        "filter": sample["filter"],
        "doc_hash": sample["doc_hash"],
        "prompt_hash": _prompt_hash(sample),
        "target_hash": sample["target_hash"],
        "prompt": _prompt(sample),
        "target": str(sample["target"]),
        "answer": answer(sample),
        "outcomes": [
            (metric, _mean(numbers(sample[metric]))) for metric in sample["metrics"] if numbers(sample[metric])
        ],
    }
    again: Row = {"prompt": None, "answer": None, "outcomes": []}
    return [
        {
            **row,
            **(again if place else {}),
            "repeat": number * len(responses) + place,
            "response": text,
            "tokens": tokens,
            "finish_reason": reason,
        }
        for place, (text, (tokens, reason)) in enumerate(zip(responses, ended, strict=True))
    ]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _prompt(sample: Sample) -> str:
    return str(sample["arguments"][0][0])


def _prompt_hash(sample: Sample) -> str:
    # Not lm-eval's own, which differs by version: the text that stands in `prompt` is what is hashed.
    return hashlib.sha256(_prompt(sample).encode()).hexdigest()


def is_choice(sample: Sample) -> bool:
    """Tell whether the document was scored by log-likelihoods."""
    first = sample["resps"][0][0]
    return isinstance(first, list | tuple)


def response(sample: Sample) -> str:
    """Return what the model gave: the generated text, or the choices' log-likelihoods as JSON."""
    if is_choice(sample):
        return json.dumps([round(float(choice[0][0]), 6) for choice in sample["resps"]])
    return str(sample["resps"][0][0])


def answer(sample: Sample) -> str | None:
    """Return what the filter reads from the response: text, or the number of the likeliest choice."""
    if is_choice(sample):
        likelihoods = [float(choice[0][0]) for choice in sample["resps"]]
        return str(max(range(len(likelihoods)), key=likelihoods.__getitem__))
    filtered = sample["filtered_resps"][0]
    return filtered if isinstance(filtered, str) else json.dumps(filtered, default=str)


def numbers(value: Any) -> list[float]:
    """Return the outcomes; a pair is none: f1 keeps (gold, predicted), perplexity (log-likelihood, words)."""
    listed = value if isinstance(value, list) else [value]
    return [float(item) for item in listed] if all(isinstance(item, int | float) for item in listed) else []
