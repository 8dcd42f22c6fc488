"""Turn what lm-eval returns into scores, and refuse what is no measurement.

The input is the dictionary that `lm_eval.simple_evaluate` returns with samples logged (lm-eval 0.4.13,
`result_schema.EvalResults`).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from standings.failure import Reason
from standings.repeats import mean_row
from standings.samples import Finish, Repeat, Results, Row, is_choice, numbers, response


class NotAMeasurement(ValueError):
    """The harness returned something that must not become a score; `reason` names the failure."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def score_rows(run_id: str, repeats: Sequence[Repeat]) -> list[Row]:
    """Return one row per metric and filter of each task, and of each group that aggregates: means over the repeats.

    Raises NotAMeasurement for a bypassed metric (lm-eval reports 999) and for a value that is not finite.
    """
    outcomes = [_outcomes(one.results) for one in repeats]
    rows = zip(*(_rows(run_id, one.results) for one in repeats), strict=True)
    return [mean_row(same, outcomes) for same in rows]


def _rows(run_id: str, results: Results) -> list[Row]:
    groups = results.get("groups", {})
    leaves = [row for name in results["samples"] for row in _task_rows(run_id, name, results)]
    return leaves + [row for name in groups for row in _group_rows(run_id, name, results, leaves)]


def _outcomes(results: Results) -> dict[tuple[str, str, str], list[float]]:
    return {
        (task, metric, filter_name): listed
        for task, samples in results["samples"].items()
        for (metric, filter_name), listed in outcomes_by_metric(samples).items()
        if len(listed) == results["results"][task]["sample_len"]  # one a document
    }


def _task_rows(run_id: str, task: str, results: Results) -> Iterator[Row]:
    found = results["results"][task]
    outcomes = outcomes_by_metric(results["samples"][task])
    for metric, filter_name, value, stderr in metrics(task, found):
        # A metric that aggregates something else than outcomes (a corpus-level F1) has no counts.
        listed = outcomes.get((metric, filter_name), [])
        yield {
            "run_id": run_id,
            "task": task,
            "is_aggregate": False,
            "metric": metric,
            "filter": filter_name,
            "value": value,
            "stderr": stderr,
            "n": len(listed) or found["sample_len"],
            "n_docs": found["sample_len"],
            "repeats": results.get("configs", {}).get(task, {}).get("repeats", 1),
            "n_correct": _count_correct(listed, value),
            "higher_is_better": results["higher_is_better"][task].get(metric) is not False,  # None: not said
        }


def _group_rows(run_id: str, group: str, results: Results, leaves: Sequence[Row]) -> Iterator[Row]:
    below = set(_leaves_below(group, results["group_subtasks"]))
    found = results["groups"][group]
    for metric, filter_name, value, stderr in metrics(group, found):
        parts = [
            row for row in leaves if row["task"] in below and (row["metric"], row["filter"]) == (metric, filter_name)
        ]
        n, correct = sum(row["n"] for row in parts), [row["n_correct"] for row in parts]
        total = sum(correct) if all(count is not None for count in correct) else None
        # Only a mean weighted by size is the share of all documents; any other mean has no counts.
        is_share = total is not None and n > 0 and math.isclose(total / n, value, rel_tol=0, abs_tol=1e-9)
        yield {
            "run_id": run_id,
            "task": group,
            "is_aggregate": True,
            "metric": metric,
            "filter": filter_name,
            "value": value,
            "stderr": stderr,
            "n": n,
            "n_docs": sum(row["n_docs"] for row in parts),
            "repeats": max((row["repeats"] for row in parts), default=1),
            "n_correct": total if is_share else None,
            "higher_is_better": all(row["higher_is_better"] for row in parts),
        }


def _leaves_below(group: str, children: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for child in children.get(group, ()):
        if child in children:
            yield from _leaves_below(child, children)
        else:
            yield child


def metrics(task: str, found: Mapping[str, Any]) -> Iterator[tuple[str, str, float, float | None]]:
    """Yield (metric, filter, value, stderr) from lm-eval's `metric,filter` keys."""
    for key, value in found.items():
        metric, comma, filter_name = key.partition(",")
        if not comma or metric.endswith("_stderr"):
            continue
        if metric == "bypass":
            raise NotAMeasurement(
                Reason.DEGENERATE, f"{task}: the harness was run to predict only, no metric was computed"
            )
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise NotAMeasurement(Reason.NOT_FINITE, f"{task}: {key} is {value!r}")
        stderr = found.get(f"{metric}_stderr,{filter_name}")
        is_number = isinstance(stderr, int | float) and math.isfinite(stderr)
        yield metric, filter_name, float(value), float(stderr) if is_number and stderr is not None else None


def outcomes_by_metric(samples: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[float]]:
    """Collect each metric's outcomes over documents; a document with several (IFEval's instructions) gives several."""
    collected: dict[tuple[str, str], list[float]] = defaultdict(list)
    for sample in samples:
        for metric in sample["metrics"]:
            collected[metric, sample["filter"]] += numbers(sample[metric])
    return collected


def _count_correct(outcomes: Sequence[float], value: float) -> int | None:
    """Count the ones where the metric is the mean of zeros and ones, else None."""
    if not outcomes or not all(outcome in (0.0, 1.0) for outcome in outcomes):
        return None
    correct = int(sum(outcomes))
    return correct if math.isclose(correct / len(outcomes), value, rel_tol=0, abs_tol=1e-9) else None


MINIMUM_TO_JUDGE = 8  # documents; fewer may well be answered alike


def check_answers(repeat: Repeat) -> None:
    """Raise NotAMeasurement where the answers show a broken model rather than a weak one.

    A weak model may choose badly, think until it is cut, or write what no filter reads: that is its score. Broken is: a
    log-likelihood that is not finite; choices that tie in every document; generated answers that are all empty, or all
    the same.
    """
    for task, samples in repeat.results["samples"].items():
        responses = {sample["doc_id"]: sample for sample in samples}.values()
        choices = [[float(choice[0][0]) for choice in sample["resps"]] for sample in responses if is_choice(sample)]
        if any(not math.isfinite(value) for values in choices for value in values):
            raise NotAMeasurement(Reason.NOT_FINITE, f"{task}: a log-likelihood is not finite")
        if len(choices) >= MINIMUM_TO_JUDGE and all(len(values) > 1 and len(set(values)) == 1 for values in choices):
            raise NotAMeasurement(Reason.DEGENERATE, f"{task}: all choices tie in all {len(choices)} documents")
        texts = [
            response(sample).strip()
            for sample in responses
            if not is_choice(sample) and not _is_cut_thought(repeat.finish.get((task, sample["doc_id"]), ()))
        ]
        if len(texts) >= MINIMUM_TO_JUDGE and len(set(texts)) == 1:
            said = f"the same: {texts[0][:60]!r}" if texts[0] else "empty"
            raise NotAMeasurement(Reason.DEGENERATE, f"{task}: all {len(texts)} answers are {said}")


def _is_cut_thought(finish: Sequence[Finish]) -> bool:
    return bool(finish) and all(reason == "thought" for _, reason in finish)


def check_documents(results: Results, expected: Mapping[str, int]) -> None:
    """Raise NotAMeasurement where a task was not asked as many documents as the lock and the limit say."""
    for task, count in expected.items():
        asked = results["n-samples"][task]["effective"]
        if asked != count:
            raise NotAMeasurement(Reason.LOCK_MISMATCH, f"{task}: {asked} documents were scored, the lock says {count}")
