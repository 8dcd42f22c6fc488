"""Count how a hub's records declare licences: `python -m benchmarks.licences model_index.jsonl.gz`.

Each line is one record as the hub's /api/models gives it, with its `cardData`. Prints the tables of docs/licences.md:
how licences are declared and what class each way ends in, what stays unknown, and who declares more than a base does.
"""

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from standings.licences import OPEN, Licence, LicenceClass, classify
from standings.lineage import OPENNESS
from standings.paths import folder
from tasks.registry_files import read

CLASSES: tuple[LicenceClass, ...] = get_args(LicenceClass)
Table = Mapping[str, Licence]
Record = dict[str, Any]


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    print("\n\n".join(tables(records(parser.parse_args().records), read(folder("registry"))[0].licences)))


def records(path: Path) -> list[Record]:
    """Read the records of a file of JSON lines, packed or not."""
    given = path.read_bytes()
    text = (gzip.decompress(given) if path.suffix == ".gz" else given).decode()
    return [json.loads(line) for line in text.splitlines()]


def tables(found: Sequence[Record], table: Table) -> list[str]:
    """Return the page's tables as Markdown."""
    ways = Counter((way(*declared(record), table), classed(record, table)[1]) for record in found)
    names = sorted({name for name, _ in ways}, key=lambda name: (-sum(ways[name, one] for one in CLASSES), name))
    counts = [[name, *(ways[name, one] for one in CLASSES)] for name in names]
    total = ["all", *(sum(ways[name, one] for name in names) for one in CLASSES)]
    unknown = Counter(as_written(*declared(record)) for record in found if classed(record, table)[1] == "unknown")
    bases = Counter((mine, base) for _, mine, base in over_base(found, table))
    return [
        markdown(["declared as", *CLASSES, "records"], [[*row, sum(row[1:])] for row in [*counts, total]]),
        markdown(["stays unknown", "records"], [[form, count] for form, count in unknown.most_common()]),
        markdown(["declares", "its base declares", "records"], [[*pair, count] for pair, count in bases.most_common()]),
    ]


def declared(record: Record) -> tuple[list[str], str, bool]:
    """Return the tags, the name, and whether the tags stood in a list."""
    given = record["cardData"].get("license")
    tags = [given] if isinstance(given, str) else list(given or ())
    return tags, record["cardData"].get("license_name") or "", isinstance(given, list)


def classed(record: Record, table: Table) -> tuple[str | None, LicenceClass]:
    """Class a record as the registry classes an entry."""
    return classify(record["cardData"].get("license"), record["cardData"].get("license_name"), table)


def way(tags: Sequence[str], name: str, listed: bool, table: Table) -> str:
    """Say in which way a licence is declared: the first of these that is so."""
    found = classify(tags, name, table)[0]
    other, is_tag = tags[:1] == ["other"], classify(name, None, table)[0] is not None
    ways = [
        (not tags and not name, "nothing"),
        (not tags, "a name without a tag"),
        (len(tags) > 1, "several tags"),
        (other and not name, "`other` without a name"),
        (other and found, "`other` with a name that is known"),
        (other and is_tag, "`other` with the name of a tag"),
        (other, "`other` with a name that is not known"),
        (name and found, "a tag with a name"),
        (name, "a tag with the name of another licence"),
        (not found, "a tag that is not known"),
        (listed, "a tag in a list"),
    ]
    return next((words for so, words in ways if so), "a tag")


def as_written(tags: Sequence[str], name: str, _: bool) -> str:
    """Write a declaration as it stands, in code marks."""
    said = ", ".join(tags) or "no tag"
    return f"`{said}`" + (f' named "{name}"' if name else "")


def over_base(found: Iterable[Record], table: Table) -> Iterator[tuple[str, LicenceClass, LicenceClass]]:
    """Find the records that declare an open class over a base whose own record declares none of these."""
    held = {record["id"]: record for record in found}
    for name, record in held.items():
        given = record["cardData"].get("base_model") or ()
        bases = [base for base in ([given] if isinstance(given, str) else given) if base in held and base != name]
        mine = classed(record, table)[1]
        classes = [classed(held[base], table)[1] for base in bases]
        worst = max(classes, key=OPENNESS.index, default=mine)
        if mine in OPEN and worst not in OPEN:
            yield name, mine, worst


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; thousands are parted by commas."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(
        f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else str(cell) for cell in line)} |" for line in lines
    )


if __name__ == "__main__":
    main()
