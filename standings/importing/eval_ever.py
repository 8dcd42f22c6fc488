"""Read Every Eval Ever records: JSON of https://github.com/evaleval/every_eval_ever, schema 0.2 and 0.3.

One record is one evaluation of one model with a list of results. Each says its metric, its bounds and its data set.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from standings.importing.number import (
    Evidence,
    File,
    Number,
    Reading,
    Unit,
    as_date,
    as_float,
    as_int,
    as_text,
    listed,
)

LM_EVAL = {"lm_eval", "lm-eval", "lm_evaluation_harness", "lm-evaluation-harness"}
Record = Mapping[str, Any]


def read(file: File) -> Reading:
    """Read a record, or one a line."""
    reading = Reading()
    for record in records(file.body):
        for place, result in enumerate(record["evaluation_results"]):
            score = result["score_details"].get("score")
            metric = result.get("metric_config", {})
            unknown = metric.get("has_unknown_level") and score == -1
            if isinstance(score, str | bool) or (value := as_float(score)) is None or unknown:
                reading.left_out.append(f"{result['evaluation_name']}: the score is {score!r}, no number")
                continue
            reading.numbers.append(number(record, result, place, value))
    return reading


def records(body: bytes) -> Iterator[Record]:
    """Split a file into its records."""
    try:
        yield json.loads(body)
    except ValueError:
        yield from (json.loads(line) for line in body.splitlines() if line.strip())


def number(record: Record, result: Record, place: int, value: float) -> Number:
    """Turn one result into a number."""
    source, library, model = (record.get(name) or {} for name in ("source_metadata", "eval_library", "model_info"))
    metric, details = result.get("metric_config") or {}, model.get("additional_details") or {}
    data, asked = result.get("source_data") or {}, result.get("generation_config") or {}
    more = asked.get("additional_details") or {}
    uncertainty = result["score_details"].get("uncertainty") or {}
    stderr = uncertainty.get("standard_error")
    by_lm_eval = str(library.get("name", "")).lower() in LM_EVAL
    told = str(result["evaluation_name"])
    task, _, filter_name = told.partition("/")
    # A board that somebody read names benchmarks in its own words, whatever measured them.
    is_task = by_lm_eval and evidence(source) == "measured_elsewhere"
    lower = metric.get("lower_is_better")
    return Number(
        place=where(record, result, place),
        model_told=model.get("id") or model["name"],
        organisation_told=as_text(model.get("developer")),
        revision=as_text(details.get("sha")) or as_text(details.get("revision")),
        benchmark_told=told,
        task=task if is_task else None,
        filter=(filter_name or "none") if is_task else None,
        evidence=evidence(source),
        metric=metric_name(metric),
        value=value,
        unit=unit_of(metric),
        higher_is_better=not lower if isinstance(lower, bool) else None,
        stderr=as_float(stderr.get("value") if isinstance(stderr, Mapping) else stderr),
        n=as_int(uncertainty.get("num_samples")) or as_int(data.get("samples_number")),
        document_limit=as_int(more.get("document_limit")),
        shots=as_int(more.get("num_fewshot")),
        task_version=as_text(more.get("task_version")),
        settings=listed({**(asked.get("generation_args") or {}), "dtype": details.get("dtype"), **rest(more)}),
        harness="lm-eval" if by_lm_eval else as_text(library.get("name")),
        harness_version=as_text(library.get("version")),
        source=address(source, data),
        date=as_date(result.get("evaluation_timestamp") or record.get("evaluation_timestamp")),
    )


def where(record: Record, result: Record, place: int) -> tuple[str, ...]:
    """Say which number it is, without the time at which a board was read: read again it is the same number."""
    source, model = record.get("source_metadata") or {}, record["model_info"]
    metric = metric_name(result.get("metric_config") or {})
    return (
        "every-eval-ever",
        str(source.get("source_name")),
        str(source.get("source_organization_name")),
        str(result["evaluation_name"]),
        str(result.get("evaluation_result_id") or place),
        str(metric),
        str(result.get("evaluation_timestamp") or record.get("evaluation_timestamp")),
        json.dumps([model, result.get("generation_config"), record.get("eval_library")], sort_keys=True),
    )


def evidence(source: Record) -> Evidence:
    """Say whether somebody ran it, or read it off a page."""
    return "measured_elsewhere" if source.get("source_type") == "evaluation_run" else "reported"


def metric_name(metric: Record) -> str | None:
    """Return the metric's name; their converter of lm-eval's results has it in the description, before the filter."""
    named = as_text(metric.get("metric_name")) or as_text(metric.get("metric_id")) or as_text(metric.get("metric_kind"))
    described = str(metric.get("evaluation_description", "")).partition(" (filter")[0]
    return named or (described if described and " " not in described else None)


def unit_of(metric: Record) -> Unit | None:
    """Read the unit, or what the bounds leave no doubt about."""
    named = str(metric.get("metric_unit", "")).lower()
    bounds = (as_float(metric.get("min_score")), as_float(metric.get("max_score")))
    if named in ("proportion", "fraction") or (not named and bounds == (0, 1)):
        return "share"
    if named in ("percent", "percentage") or (not named and bounds == (0, 100)):
        return "percent"
    return None


def rest(more: Record) -> dict[str, Any]:
    """Return the details that have no column of their own."""
    own = ("num_fewshot", "task_version", "document_limit")
    return {name: value for name, value in more.items() if name not in own}


def address(source: Record, data: Record) -> str | None:
    """Return where the number is from: the result's own page, the organisation's, or their names."""
    pages = data.get("url") if data.get("source_type") == "url" else None
    named = " of ".join(filter(None, (source.get("source_name"), source.get("source_organization_name"))))
    return (pages[0] if pages else None) or as_text(source.get("source_organization_url")) or as_text(named)
