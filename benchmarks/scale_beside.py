"""Ask DuckDB, polars, pandas and SQLite the same two questions of the lake's own Parquet, and the board for its answer.

1. `ranks`: the best model by origin and licence class, from all scores: a mean over benchmarks, as no table has it yet.
2. `pairs`: on how many documents two models differ, over all benchmarks, from all outcomes.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from benchmarks.scale_lake import SUITE
from tasks.materialise import opened

PAIR = ("acme/model-00000", "acme/model-00001")
SCORED = "score.task = run.task AND score.metric = 'acc' AND score.filter = 'none'"
RANKS = f"""
WITH mean AS (
  SELECT run.model, avg(score.value) AS value FROM scores AS score JOIN run ON run.run_id = score.run_id AND {SCORED}
  GROUP BY run.model
), placed AS (
  SELECT model.origin, model.licence_class, mean.model, mean.value, row_number() OVER (
    PARTITION BY model.origin, model.licence_class ORDER BY mean.value DESC, mean.model
  ) AS place
  FROM mean JOIN models AS model ON model.model = mean.model
)
SELECT origin, licence_class, model FROM placed WHERE place = 1 ORDER BY origin, licence_class"""
PAIRS = f"""
WITH asked AS (
  SELECT outcome.doc_hash, outcome.task, run.model, outcome.outcome
  FROM outcomes AS outcome JOIN run ON run.run_id = outcome.run_id
  WHERE run.model IN {PAIR} AND outcome.metric = 'acc'
)
SELECT count(*) FROM asked AS one JOIN asked AS other ON one.doc_hash = other.doc_hash AND one.task = other.task
WHERE one.model = '{PAIR[0]}' AND other.model = '{PAIR[1]}' AND one.outcome <> other.outcome"""
Answer = list[tuple[Any, ...]]


def files(root: Path, name: str) -> list[str]:
    """List a table's Parquet files."""
    kind = "facts" if name == "models" else "compacted"
    return sorted(map(str, (root / kind / "v1" / name).glob("*.parquet")))


def in_duckdb(root: Path, question: str) -> Answer:
    """Ask DuckDB on Parquet."""
    with duckdb.connect() as con:
        for name in ("scores", "run", "models", "outcomes"):
            con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({files(root, name)})")
        return con.execute(RANKS if question == "ranks" else PAIRS).fetchall()


def in_polars(root: Path, question: str) -> Answer:
    """Ask polars, lazily."""
    import polars as pl

    run = pl.scan_parquet(files(root, "run")).select("run_id", "model", "task")
    acc = pl.col("metric") == "acc"
    if question == "pairs":
        asked = pl.scan_parquet(files(root, "outcomes")).filter(acc)
        asked = asked.join(run.filter(pl.col("model").is_in(PAIR)).drop("task"), on="run_id")
        one, other = (asked.filter(pl.col("model") == model) for model in PAIR)
        both = one.join(other, on=["doc_hash", "task"]).filter(pl.col("outcome") != pl.col("outcome_right"))
        return both.select(pl.len()).collect().rows()
    scores = pl.scan_parquet(files(root, "scores")).filter(acc & (pl.col("filter") == "none"))
    mean = scores.join(run, on=["run_id", "task"]).group_by("model").agg(pl.col("value").mean())
    named = mean.join(pl.scan_parquet(files(root, "models")), on="model")
    sort = named.sort(["value", "model"], descending=[True, False])
    keys = ["origin", "licence_class"]
    return sort.group_by(keys, maintain_order=True).first().select(*keys, "model").sort(keys).collect().rows()


def in_pandas(root: Path, question: str) -> Answer:
    """Ask pandas, which reads only the columns that it needs."""
    import pandas as pd

    run = pd.read_parquet(files(root, "run"), columns=["run_id", "model", "task"])
    if question == "pairs":
        run = run[run.model.isin(PAIR)].drop(columns="task")
        asked = pd.read_parquet(
            files(root, "outcomes"),
            columns=["run_id", "task", "doc_hash", "metric", "outcome"],
            filters=[("run_id", "in", set(run.run_id))],
        )
        asked = asked[asked.metric == "acc"].merge(run, on="run_id")
        one, other = (asked[asked.model == model] for model in PAIR)
        both = one.merge(other, on=["doc_hash", "task"])
        return [(int((both.outcome_x != both.outcome_y).sum()),)]
    scores = pd.read_parquet(files(root, "scores"), columns=["run_id", "task", "metric", "filter", "value"])
    scores = scores[(scores.metric == "acc") & (scores["filter"] == "none")]
    mean = scores.merge(run, on=["run_id", "task"]).groupby("model", as_index=False)["value"].mean()
    models = pd.read_parquet(files(root, "models"), columns=["model", "origin", "licence_class"])
    sort = mean.merge(models, on="model").sort_values(["value", "model"], ascending=[False, True])
    best = sort.groupby(["origin", "licence_class"], as_index=False).first()
    return list(best[["origin", "licence_class", "model"]].itertuples(index=False, name=None))


READ = {  # by SQLite, which would hold the rest for nothing
    "run": ["run_id", "model", "task"],
    "models": ["model", "origin", "licence_class"],
    "outcomes": ["run_id", "task", "doc_hash", "metric", "outcome"],
}


def load_sqlite(root: Path, target: Path, *names: str) -> None:
    """Load tables into SQLite, each row once and in its order; runs and outcomes are found by run."""
    with sqlite3.connect(target) as con:
        con.execute("PRAGMA journal_mode = OFF")
        for name in names:
            for place, path in enumerate(files(root, name)):
                table = pq.read_table(path, columns=READ.get(name))
                if not place:
                    columns = ", ".join(f'"{column}"' for column in table.column_names)
                    con.execute(f"CREATE TABLE {name} ({columns})")
                marks = ", ".join("?" * table.num_columns)
                cells = zip(*(column.to_pylist() for column in table.columns), strict=True)
                con.executemany(f"INSERT INTO {name} VALUES ({marks})", cells)
            if name in ("run", "outcomes"):
                con.execute(f"CREATE INDEX {name}_by_run ON {name} (run_id)")


def in_sqlite(database: Path, question: str) -> Answer:
    """Ask SQLite."""
    with sqlite3.connect(database) as con:
        return con.execute(RANKS if question == "ranks" else PAIRS).fetchall()


def on_the_board(board: Path, question: str) -> Answer:
    """Look up the table that a refresh has made; it averages over categories first, so the models may differ."""
    assert question == "ranks", f"{question} is on no board"
    with opened(board) as con:
        return con.execute(
            "SELECT origin, licence_class, model FROM leaderboard.by_origin_and_licence "
            f"WHERE suite = '{SUITE}' AND band = 'all' ORDER BY ALL"
        ).fetchall()


ENGINES: dict[str, Callable[[Path, str], Answer]] = {
    "duckdb": in_duckdb,
    "polars": in_polars,
    "pandas": in_pandas,
    "sqlite": in_sqlite,
    "board": on_the_board,
}
