"""Compare two boards: which models came and went, and which ranks, indexes and scores moved."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from standings.suite import Record

Row = Mapping[str, Any]
What = Literal["came", "went", "rank", "index", "score"]
# What is read of a board, in an order of its own.
RANKED = "SELECT suite, model, variant, rank, index FROM leaderboard.overall ORDER BY suite, model"
SCORED = (
    "SELECT suite, benchmark, model, variant, score, epoch, revision, run_id FROM leaderboard.results "
    "ORDER BY suite, benchmark, model, variant"
)


class Moved(Record):
    """One thing that differs."""

    suite: str
    what: What
    model: str
    variant: str | None = None  # of a score
    benchmark: str | None = None  # of a score
    before: float | None = None  # of `came` and `went` the rank
    after: float | None = None
    why: str | None = None  # of a score, where the board says


def moved(before: Callable[[str], Iterable[Row]], after: Callable[[str], Iterable[Row]]) -> list[Moved]:
    """Return what differs, suite by suite: models, then ranks and indexes, then scores. Each asks one board.

    The scores of a model that came or went say nothing more, and are left out.
    """
    found = list(_ranks(before(RANKED), after(RANKED)))
    told = {(it.suite, it.model) for it in found if it.what in ("came", "went")}
    found += [it for it in _scores(before(SCORED), after(SCORED)) if (it.suite, it.model) not in told]
    order = ["came", "went", "rank", "index", "score"]
    return sorted(found, key=lambda it: (it.suite, order.index(it.what)))  # stable: the rest is ordered already


def _ranks(before: Iterable[Row], after: Iterable[Row]) -> Iterator[Moved]:
    for (suite, model), old, new in _paired(before, after, ("suite", "model")):
        if old is None and new:
            yield Moved(suite=suite, what="came", model=model, after=new["rank"])
        elif new is None and old:
            yield Moved(suite=suite, what="went", model=model, before=old["rank"])
        elif old and new:
            for what in ("rank", "index"):
                if old[what] != new[what]:
                    yield Moved.model_validate(
                        {"suite": suite, "what": what, "model": model, "before": old[what], "after": new[what]}
                    )


def _scores(before: Iterable[Row], after: Iterable[Row]) -> Iterator[Moved]:
    for (suite, benchmark, model, variant), old, new in _paired(
        before, after, ("suite", "benchmark", "model", "variant")
    ):
        was, now = old and old["score"], new and new["score"]
        if was != now:
            named = {"suite": suite, "benchmark": benchmark, "model": model, "variant": variant}
            yield Moved(what="score", before=was, after=now, why=_why(old, new), **named)


def _why(old: Row | None, new: Row | None) -> str | None:
    if old is None:
        return "new"
    if new is None:
        return "gone"
    if old["epoch"] != new["epoch"]:
        return f"epoch {old['epoch']}, now {new['epoch']}"
    if old["revision"] != new["revision"]:
        return "another revision of the model"
    return "another run" if old["run_id"] != new["run_id"] else None


def _paired(
    before: Iterable[Row], after: Iterable[Row], key: tuple[str, ...]
) -> Iterator[tuple[tuple[Any, ...], Row | None, Row | None]]:
    old, new = ({tuple(row[name] for name in key): row for row in rows} for rows in (before, after))
    for place in sorted(old.keys() | new.keys()):
        yield place, old.get(place), new.get(place)
