"""Print the rows of a leaderboard: one body for each sort of row."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flows.cli.boardrows import Ask, By, Row, literal
from flows.cli.output import as_text, billions, cell, clipped, few
from flows.cli.page import Page, interval, ranks
from flows.wording import counted


@dataclass(frozen=True)
class Board:
    """Rows of one suite, and the one category they are of."""

    suite: str
    rows: list[Row]
    category: str | None = None
    within_all: bool = False  # one of several categories on a page


RANKED = (
    ">#", ">Range", "Model", "Origin", "Licence",
    ">B", ">Index", ">95 % interval",
)  # fmt: skip
UNRANKED = (
    "Unranked", "Origin", "Licence", ">Has", "Missing",
)  # fmt: skip
EMPTY = (
    "Model", "Variant", "State", ">Cells", "Benchmarks, and why",
)  # fmt: skip


def overall(page: Page, board: Board) -> None:
    """Print ranked models, then the unranked ones with what they lack and why."""
    ranked = [row for row in board.rows if row["rank"] is not None]
    if ranked:
        page.ranked = True
        page.table(RANKED, [ranked_line(page, row) for row in ranked], flexible=(2,))
        count = ranked[0]["benchmarks"]
        has = {1: "has the one benchmark", 2: "has both benchmarks"}.get(count, f"has all {count} benchmarks")
        page.print(f"{counted(len(ranked), 'model')} ranked: each {has}. B: billions of active parameters.")
    else:
        page.print("No model is ranked: none has all benchmarks." if board.rows else "No model is in this slice.")
    unranked = [row for row in board.rows if row["rank"] is None]
    if unranked and board.within_all:
        put_aside = f"{counted(len(unranked), 'model')} not ranked; what they lack: standings board --by coverage"
        page.print(f"{put_aside} --suite {board.suite} --category {board.category}")
        page.print()
    elif unranked:
        print_unranked(page, board.suite, unranked)
    else:
        page.print()


def print_unranked(page: Page, suite: str, rows: list[Row]) -> None:
    """List who has a part of the suite with what is missing and why, and who has nothing yet by why."""
    whys = missing_why(page.ask, suite)
    if begun := [row for row in rows if row["covered"]]:
        page.print()
        page.table(UNRANKED, [unranked_line(page, row, whys.get(row["model"], {})) for row in begun], flexible=(0, 4))
    else:
        page.print()
    without = sorted((told_missing(row, whys.get(row["model"], {})), row["name"]) for row in rows if not row["covered"])
    for why, group in groupby(without, key=lambda item: item[0]):
        names = [name for _, name in group]
        page.print(f"No score yet, {counted(len(names), 'model')}, {why}: {few(names)}.")
    if without:
        page.print()


def ranked_line(page: Page, row: Row) -> tuple[object, ...]:
    """Return a ranked model's line."""
    who = (page.model(row), page.origin(row), page.licence(row), billions(row["active_b"]))
    return row["rank"], ranks(row), *who, row["index"], interval(row)


def unranked_line(page: Page, row: Row, whys: dict[str, str]) -> tuple[object, ...]:
    """Return the line of a model that lacks something."""
    has = f"{row['covered']}/{row['benchmarks']}"
    return cell(row["name"] or row["model"]), page.origin(row), page.licence(row), has, told_missing(row, whys)


def missing_why(ask: Ask, suite: str) -> dict[str, dict[str, str]]:
    """Return, by model and benchmark, why a cell of a primary variant is empty."""
    found: dict[str, dict[str, str]] = {}
    for row in ask(f"FROM leaderboard.coverage WHERE is_primary AND suite = {literal(suite)}"):
        # A failure's detail is long, and another one for each benchmark: the coverage board has it.
        found.setdefault(row["model"], {})[row["benchmark"]] = row["reason"] if row["state"] == "failed" else row["why"]
    return found


def told_missing(row: Row, whys: dict[str, str]) -> str:
    """Group a model's missing benchmarks by why they are."""
    by_why: dict[str, list[str]] = {}
    for benchmark in row["missing"] or ():
        by_why.setdefault(whys.get(benchmark, "no score"), []).append(benchmark)
    if len(by_why) == 1 and not row["covered"]:
        return next(iter(by_why))
    return "; ".join(f"{few(names)}: {why}" for why, names in by_why.items())


def by_category(page: Page, board: Board) -> None:
    """Print one ranking a category."""
    for category, group in groupby(board.rows, key=lambda row: row["category"]):
        page.print(category.replace("_", " "), style="bold")
        overall(page, Board(board.suite, list(group), category, within_all=True))


def best(key: str, header: str, *, licence: bool) -> Callable[[Page, Board], None]:
    """Return the body for boards of best models by origin or licence class, over all sizes and within bands."""
    columns = (
        header, *(("Licence",) if licence else ()), "Best model", ">B",
        ">#", ">Index", ">95 % interval", ">Of",
    )  # fmt: skip

    def line(page: Page, row: Row) -> tuple[object, ...]:
        classes = {"origin": page.origin, "licence_class": page.licence}
        named = (classes[key](row), *((page.licence(row),) if licence else ()))
        numbers = (billions(row["active_b"]), row["rank"], row["index"], interval(row))
        return *named, page.model(row), *numbers, f"{row['tried']}/{row['registered']}"

    def named_by(row: Row) -> str:
        return " ".join(
            as_text(row[column]) for column in dict.fromkeys([key, *(["licence_class"] if licence else [])])
        )

    def body(page: Page, board: Board) -> None:
        whole = [row for row in board.rows if row["band"] == "all"]
        if led := [row for row in whole if row["model"]]:
            page.table(columns, [line(page, row) for row in led], flexible=(1 + licence,))
            page.print("Of: the best of how many ranked models, of how many registered. #: place in the whole suite.")
        if rest := [row for row in whole if not row["model"]]:
            named = [f"{named_by(row)} ({row['registered']})" for row in rest]
            page.print(f"No ranked model yet (registered): {', '.join(named)}.")
        bands = [row for row in board.rows if row["band"] != "all" and row["model"]]
        if len({row["band"] for row in bands}) > 1:
            page.print()
            for band, group in groupby(bands, key=lambda row: row["band"]):
                page.print(f"Best of {band} active" if band.endswith("B") else f"Best of size {band}", style="bold")
                page.table(columns, [line(page, row) for row in group], flexible=(1 + licence,))
        page.print()

    return body


def coverage(page: Page, board: Board) -> None:
    """Print the empty cells, grouped by model and why."""

    def key(row: Row) -> tuple[Any, ...]:
        return row["model"], row["variant"], row["state"] or "not asked", row["why"]

    lines = []
    for (model, variant, state, why), group in groupby(sorted(board.rows, key=key), key=key):
        names = [row["benchmark"] for row in group]
        lines.append((model, variant, state, len(names), f"{few(names)}: {clipped(why)}"))
    if lines:
        page.table(EMPTY, lines, flexible=(0, 4))
    empty = f"{counted(len(board.rows), 'cell')} of {board.suite} without a score."
    page.print(empty if lines else "No cell is empty.")
    page.print()


BODIES: dict[By, Callable[[Page, Board], None]] = {
    By.OVERALL: overall,
    By.ORIGIN: best("origin", "Origin", licence=False),
    By.LICENCE: best("licence_class", "Licence", licence=False),
    By.ORIGIN_AND_LICENCE: best("origin", "Origin", licence=True),
    By.CATEGORY: by_category,
    By.COVERAGE: coverage,
}
