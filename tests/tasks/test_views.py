"""Hold the board's tables against a lake whose truth is known."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tasks.materialise import build, query
from tests.lake_of_known_truth import NOW, SUITES, Truth, lake_of_known_truth, slice_index

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def known() -> tuple[dict[str, pa.Table], Truth]:
    return lake_of_known_truth()


@pytest.fixture(scope="module")
def truth(known: tuple[dict[str, pa.Table], Truth]) -> Truth:
    return known[1]


@pytest.fixture(scope="module")
def board(known: tuple[dict[str, pa.Table], Truth], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("board") / "board.duckdb"
    build(known[0], target, now=NOW, snapshot="the-snapshot")
    return target


@pytest.fixture(scope="module")
def ask(board: Path) -> Callable[[str], Rows]:
    return lambda sql: query(board, sql).to_pylist()


def test_results_hold_exactly_the_scores_that_count(ask: Callable[[str], Rows], truth: Truth) -> None:
    rows = ask("FROM leaderboard.results")
    assert {(r["suite"], r["benchmark"], r["model"], r["variant"]): r["score"] for r in rows} == truth.scores
    assert {(r["suite"], r["benchmark"], r["model"], r["variant"]) for r in rows if r["suspect"]} == truth.suspect


def test_overall_is_what_plain_python_makes_of_results(ask: Callable[[str], Rows]) -> None:
    benchmarks = ask("FROM leaderboard.benchmarks")
    cells = defaultdict(dict)
    for row in ask("FROM leaderboard.results WHERE is_primary"):
        cells[row["suite"], row["model"]][row["benchmark"]] = 100 * (row["score"] - row["chance"]) / (1 - row["chance"])
    for row in ask("FROM leaderboard.overall"):
        mine, categories = cells[row["suite"], row["model"]], defaultdict(list)
        for benchmark in (it for it in benchmarks if it["suite"] == row["suite"]):
            categories[benchmark["category"]].append(mine.get(benchmark["benchmark"]))
        complete = all(score is not None for scores in categories.values() for score in scores)
        index = sum(sum(scores) / len(scores) for scores in categories.values()) / len(categories) if complete else None
        assert row["index"] == (pytest.approx(index, abs=1e-9) if complete else None)
        assert (row["rank"] is None) == (not complete)


@pytest.mark.parametrize("suite", SUITES)
def test_overall_ranks_the_models_that_have_all_benchmarks_as_the_truth_does(
    ask: Callable[[str], Rows], truth: Truth, suite: str
) -> None:
    expected = slice_index(truth, suite, lambda entry: True)
    rows = ask(f"FROM leaderboard.overall WHERE suite = '{suite}' AND rank IS NOT NULL")
    assert [(row["model"], pytest.approx(row["index"])) for row in rows] == expected
    assert [row["rank"] for row in rows] == [
        1 + sum(round(other, 9) > round(index, 9) for _, other in expected) for _, index in expected
    ]


def test_a_slice_by_origin_holds_only_models_of_that_country_and_ranks_them_among_themselves(
    ask: Callable[[str], Rows], truth: Truth
) -> None:
    for origin in ("CN", "US", "FR", "GB", "KR"):
        rows = ask(f"FROM leaderboard.standings(suite := 'core', origin := '{origin}')")
        assert rows
        assert all(origin in row["origin_countries"] for row in rows)
        expected = slice_index(truth, "core", lambda entry, it=origin: it in entry["origin_countries"])
        assert [(row["model"], pytest.approx(row["index"])) for row in rows if row["rank"]] == expected


def test_a_joint_origin_is_found_by_each_of_its_countries_and_stays_one_row(ask: Callable[[str], Rows]) -> None:
    found = {row["origin"] for row in ask("FROM leaderboard.standings(origin := 'FR')")}
    assert found == {"FR", "FR+US"}
    assert {row["origin"] for row in ask("FROM leaderboard.standings(origin := 'FR+US')")} == {"FR+US"}
