"""Hold what an export writes: a variant's results in a suite with all scores of the runs that count."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """One row of `leaderboard.results`, and the rows of `raw.scores` of its run."""

    result: Row
    scores: tuple[Row, ...]

    @property
    def protocol(self) -> dict[str, Any]:
        """Return how it was asked."""
        found: dict[str, Any] = json.loads(self.result["protocol"])
        return found

    @property
    def shots(self) -> int | None:
        """Return the examples in the prompt; None where the protocol leaves them to the task."""
        return self.protocol.get("shots")


@dataclass(frozen=True, slots=True)
class Sheet:
    """All results of one variant in one suite that one version of the harness measured."""

    results: tuple[Result, ...]

    @property
    def head(self) -> Row:
        """Return what all results share: suite, model, variant, revision, harness."""
        return self.results[0].result

    @property
    def finished(self) -> datetime:
        """Return when the last of them was measured."""
        moment: datetime = max(item.result["finished_at"] for item in self.results)
        return moment

    @property
    def title(self) -> str:
        """Name the variant as a part of a path; the primary one is just the model."""
        model = str(self.head["model"]).replace("/", "__")
        return model if self.head["is_primary"] else f"{model}__{self.head['variant']}"


def sheets(results: Iterable[Row], scores: Iterable[Row]) -> list[Sheet]:
    """Put results together, in an order that is always the same."""
    by_run: dict[str, list[Row]] = {}
    for score in sorted(scores, key=lambda row: (row["task"], row["metric"], row["filter"])):
        by_run.setdefault(score["run_id"], []).append(score)
    ordered = sorted(results, key=lambda row: (*_sheet(row), row["benchmark"]))
    return [
        Sheet(tuple(Result(row, tuple(by_run[row["run_id"]])) for row in rows))
        for _, rows in groupby(ordered, key=_sheet)
    ]


def _sheet(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("suite", "model", "variant", "revision", "harness"))
