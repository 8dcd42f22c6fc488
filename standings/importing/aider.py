"""Read the leaderboard file of the Aider polyglot benchmark: one entry a configuration, two pass rates each."""

from typing import Any

import yaml

from standings.importing.marks import Mark
from standings.importing.number import File, Number, Reading, as_date, as_float, as_int, as_text, listed

SETTINGS = ("edit_format", "editor_model", "editor_edit_format", "reasoning_effort", "thinking_tokens", "command")
RESULTS = ("percent_cases_well_formed", "total_cost", "prompt_tokens", "completion_tokens", "seconds_per_case")
METRICS = {"pass_rate_1": "pass_num_1", "pass_rate_2": "pass_num_2"}  # after the first try, and after the second


def read(file: File) -> Reading:
    """Read all entries. Rates are percentages; the harness is aider at the entry's own version and commit."""
    # As text: a commit such as 0077123 would be read as a number.
    entries: list[dict[str, Any]] = yaml.load(file.body, yaml.BaseLoader)  # noqa: S506 — safe, and all text
    reading = Reading()
    for entry in entries:
        for metric, passed in METRICS.items():
            value = as_float(entry.get(metric))
            if value is None:
                reading.left_out.append(f"{entry['dirname']}: {metric} is {entry.get(metric)!r}, no number")
                continue
            graded, whole = as_int(entry.get("test_cases")), as_int(entry.get("total_tests"))
            reading.numbers.append(
                Number(
                    place=("aider_polyglot", entry["dirname"], metric),
                    model_told=entry["model"],
                    benchmark_told="aider polyglot",
                    evidence="reported",
                    metric=metric,
                    value=value,
                    unit="percent",
                    higher_is_better=True,
                    n=graded,
                    n_correct=as_int(entry.get(passed)),
                    settings=listed({name: entry.get(name) for name in (*SETTINGS, *RESULTS, "commit_hash")}),
                    harness="aider",
                    harness_version=as_text(entry.get("versions")),
                    date=as_date(entry.get("date")),
                    marks=frozenset({Mark.PARTIAL} if graded and whole and graded < whole else ()),
                )
            )
    return reading
