"""Read the results that lm-evaluation-harness wrote: 0.3, and 0.4.0 to 0.4.13.

0.3 has `results`, `versions` and `config`, and metrics without a filter. 0.4 adds `configs`, `n-shot` and later
`n-samples`, `higher_is_better` and `lm_eval_version` (from 0.4.9 on; before it no file says its version).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, get_args

from standings.importing.lm_eval_model import Asked, asked_model
from standings.importing.lm_eval_samples import Counts, counts
from standings.importing.marks import Mark
from standings.importing.number import (
    File,
    Number,
    Reading,
    Refused,
    Unit,
    as_date,
    as_float,
    as_int,
    as_text,
    listed,
)

HARNESS = "lm-eval"
NO_METRIC = {"alias", "name", "sample_len", "sample_count", "samples", " ", ""}
SHARES = {"exact_match", "acc_norm", "acc_mutual_info", "mc1", "mc2", "pass@1", "pct_stereotype"}
UNMEASURED = 999.0  # what the metric `bypass` reports of a task that was not scored
Results = Mapping[str, Any]


def read(file: File) -> Reading:
    """Read one results file, with what its sample files say of the counts."""
    results: Results = json.loads(file.body)
    asked = asked_model(results, file.model)
    reading = Reading()
    outcomes = counts(file.samples)
    for task, found in every_task(results):
        shared = about(results, task, found, asked)
        for metric, filter_name, value, stderr in metrics(task, found, reading.left_out):
            seen = outcomes.get((task, metric, filter_name))
            number = Number(
                place=(file.sha256, task, metric, filter_name or ""),
                metric=metric,
                filter=filter_name,
                value=value,
                stderr=stderr,
                unit=unit_of(metric, value),
                higher_is_better=direction(results, task, metric),
                **shared,
            )
            reading.numbers.append(number if seen is None else counted(number, seen))
    if not reading.numbers:
        raise Refused("holds no number: lm-eval wrote a results file without a metric. Evaluate again.")
    return reading


def every_task(results: Results) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield tasks and groups; a group stands in `groups` and, in some versions, in `results` too."""
    found = {**results.get("groups", {}), **results["results"]}
    for task, numbers in found.items():
        # Later versions leave a bare title of a group in `results`: its numbers are in `groups`.
        titled = {**results.get("groups", {}).get(task, {}), **numbers}
        yield task, titled


def about(results: Results, task: str, found: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Return what all numbers of a task share."""
    version = as_text(results.get("versions", {}).get(task))
    n, limit, limited = documents(results, task, found)
    return {
        "model_told": asked.model,
        "revision": asked.revision,
        "benchmark_told": task,
        # Which documents a fraction of the task holds, nobody can say.
        "task": None if limited and limit is None else task,
        "task_version": version if as_float(version) is not None else None,
        "is_aggregate": is_group(results, task),
        "evidence": "measured_elsewhere",
        "n": n,
        "document_limit": limit,
        "shots": shots(results, task),
        "settings": listed({**asked.settings, **how(results)}),
        "harness": HARNESS,
        "harness_version": as_text(results.get("lm_eval_version")),
        "date": day(results),
        "marks": asked.marks | ({Mark.LIMITED} if limited else frozenset()),
    }


def metrics(
    task: str, found: Mapping[str, Any], left_out: list[str]
) -> Iterator[tuple[str, str | None, float, float | None]]:
    """Yield metric, filter (None where the key has none), value and standard error; say what is no number."""
    for key, told in found.items():
        metric, comma, filter_name = key.partition(",")
        if key in NO_METRIC or metric.endswith("_stderr"):
            continue
        value = None if isinstance(told, str) else as_float(told)
        if metric == "bypass" or value == UNMEASURED:
            left_out.append(f"{task}: {key} was not measured (predict only)")
        elif value is None:
            shown = told if isinstance(told, str | float | None) else type(told).__name__
            left_out.append(f"{task}: {key} is {shown!r}, no number")
        else:
            yield metric, filter_name or None, value, stderr_of(found, metric, comma + filter_name)


def stderr_of(found: Mapping[str, Any], metric: str, suffix: str) -> float | None:
    """Return a metric's standard error; `N/A`, NaN and nothing at all are None."""
    stderr = as_float(found.get(f"{metric}_stderr{suffix}"))
    return stderr if stderr is not None and stderr >= 0 else None


def unit_of(metric: str, value: float) -> Unit | None:
    """Say that a value is a share where lm-eval's metric is one; F1, BLEU and perplexity are no shares there."""
    is_share = metric in SHARES or metric == "acc" or metric.endswith("_acc")
    return get_args(Unit)[0] if is_share and 0 <= value <= 1 else None


def direction(results: Results, task: str, metric: str) -> bool | None:
    """Return whether higher is better, where the file says so."""
    said = results.get("higher_is_better", {}).get(task, {})
    found = said.get(metric) if isinstance(said, Mapping) else None
    return found if isinstance(found, bool) else None


def shots(results: Results, task: str) -> int | None:
    """Return the examples of a task: of a group, those that all its tasks share."""
    told = results.get("n-shot", {})
    leaves = [name for name in below(results, task) if name in told]
    several = {as_int(told[name]) for name in leaves}
    if task in told and as_int(told[task]) is not None and not leaves:
        return as_int(told[task])
    if len(several) == 1:
        return several.pop()
    if several:
        return None
    in_task = as_int(results.get("configs", {}).get(task, {}).get("num_fewshot"))
    return in_task if in_task is not None else as_int(results.get("config", {}).get("num_fewshot"))


def documents(results: Results, task: str, found: Mapping[str, Any]) -> tuple[int | None, int | None, bool]:
    """Return how many documents were asked, the limit, and whether there was one that cut something off."""
    of_task = [results.get("n-samples", {}).get(name) for name in below(results, task) or [task]]
    known = [item for item in of_task if isinstance(item, Mapping)]
    effective = [as_int(item.get("effective")) for item in known]
    n = sum(item or 0 for item in effective) if known and len(known) == len(of_task) and None not in effective else None
    n = n or as_int(found.get("sample_len")) or as_int(found.get("samples"))
    limit = as_float(results.get("config", {}).get("limit"))
    whole = known and all(item.get("original") == item.get("effective") for item in known)
    if limit is None or limit <= 0 or whole:
        return n, None, False
    return n, int(limit) if limit >= 1 else None, True


def is_group(results: Results, task: str) -> bool:
    """Tell whether a name is a group's."""
    return task in results.get("groups", {}) or bool(results.get("group_subtasks", {}).get(task))


def below(results: Results, task: str) -> list[str]:
    """Return the tasks below a group; none of a task."""
    children = results.get("group_subtasks", {})
    return [leaf for child in children.get(task, ()) for leaf in (below(results, child) or [child])]


def how(results: Results) -> dict[str, Any]:
    """Return what was laid around the prompt."""
    config = results.get("config", {})
    template = any((results.get("chat_template"), results.get("chat_template_sha"), config.get("apply_chat_template")))
    return {
        "chat_template": "applied" if template else None,
        "system_instruction": "given" if results.get("system_instruction") else None,
        "fewshot_as_multiturn": results.get("fewshot_as_multiturn") or None,
        "gen_kwargs": config.get("gen_kwargs") or None,
    }


def day(results: Results) -> date | None:
    """Return the day of the evaluation, which 0.3 does not say."""
    return as_date(results["date"]) if results.get("date") else None


def counted(number: Number, seen: Counts) -> Number:
    """Add what the sample files say; where they give another value, say so and add nothing."""
    if not seen.agrees(number.value, number.n):
        return replace(number, marks=number.marks | {Mark.SAMPLES_DISAGREE})
    return replace(number, n=seen.documents, n_correct=seen.correct)
