"""Make one score of a benchmark that was asked several times: the mean over the repeats, with an error to match."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

Row = dict[str, Any]
Outcomes = Mapping[
    tuple[str, str, str], Sequence[float]
]  # by task, metric and filter: one outcome a document, in order


def mean_row(rows: Sequence[Row], outcomes: Sequence[Outcomes]) -> Row:
    """Return one score row of the same row in each repeat; `outcomes` are the documents' in each.

    `n` counts every answer and `n_docs` every document once.
    """
    first = rows[0]
    if len(rows) == 1:
        return first
    place = (first["task"], first["metric"], first["filter"])
    assert all((row["task"], row["metric"], row["filter"]) == place for row in rows), f"{place}: repeats differ"
    value, n = fmean(row["value"] for row in rows), sum(row["n"] for row in rows)
    counts = [row["n_correct"] for row in rows]
    return {
        **first,
        "value": value,
        "stderr": _error(rows, [one.get(place, ()) for one in outcomes], value),
        "n": n,
        "repeats": sum(row["repeats"] for row in rows),
        "n_correct": None if None in counts else sum(counts),
    }


def _error(rows: Sequence[Row], outcomes: Sequence[Sequence[float]], value: float) -> float | None:
    """Return the standard error over documents, in which the answers to one document are no independent ones.

    Of a mean of outcomes it is that of the documents' means: clusters of equal size (Miller, Adding Error Bars to
    Evals, arXiv 2411.00640, section 2.2). Of anything else it is the mean of the repeats' errors, which bounds it.
    """
    counted = {len(listed) for listed in outcomes}
    documents = [fmean(same) for same in zip(*outcomes, strict=True)] if len(counted) == 1 else []
    if len(documents) > 1 and math.isclose(fmean(documents), value, rel_tol=0, abs_tol=1e-9):
        return stdev(documents) / math.sqrt(len(documents))
    errors = [row["stderr"] for row in rows]
    return None if None in errors else fmean(errors)
