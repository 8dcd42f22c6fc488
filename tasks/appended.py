"""Keep the tables that rows are appended to and nothing is taken from: an object each time, read together."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from standings import identity
from standings.facts import SCHEMAS
from tasks.files import Part, part
from tasks.inbox import require_sha256
from tasks.parallel import each
from tasks.parquet import Faulty, decode, decode_narrow, encode
from tasks.store import Store

APPENDED = "facts/v1/"
CLOCKS = {  # the column that says when a row was appended
    "models": "known_from",
    "benchmarks": "known_from",
    "wanted": "known_from",
    "verdicts": "decided_at",
    "rules": "decided_at",
    "decisions": "decided_at",
    "reported": "known_from",
    "hub_observations": "known_from",
}
# Columns of text in which many rows say the same.
CODED = ("suite", "benchmark", "benchmark_id", "model", "variant", "variant_id", "kind", "protocol", "blocked")


def put(store: Store, name: str, rows: pa.Table, part: str = "") -> None:
    """Append rows to a table; the same rows again change nothing, and none is no object. `part` marks their keys."""
    if not rows.num_rows:
        return
    body = encode(name, rows)
    moment: datetime = pc.max(rows[CLOCKS[name]]).as_py()
    stamp = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    store.create(f"{APPENDED}{name}/{part}{stamp}-{hashlib.sha256(body).hexdigest()}.parquet", body)


def read(store: Store, name: str, without: str | None = None) -> pa.Table:
    """Read a table, or all but a part of it. Raises Faulty, which names the object and the remedy."""
    keys = _keys(store, name)
    left = f"{APPENDED}{name}/{without}"
    chosen = keys if without is None else [key for key in keys if not key.startswith(left)]
    tables = each(lambda key: _one(store, key, partial(decode, name)), chosen)
    return pa.concat_tables([SCHEMAS[name].empty_table(), *tables]).combine_chunks()


def coded(store: Store, name: str) -> pa.Table:
    """Read a table with each text that repeats as a dictionary's number: for tables of millions of rows."""
    decoded = partial(decode_narrow, name, coded=CODED)
    tables = each(lambda key: _one(store, key, decoded), _keys(store, name))
    return pa.concat_tables(tables) if tables else SCHEMAS[name].empty_table()


def parts(store: Store, name: str, folder: Path) -> list[Part]:
    """Have a table as verified files of this machine; `folder` takes those that are not here yet."""

    def one(key: str) -> Part:
        with _named(key):
            return part(store, name, key, _sha256_in(key), folder)

    return each(one, _keys(store, name))


def revision(store: Store) -> str:
    """Hash what was appended so far, to any table."""
    return identity.digest([entry.key for entry in store.list(APPENDED)])


def _one(store: Store, key: str, decoded: Callable[[bytes], pa.Table]) -> pa.Table:
    with _named(key):
        body = store.read(key)
        require_sha256(body, _sha256_in(key))
        return decoded(body)


def _keys(store: Store, name: str) -> list[str]:
    return [entry.key for entry in store.list(f"{APPENDED}{name}/")]


def _sha256_in(key: str) -> str:
    return key.rpartition("-")[2].removesuffix(".parquet")


@contextmanager
def _named(key: str) -> Iterator[None]:
    try:
        yield
    except Faulty as error:
        # No board is built on half a registry; the next sync writes again what is not there.
        raise Faulty(f"{key}: {error}. Move it away and run `standings refresh`.") from error
