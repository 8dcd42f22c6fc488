"""Write results files in the layout of lm-eval 0.4.13, one a sheet, in a folder a suite and model.

What we did not keep is left out and never made up: the tasks' configurations and versions, the chat template's text,
the harness's hash of a task. What lm-eval has no place for stands under `standings`.
"""

import json
from collections.abc import Iterable
from typing import Any

from standings.exporting.counted import Result, Row, Sheet


def write(sheets: Iterable[Sheet]) -> dict[str, bytes]:
    """Return the files by path."""
    files: dict[str, bytes] = {}
    for sheet in sheets:
        stamp = sheet.finished.strftime("%Y-%m-%dT%H-%M-%S.%f")
        folder = f"{sheet.head['suite']}/{sheet.title}"
        if f"{folder}/results_{stamp}.json" in files:  # another version of the harness, in the same microsecond
            folder += f"__{sheet.head['harness']}"
        text = json.dumps(page(sheet), indent=2, ensure_ascii=False, allow_nan=False)
        files[f"{folder}/results_{stamp}.json"] = text.encode() + b"\n"
    return files


def page(sheet: Sheet) -> dict[str, Any]:
    """Return one results file."""
    head = sheet.head
    groups = {
        item.result["task"]: item for item in sheet.results if any(score["is_aggregate"] for score in item.scores)
    }
    return {
        "results": _by_task(score for item in sheet.results for score in item.scores),
        **({"groups": _by_task(row for item in groups.values() for row in item.scores if row["is_aggregate"])}),
        "group_subtasks": {task: _leaves(item) for task, item in groups.items()},
        "configs": {},
        "versions": {},
        "n-shot": {task: item.shots for item in sheet.results for task in _tasks(item) if item.shots is not None},
        "higher_is_better": _directions(sheet),
        "n-samples": {
            row["task"]: {
                "original": None if item.result["document_limit"] else row["n_docs"],
                "effective": row["n_docs"],
            }
            for item in sheet.results
            for row in item.scores
            if not row["is_aggregate"]
        },
        "config": {
            "model": head["engine"],
            "model_args": _arguments(head),
            "model_dtype": head["dtype"],
            "model_revision": head["revision"],
            "model_sha": head["revision"],
            "limit": head["document_limit"],
            "apply_chat_template": any(item.protocol.get("chat_template") for item in sheet.results),
        },
        "date": sheet.finished.timestamp(),
        "lm_eval_version": head["harness"],
        "model_source": head["engine"],
        "model_name": head["model"],
        "model_name_sanitized": str(head["model"]).replace("/", "__"),
        "standings": [_ours(item) for item in sheet.results],
    }


def _by_task(scores: Iterable[Row]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in scores:
        task = found.setdefault(row["task"], {"alias": row["task"]})
        task[f"{row['metric']},{row['filter']}"] = row["value"]
        task[f"{row['metric']}_stderr,{row['filter']}"] = "N/A" if row["stderr"] is None else row["stderr"]
    return found


def _arguments(head: Row) -> dict[str, Any]:
    named = "model" if head["engine"] == "api" else "pretrained"
    told = {named: head["model"], "revision": head["revision"], "dtype": head["dtype"]}
    told["quantization"] = head["quantisation"]
    return {name: value for name, value in told.items() if value is not None}


def _tasks(item: Result) -> list[str]:
    return sorted({row["task"] for row in item.scores})


def _leaves(item: Result) -> list[str]:
    return sorted({row["task"] for row in item.scores if not row["is_aggregate"]})


def _directions(sheet: Sheet) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    for item in sheet.results:
        for row in item.scores:
            found.setdefault(row["task"], {})[row["metric"]] = row["higher_is_better"]
    return found


def _ours(item: Result) -> dict[str, Any]:
    kept = (
        "suite",
        "benchmark",
        "variant",
        "kind",
        "protocol",
        "epoch",
        "weights",
        "engine_version",
        "scorer",
        "device",
    )
    ids = ("job_id", "run_id", "benchmark_id", "variant_id", "code_sha")
    return {name: item.result[name] for name in (*kept, *ids)}
