"""The benchmark of 3 M scores at a thousandth: a real layout, every step taken, every engine of one mind."""

import importlib.util

import pytest

from benchmarks import scale
from benchmarks.scale_beside import ENGINES, load_sqlite
from benchmarks.scale_lake import BENCHMARKS, Size
from standings.admission import run_faults
from tasks import admission, materialise, tidying
from tasks.refresh import refresh
from tasks.segments import newest
from tasks.snapshots import open_latest
from tests.tasks.runs import NOON


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> scale.Bench:
    """A lake of 300 runs."""
    made = scale.Bench(tmp_path_factory.mktemp("scale"), Size(scores=9_000, samples=3_000, late=1), jobs=3)
    scale.make(made)
    return made


def test_the_lake_is_as_the_project_would_have_written_it(bench: scale.Bench) -> None:
    lake = bench.lake
    assert [segment.runs for segment in newest(lake.store).segments] == [300]
    held = lake.facts("run", "scores", "outcomes", "wanted")
    assert {name: table.num_rows for name, table in held.items()} == {
        "run": 300, "scores": 9_000, "outcomes": 3_000, "wanted": 400,
    }  # fmt: skip
    run = held["run"].slice(7, 1).to_pylist()[0]
    assert run_faults(run, run["job_id"], run["run_id"]) == []
    samples = lake.samples(run["run_id"]).to_pylist()
    assert len({row["prompt"] for row in samples}) == bench.size.documents
    assert lake.outcomes(run["run_id"]).num_rows == bench.size.documents


def test_every_step_is_taken_and_every_engine_finds_the_same(
    bench: scale.Bench,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for step in ("put jobs", "admit them"):
        scale.take(step, bench)
    monkeypatch.setattr(tidying, "BACKLOG", 2)
    monkeypatch.setattr(materialise, "MEMORY", 8 * 2**20)
    refresh(bench.lake, bench.boards, NOON)
    assert [segment.runs for segment in newest(bench.lake.store).segments] == [300, 3]  # too many to be read at once
    assert "begins again with 16 MiB" in caplog.text  # too little is no reason to be without a board
    scale.put(bench, range(3, 4))
    assert admission.admit(bench.lake, NOON).count == 1
    monkeypatch.undo()
    fetches = ("cold fetch and first query", "cold fetch from S3")
    for step in ("refresh after one new job", "floor again", *fetches, "ten questions"):
        scale.take(step, bench)
    assert capsys.readouterr().out.count("median") == len(scale.QUESTIONS) == 10
    board = open_latest(bench.lake.store, bench.boards)
    [counts] = materialise.query(
        board, "SELECT runs, (SELECT count(*) FROM leaderboard.results) AS results FROM leaderboard.snapshot"
    ).to_pylist()
    assert counts == {"runs": 304, "results": 304}
    ranked = materialise.query(board, "SELECT count(rank) AS n FROM leaderboard.overall").to_pylist()
    assert ranked == [{"n": 304 // BENCHMARKS}]
    load_sqlite(bench.root / "lake", bench.root / "sqlite", "scores", "run", "models", "outcomes")
    there = [name for name in ("duckdb", "polars", "pandas") if importlib.util.find_spec(name)]
    found = [ENGINES[name](bench.root / "lake", "ranks") for name in there]
    found.append(ENGINES["sqlite"](bench.root / "sqlite", "ranks"))
    assert len(found[0]) == 4
    assert found == [found[0]] * len(found)
    differ = [ENGINES[name](bench.root / "lake", "pairs") for name in there]
    differ.append(ENGINES["sqlite"](bench.root / "sqlite", "pairs"))
    assert differ == [differ[0]] * len(differ)
