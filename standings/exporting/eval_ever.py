"""Write Every Eval Ever records, schema 0.3.0, one a sheet, at the path that its datastore asks for.

Facts of the schema (https://github.com/evaleval/every_eval_ever): all values of `additional_details` are text; a
continuous metric must state its bounds, so a metric whose bounds we do not know states no score type.
"""

import json
import re
import uuid
from collections.abc import Iterable
from typing import Any

from standings.exporting.counted import Result, Row, Sheet
from standings.identity import digest
from standings.importing.lm_eval import unit_of

SCHEMA = "0.3.0"
ENGINES = {"hf": "transformers"}


def write(sheets: Iterable[Sheet], *, by: str, source: str | None = None) -> dict[str, bytes]:
    """Return the files by path. `by` is who measured, `source` the address of their board."""
    files = {}
    for sheet in sheets:
        developer, _, model = str(sheet.head["model"]).partition("/")
        named = model if sheet.head["is_primary"] else f"{model}__{sheet.head['variant']}"
        text = json.dumps(record(sheet, by, source), indent=2, ensure_ascii=False, allow_nan=False)
        path = f"data/{portable(sheet.head['suite'])}/{portable(developer)}/{portable(named)}/{_name(sheet)}.json"
        files[path] = text.encode() + b"\n"
    return files


def record(sheet: Sheet, by: str, source: str | None) -> dict[str, Any]:
    """Return one record."""
    head, moment = sheet.head, str(int(sheet.finished.timestamp()))
    return {
        "schema_version": SCHEMA,
        "evaluation_id": f"{head['suite']}/{sheet.title}/{head['harness']}/{moment}",
        "evaluation_timestamp": moment,
        "retrieved_timestamp": moment,
        "source_metadata": {
            "source_name": f"Standings, suite {head['suite']}",
            "source_type": "evaluation_run",
            "source_organization_name": by,
            **({"source_organization_url": source} if source else {}),
            "evaluator_relationship": "third_party",
        },
        "eval_library": {"name": "lm_eval", "version": head["harness"] or "unknown"},
        "model_info": model_info(head),
        "evaluation_results": [result(item, row) for item in sheet.results for row in item.scores],
    }


def model_info(head: Row) -> dict[str, Any]:
    """Say what was asked."""
    by_api = head["engine"] == "api"
    version = {"version": head["engine_version"]} if head["engine_version"] else {}
    details = {"sha": head["revision"], "variant": head["variant"], "variant_id": head["variant_id"]}
    more = {name: head[name] for name in ("dtype", "quantisation", "reasoning", "weights", "device")}
    return {
        "name": head["name"],
        "id": head["model"],
        "developer": head["organisation"],
        "inference_engine": {"name": ENGINES.get(head["engine"], head["engine"]), **version},
        "additional_details": {
            "deployment_type": "externally_managed" if by_api else "self_deployed",
            "model_availability": "unknown" if by_api else "open_weights",
            **as_texts({**details, **more}),
        },
    }


def result(item: Result, row: Row) -> dict[str, Any]:
    """Return one score."""
    where = row["task"] if row["filter"] == "none" else f"{row['task']}/{row['filter']}"
    # A single value shows no bounds, the metric does; a share that is 0 or 1 in truth is one.
    is_share = unit_of(row["metric"], row["value"]) == "share"
    bounds = {"metric_unit": "proportion", "score_type": "continuous", "min_score": 0.0, "max_score": 1.0}
    error = {} if row["stderr"] is None else {"standard_error": {"value": row["stderr"]}}
    ours = {name: item.result[name] for name in ("suite", "benchmark", "epoch", "protocol", "run_id", "job_id")}
    asked = {"num_fewshot": item.shots, "document_limit": item.result["document_limit"]}
    return {
        "evaluation_result_id": f"{row['task']}/{row['metric']}/{row['filter']}/{item.result['benchmark']}",
        "evaluation_name": where,
        "source_data": {"dataset_name": row["task"], "source_type": "other"},
        "metric_config": {
            "metric_id": row["metric"],
            "metric_name": row["metric"],
            "lower_is_better": not row["higher_is_better"],
            **(bounds if is_share else {}),
        },
        "score_details": {"score": row["value"], "uncertainty": {**error, "num_samples": row["n_docs"]}},
        "generation_config": {"additional_details": as_texts({**asked, **ours})},
    }


def as_texts(values: dict[str, Any]) -> dict[str, str]:
    """Write values as text, those that are not known left out."""
    return {name: str(value) for name, value in values.items() if value is not None}


def portable(name: str) -> str:
    """Write a part of a path that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).rstrip(".")


def _name(sheet: Sheet) -> uuid.UUID:
    """Name a file by what is in it: a UUID of the version that the datastore asks for, the same each time."""
    runs = [item.result["run_id"] for item in sheet.results]
    return uuid.UUID(bytes=bytes.fromhex(digest([sheet.head["suite"], *runs])[:32]), version=4)
