"""Have facts as files of this machine that DuckDB may read: it checks neither pages nor a file's hash.

What a file holds was read back and compared when it was written, so equal bytes are right, and its sha256 is enough.
It is taken each time anew: a file that was right an hour ago may have rotted since.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings.facts import SCHEMAS
from tasks.cache import CachedStore
from tasks.inbox import require_sha256
from tasks.parquet import columns_of, read_column
from tasks.store import FolderStore, Missing, Store


@dataclass(frozen=True)
class Part:
    """One file of a table."""

    path: Path
    columns: tuple[str, ...]  # an older file lacks some that are nullable
    rows: int


@dataclass(frozen=True)
class Rows:
    """The rows of a fact table: in verified files, and beside them those that lie in no such file."""

    parts: tuple[Part, ...]
    rest: pa.Table

    @property
    def num_rows(self) -> int:
        """Count them."""
        return sum(part.rows for part in self.parts) + int(self.rest.num_rows)

    def largest(self, column: str) -> Any:
        """Return the largest value of a column; None where there is none."""
        columns = (read_column(part.path, column) for part in self.parts)
        found = [pc.max(values).as_py() for values in (*columns, self.rest[column])]
        return max((value for value in found if value is not None), default=None)


def part(store: Store, name: str, key: str, sha256: str, folder: Path, schema: pa.Schema | None = None) -> Part:
    """Have an object of a table as a file with just these bytes and the table's columns: in place, or in `folder`.

    `schema` says what else the file may have, which is not read. Raises Missing; Faulty where it holds something else;
    Newer where a later version wrote it.
    """
    path = _placed(store, key, folder / sha256)
    try:
        require_sha256(path, sha256)
    except FileNotFoundError:
        raise Missing(f"{key}: nothing is there") from None
    columns, rows = columns_of(name, path, schema or SCHEMAS[name])
    return Part(path, tuple(column for column in columns if column in SCHEMAS[name].names), rows)


def by_columns(parts: Iterable[Part]) -> dict[tuple[str, ...], list[Path]]:
    """Sort files by the columns that they have."""
    found: dict[tuple[str, ...], list[Path]] = {}
    for one in parts:
        found.setdefault(one.columns, []).append(one.path)
    return found


def selects(parts: Iterable[Part]) -> Iterator[str]:
    """Read those that have the same columns together; one that they are too old to have is null in the union."""
    for columns, paths in by_columns(parts).items():
        names = ", ".join(f'"{column}"' for column in columns)
        yield f"SELECT {names} FROM read_parquet([{', '.join(map(quoted, paths))}])"  # noqa: S608


def quoted(text: object) -> str:
    """Write a SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def conformed(name: str, table: pa.Table) -> pa.Table:
    """Give a fact table today's columns: a nullable one that older objects lack is null."""
    schema = SCHEMAS[name]
    if missing := [field.name for field in schema if field.name not in table.schema.names and not field.nullable]:
        raise ValueError(f"lake.{name} lacks {', '.join(missing)}, which standings.facts requires")
    columns = [
        table[field.name] if field.name in table.schema.names else pa.nulls(len(table), field.type) for field in schema
    ]
    return pa.table(columns, names=schema.names)


def _placed(store: Store, key: str, target: Path) -> Path:
    """Return the path of an object's file, which nobody deletes while it is read."""
    if isinstance(store, FolderStore):
        return store.path(key)  # a compacted file stays for a day after a newer manifest does without it
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(store, CachedStore):
        store.link(key, target)
    else:
        target.write_bytes(store.read(key))
    return target
