"""Count the outcomes in lm-eval's sample files, which hold a line a document (and, from 0.4.8 on, a filter)."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from standings.importing.number import Refused

Place = tuple[str, str, str | None]  # task, metric, filter
NEVER_METRICS = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"}


@dataclass(slots=True)
class Counts:
    """The outcomes of one metric."""

    outcomes: list[float] = field(default_factory=list)
    seen: set[Any] = field(default_factory=set)

    @property
    def documents(self) -> int:
        """Count the documents."""
        return len(self.seen)

    @property
    def correct(self) -> int | None:
        """Count the ones where all outcomes are zeros and ones."""
        return int(sum(self.outcomes)) if all(outcome in (0.0, 1.0) for outcome in self.outcomes) else None

    def agrees(self, value: float, n: int | None) -> bool:
        """Tell whether the outcomes are of `n` documents, where that is known, and their mean is the value."""
        if n is not None and n != self.documents:
            return False
        return math.isclose(sum(self.outcomes) / len(self.outcomes), value, rel_tol=0, abs_tol=1e-6)


def counts(files: Iterable[tuple[str, bytes]]) -> dict[Place, Counts]:
    """Count by task, metric and filter. A line without a filter counts for every filter of its task's metric."""
    found: dict[Place, Counts] = defaultdict(Counts)
    for task, body in files:
        for number, line in enumerate(body.splitlines(), 1):
            if not line.strip():
                continue
            try:
                add(found, task, json.loads(line))
            except (ValueError, KeyError) as error:
                where = f"line {number} of the samples of {task}"
                raise Refused(f"is refused for its samples: {where} can't be read: {error}. Copy it again.") from error
    # 0.4.4 writes no filter where there is only one, and calls it `none` in its results.
    return {**found, **{(task, metric, "none"): seen for (task, metric, name), seen in found.items() if name is None}}


def add(found: dict[Place, Counts], task: str, sample: Mapping[str, Any]) -> None:
    """Add one line."""
    for metric in sample.get("metrics") or sorted(sample.keys() - NEVER_METRICS):
        if not isinstance(sample[metric], bool | int | float) or metric.endswith("_hash"):
            continue  # a corpus-level metric keeps pairs, and IFEval lists: their mean is no share of documents
        seen = found[task, metric, sample.get("filter")]
        seen.outcomes.append(float(sample[metric]))
        seen.seen.add(sample["doc_id"])
