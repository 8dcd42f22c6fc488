"""Write `.eval_results/*.yaml` for models' repositories on the Hub, as a pull request may bring them.

The Hub shows results of benchmarks that a data set's repository declares. Which of ours is one of them is written down
here and nowhere guessed; the ids are those that https://github.com/evaleval/every_eval_ever sends to the Hub.
"""

from collections.abc import Iterable
from typing import Any

import yaml

from standings.exporting.counted import Result, Sheet

BENCHMARKS = {  # lm-eval task to the Hub's data set and its task
    "gsm8k": ("openai/gsm8k", "gsm8k"),
    "mmlu_pro": ("TIGER-Lab/MMLU-Pro", "mmlu_pro"),
    "gpqa_diamond_zeroshot": ("Idavidrein/gpqa", "diamond"),
    "gpqa_diamond_cot_zeroshot": ("Idavidrein/gpqa", "diamond"),
}


def write(sheets: Iterable[Sheet], *, source: str | None = None) -> tuple[dict[str, bytes], list[str]]:
    """Return the files by path, and the benchmarks that the Hub has no place for.

    Primary variants of models with weights on the Hub, and whole benchmarks: a limited one is another exam.
    """
    files: dict[str, bytes] = {}
    homeless = set()
    for sheet in sheets:
        for item in sheet.results:
            row = item.result
            if row["task"] not in BENCHMARKS or row["document_limit"]:
                homeless.add(f"{row['suite']}/{row['benchmark']}")
            elif row["is_primary"] and row["engine"] != "api":
                text = yaml.safe_dump([entry(item, source)], sort_keys=False, allow_unicode=True, width=100)
                files[f"{row['model']}/.eval_results/{row['suite']}-{row['benchmark']}.yaml"] = text.encode()
    return files, sorted(homeless)


def entry(item: Result, source: str | None) -> dict[str, Any]:
    """Return one entry. The value is in percent, as the Hub's own example has it, and the notes say so."""
    row = item.result
    dataset, task = BENCHMARKS[row["task"]]
    shots = "shots as the task has them" if item.shots is None else f"{item.shots} shots"
    how = [f"{row['metric']} in percent", row["filter"], shots, f"lm-eval {row['harness']} {row['task']}"]
    how += ["chat template"] if item.protocol.get("chat_template") else []
    how += [f"{row['engine']} {row['dtype'] or ''}".strip(), f"revision {row['revision']}"]
    found: dict[str, Any] = {
        "dataset": {"id": dataset, "task_id": task},
        "value": round(100 * row["score"], 4),
        "date": row["finished_at"].date().isoformat(),
    }
    if source:
        found["source"] = {"url": source, "name": "Standings"}
    return {**found, "notes": ", ".join(how)}
