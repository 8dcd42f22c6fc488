"""Lay out a printed leaderboard: headings, cells with their marks, and the footnotes that the marks need."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.text import Text

from flows.cli.boardrows import Ask, By, Row, Slice, snapshot
from flows.cli.output import UNKNOWN, cell, put, table
from flows.wording import counted

DIFFERS, WEIGHTS, SUSPECT, OLD, DISPUTED = "*", "†", "‡", "§", "?"
MARKS = {
    DIFFERS: "Licence as declared; an ancestor whose weights the model carries declares another class.",
    SUSPECT: "A run behind this number is ruled suspect; it counts.",
    OLD: "Shown until the newer revision or protocol has what this one has.",
    DISPUTED: "Sources differ on the origin.",
}
SAID = {
    "origin": "origin {}",
    "licence": "licence {}",
    "max_active_b": "at most {:g} B active",
    "category": "{}",
    "strict": "no licence that differs from an ancestor's",
}
INTERVALS = (
    "Index: mean over categories of normalised scores; 0 is chance, 100 is perfect. "
    "Intervals (95 %) cover the sampling of items, with benchmarks, prompts and seeds held fixed."
)
RANGES = "Range: the ranks that the intervals allow."


class Page:
    """Print boards of one snapshot, and remember which marks have to be explained."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.used: dict[str, None] = {}
        self.ranked = False  # ranges were printed
        self.noted: dict[str, str] = {}  # model to what a reader must know of its weights
        notes = ask(
            "SELECT DISTINCT model, concat_ws(': ', 'run as ' || quantisation, weights_note) AS note "
            "FROM leaderboard.overall WHERE quantisation IS NOT NULL OR weights_note IS NOT NULL"
        )
        self.notes = {row["model"]: row["note"] for row in notes}
        benchmarks = ask("FROM leaderboard.benchmarks")
        self.benchmarks = {suite: list(group) for suite, group in groupby(benchmarks, key=lambda row: row["suite"])}

    def print(self, text: str = "", style: str | None = None) -> None:
        """Print a paragraph."""
        put(text, style=style)

    def heading(self, suite: str, by: By, chosen: Slice) -> None:
        """Say which board this is, and of which slice."""
        benchmarks = self.benchmarks[suite]
        words = [SAID[name].format(value) for name, value in chosen.given().items() if name != "suite"]
        title = f"{suite}, {by.value.replace('-', ' ')}" + (f" ({', '.join(words)})" if words else "")
        self.print(title, style="bold")
        limits = sorted({row["document_limit"] for row in benchmarks if row["document_limit"]})
        if limits:
            self.print(
                f"Limited: the first {limits[0]} documents of each task alone; not comparable with the full suite."
            )
        self.print()

    def model(self, row: Row) -> Text:
        """Write a model's name with its marks."""
        made = cell(row["name"] or row["model"])
        for mark, true in ((WEIGHTS, row["model"] in self.notes), (SUSPECT, row["suspect"]), (OLD, row["superseded"])):
            made.append(self.mark(mark) if true else "")
        if row["model"] in self.notes:
            self.noted[row["name"] or row["model"]] = self.notes[row["model"]]
        return made

    def origin(self, row: Row) -> Text:
        """Write an origin, marked where sources differ."""
        return cell(row["origin"]).append(self.mark(DISPUTED) if row["origin_disputed"] else "")

    def licence(self, row: Row) -> Text:
        """Write a licence class, marked where the lineage differs."""
        return cell(row["licence_class"]).append(self.mark(DIFFERS) if row["lineage_differs"] else "")

    def mark(self, mark: str) -> str:
        """Return a mark, to be explained at the foot."""
        self.used[mark] = None
        return mark

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], flexible: tuple[int, ...]) -> None:
        """Print a table and an empty line."""
        put(table(columns, rows, flexible=flexible))
        self.print()

    def footnotes(self, *, with_index: bool = True) -> None:
        """Explain the marks, say what the numbers are, and which snapshot they are of."""
        for mark in self.used:
            if mark != WEIGHTS:
                self.print(f"{mark} {MARKS[mark]}")
        for name, note in self.noted.items():
            self.print(f"{WEIGHTS} {name}: {note}")
        if with_index:
            self.print(f"{INTERVALS} {RANGES}" if self.ranked else INTERVALS)
        built = snapshot(self.ask)
        told = f"{counted(built['runs'], 'run')} admitted"
        if built["quarantined"]:
            told += f", {built['quarantined']} set aside"
        self.print(f"Snapshot {built['snapshot'][:12]} of {built['built_at']}: {told}.", style="dim")


def interval(row: Row) -> str:
    """Write the index's interval."""
    low, high = row.get("index_lo"), row.get("index_hi")
    return UNKNOWN if low is None or high is None else f"{low:.1f} to {high:.1f}"


def ranks(row: Row) -> str:
    """Write the places that the intervals allow."""
    low, high = row["rank_from"], row["rank_to"]
    return UNKNOWN if low is None else f"{low}" if low == high else f"{low}–{high}"
