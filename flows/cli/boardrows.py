"""Ask a board for the rows that a reader wants: which view or macro, and which slice."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from flows.cli.errors import Stop, require_known

Row = dict[str, Any]
Ask = Callable[[str], list[Row]]


class By(StrEnum):
    """What a row of the printed board is."""

    OVERALL = "overall"
    ORIGIN = "origin"
    LICENCE = "licence"
    ORIGIN_AND_LICENCE = "origin-and-licence"
    CATEGORY = "category"
    COVERAGE = "coverage"


@dataclass(frozen=True)
class Slice:
    """Which models and benchmarks; None is all."""

    suite: str | None = None
    origin: str | None = None
    licence: str | None = None
    max_active_b: float | None = None
    category: str | None = None
    strict: bool = False

    def given(self) -> dict[str, Any]:
        """Return what narrows the board."""
        return {name: value for name, value in asdict(self).items() if value not in (None, False)}


MACRO = ("suite", "origin", "licence", "max_active_b", "category", "strict")
FITTING: dict[By, tuple[str, ...]] = {
    By.OVERALL: MACRO,
    By.CATEGORY: MACRO,
    By.ORIGIN: ("suite", "origin"),
    By.LICENCE: ("suite", "licence"),
    By.ORIGIN_AND_LICENCE: ("suite", "origin", "licence"),
    By.COVERAGE: ("suite", "origin", "licence", "category"),
}


def require_fitting(by: By, chosen: Slice) -> None:
    """Stop at an option that this board's rows can't be narrowed by."""
    for name in chosen.given():
        if name not in FITTING[by]:
            fitting = ", ".join(other for other in By if name in FITTING[other])
            raise Stop(f"--{name.replace('_', '-')}", f"does not go with --by {by.value}.", f"It goes with: {fitting}.")


def reader(board: Path) -> Ask:
    """Return a function that asks this board and gives rows."""
    from tasks.materialise import query

    return lambda sql: query(board, sql).to_pylist()


def snapshot(ask: Ask) -> Row:
    """Return the row that says which snapshot this is."""
    # As text: pyarrow loads pandas, where it is installed, to make a time of a timestamp.
    utc = "strftime(built_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ')"
    return ask(f"SELECT * REPLACE ({utc} AS built_at) FROM leaderboard.snapshot")[0]  # noqa: S608 - nothing given is in it


def suites(ask: Ask) -> list[str]:
    """Return the suites of the board."""
    return [row["suite"] for row in ask("SELECT DISTINCT suite FROM leaderboard.benchmarks ORDER BY suite")]


def require_known_names(ask: Ask, by: By, chosen: Slice) -> None:
    """Stop at a suite, category, origin or licence that the board does not have."""
    ids = " UNION SELECT licence FROM leaderboard.overall WHERE licence IS NOT NULL" if "strict" in FITTING[by] else ""
    known = {
        "suite": "SELECT DISTINCT suite AS name FROM leaderboard.benchmarks",
        "category": "SELECT DISTINCT category AS name FROM leaderboard.benchmarks",
        "origin": "SELECT origin AS name FROM leaderboard.overall WHERE origin IS NOT NULL UNION "
        "SELECT unnest(origin_countries) FROM leaderboard.overall",
        "licence": f"SELECT licence_class AS name FROM leaderboard.overall{ids}",  # noqa: S608 - nothing given is in it
    }
    for name, sql in known.items():
        if (given := getattr(chosen, name)) is not None:
            require_known(f"--{name}", f"on this board, {name}", [given], [row["name"] for row in ask(sql)])


def rows(ask: Ask, by: By, chosen: Slice) -> list[Row]:
    """Return the board's rows as JSON has them."""
    if by is By.OVERALL:
        return ask(f"FROM leaderboard.standings({_arguments(chosen)})")
    if by is By.CATEGORY:
        return list(_by_category(ask, chosen))
    view = {By.COVERAGE: "coverage"}.get(by, f"by_{by.value.replace('-', '_')}")
    return ask(f"FROM leaderboard.{view} WHERE {_condition(chosen)}")


def _by_category(ask: Ask, chosen: Slice) -> Iterable[Row]:
    """Rank within each category: the macro does it inside any slice, where the view has the whole suite alone."""
    where = _condition(Slice(suite=chosen.suite, category=chosen.category))
    sql = f"SELECT DISTINCT suite, category FROM leaderboard.benchmarks WHERE {where} ORDER BY ALL"  # noqa: S608 - quoted
    known = ask(sql)
    for pair in known:
        inside = Slice(**{**asdict(chosen), **pair})
        for row in ask(f"FROM leaderboard.standings({_arguments(inside)})"):
            yield {"suite": row["suite"], "category": pair["category"], **row}


def _arguments(chosen: Slice) -> str:
    return ", ".join(f"{name} := {literal(value)}" for name, value in chosen.given().items())


def _condition(chosen: Slice) -> str:
    """Write a WHERE clause over a view's own columns."""
    columns = {"suite": "suite = {}", "licence": "licence_class = {}", "category": "category = {}"}
    columns["origin"] = "(origin = {0} OR list_contains(string_split(origin, '+'), {0}))"
    parts = [columns[name].format(literal(value)) for name, value in chosen.given().items()]
    return " AND ".join(parts) or "true"


def literal(value: object) -> str:
    """Write a value as SQL."""
    if isinstance(value, bool | float):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"
