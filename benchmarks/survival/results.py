"""Keep what was seen in a file, a line each, so that a long run can be ended and gone on with."""

import json
from collections import Counter, defaultdict
from pathlib import Path

Key = tuple[str | int, ...]


class Results:
    """A file of lines: a key and what was found."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.found: dict[Key, dict[str, object]] = {}
        self.read()

    def read(self) -> None:
        """Read what is in the file, which a fork may have written."""
        if self.file.exists():
            lines = [json.loads(line) for line in self.file.read_text().splitlines()]
            self.found = {tuple(line["key"]): line["found"] for line in lines}

    def has(self, key: Key) -> bool:
        """Tell whether it was done."""
        return key in self.found

    def add(self, key: Key, found: dict[str, object]) -> None:
        """Write a line."""
        self.found[key] = found
        with self.file.open("a") as opened:
            opened.write(json.dumps({"key": key, "found": found}) + "\n")

    def table(self, kind: str, *places: int) -> dict[Key, Counter[str]]:
        """Add up what was found of a kind, by some places of its key."""
        sums: dict[Key, Counter[str]] = defaultdict(Counter)
        for key, found in self.found.items():
            if key[0] == kind:
                row = sums[tuple(key[place] for place in places)]
                row["times"] += 1
                row.update({what: count for what, count in found.items() if isinstance(count, int)})
        return dict(sums)


WRONG = ("lost", "doubled", "torn", "unfinished")


def printed(results: Results) -> None:
    """Print what was seen, as tables for a README."""
    print("| lake | point | kills | lost | doubled | torn | not completed by the next |\n|" + " --- |" * 7)
    for (where, point, act), it in results.table("kill", 1, 3, 2).items():
        named = f"{act}, {point}" if point == "in flight" else point
        print(f"| {where} | {named} | {it['killed']} |", *(f"{it[what]} |" for what in WRONG))
    for part in dict.fromkeys(str(key[0]) for key in results.found if key[0] != "kill"):
        for (name,), it in results.table(part, 1).items():
            print(f"{part}, {name}: {', '.join(f'{count} {what}' for what, count in it.items())}")
    hows = Counter(f"{it['kind']} {it['how']}" for it in results.found.values() if it.get("killed") and "how" in it)
    if hows:
        print("in flight:", ", ".join(f"{count} {how}" for how, count in sorted(hows.items())))
