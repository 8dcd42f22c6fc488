"""Hold the board's tables against a lake whose truth is known."""

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from math import comb, sqrt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from standings.paths import folder
from tasks.materialise import build, one_table, query
from tests.lake_of_known_truth import NOW, SUITES, Truth, lake_of_known_truth, slice_index
from tests.lake_rows import LakeRows

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


def test_the_macro_without_a_slice_is_overall(ask: Callable[[str], Rows]) -> None:
    overall = ask("SELECT * EXCLUDE (tier) FROM leaderboard.overall")
    assert ask("SELECT * EXCLUDE (snapshot) FROM leaderboard.standings()") == overall
    assert {row["snapshot"] for row in ask("FROM leaderboard.standings()")} == {"the-snapshot"}


def test_a_slice_by_licence_holds_the_declared_class_and_strictly_only_undisputed_lineage(
    ask: Callable[[str], Rows], truth: Truth
) -> None:
    for strict in (False, True):
        rows = ask(f"FROM leaderboard.standings(suite := 'core', licence := 'osi_approved', strict := {strict})")
        expected = slice_index(
            truth,
            "core",
            lambda it, strict=strict: it["licence_class"] == "osi_approved" and not (strict and it["lineage_differs"]),
        )
        assert [row["model"] for row in rows if row["rank"]] == [model for model, _ in expected]
        assert {row["lineage_differs"] for row in rows} == ({False} if strict else {False, True})


def test_a_slice_by_size_drops_models_whose_size_is_not_known(ask: Callable[[str], Rows], truth: Truth) -> None:
    rows = ask("FROM leaderboard.standings(suite := 'common', max_active_b := 8)")
    expected = slice_index(truth, "common", lambda it: it["active_b"] is not None and it["active_b"] <= 8)
    assert [row["model"] for row in rows if row["rank"]] == [model for model, _ in expected]
    assert {row["access"] for row in rows} == {"weights"}


def test_a_slice_by_category_is_by_category(ask: Callable[[str], Rows]) -> None:
    sliced = ask("FROM leaderboard.standings(suite := 'core', category := 'reasoning')")
    table = ask("FROM leaderboard.by_category WHERE suite = 'core' AND category = 'reasoning'")
    columns = ("rank", "model", "index", "index_lo", "index_hi", "covered", "benchmarks", "missing")
    assert [{name: row[name] for name in columns} for row in sliced] == [
        {name: pytest.approx(row[name]) if name.startswith("index") else row[name] for name in columns} for row in table
    ]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize(
    ("view", "keys"),
    [
        ("by_origin", ("origin",)),
        ("by_licence", ("licence_class",)),
        ("by_origin_and_licence", ("origin", "licence_class")),
    ],
)
def test_a_group_shows_its_best_model_of_how_many(
    ask: Callable[[str], Rows], truth: Truth, suite: str, view: str, keys: tuple[str, ...]
) -> None:
    rows = ask(f"FROM leaderboard.{view} WHERE suite = '{suite}' AND band = 'all'")
    groups = Counter(tuple(entry[key] for key in keys) for entry in truth.models.values())
    assert {tuple(row[key] for key in keys): row["registered"] for row in rows} == groups
    for row in rows:
        ranked = slice_index(truth, suite, lambda entry, row=row: all(entry[key] == row[key] for key in keys))
        best = ranked[0] if ranked else (None, None)
        assert (row["model"], row["index"], row["tried"]) == (best[0], pytest.approx(best[1]), len(ranked))


def test_bands_divide_the_models_and_shares_count_a_joint_origin_once(ask: Callable[[str], Rows], truth: Truth) -> None:
    rows = ask("FROM leaderboard.by_origin WHERE suite = 'core'")
    bands = {"<=1B", "1-4B", "4-10B", "10-40B", "40-130B", ">130B", "api"}
    assert {row["band"] for row in rows} == {"all", *bands}
    assert sum(row["registered"] for row in rows if row["band"] != "all") == len(truth.models)
    for band in ("all", *bands):
        assert sum(row["share"] for row in rows if row["band"] == band) == pytest.approx(1)


def test_a_variant_that_is_not_primary_is_in_results_and_nowhere_else(ask: Callable[[str], Rows]) -> None:
    assert ask("SELECT 1 FROM leaderboard.results WHERE variant = 'fp32' AND NOT is_primary LIMIT 1")
    views = ("overall", "by_origin", "by_licence", "by_origin_and_licence", "standings()")
    for view in views:
        assert {row["variant"] for row in ask(f"SELECT DISTINCT variant FROM leaderboard.{view}")} - {None} == {"bf16"}


def test_a_benchmark_is_shown_in_one_epoch_for_all(ask: Callable[[str], Rows], truth: Truth) -> None:
    shown = {(row["suite"], row["benchmark"]): row for row in ask("FROM leaderboard.benchmarks")}
    assert {key: row["epoch"] for key, row in shown.items()} == truth.epochs
    assert shown["core", "gsm8k"]["newest_epoch"] == 2
    assert shown["core", "gsm8k"]["waiting_for"] > 0
    epochs = ask("SELECT DISTINCT suite, benchmark, epoch FROM leaderboard.results")
    assert {(row["suite"], row["benchmark"]): row["epoch"] for row in epochs} == truth.epochs
    assert len(epochs) == len(truth.epochs)


def test_coverage_is_every_cell_that_results_lack_and_says_why(ask: Callable[[str], Rows], truth: Truth) -> None:
    empty = {(r["suite"], r["benchmark"], r["model"], r["variant"]): r for r in ask("FROM leaderboard.coverage")}
    last = "row_number() OVER (PARTITION BY model, variant ORDER BY known_from DESC) = 1"
    variants = ask(f"SELECT model, variant FROM raw.models QUALIFY {last} AND NOT removed")
    cells = {(s, b, it["model"], it["variant"]) for s in SUITES for b in SUITES[s] for it in variants}
    assert empty.keys() == cells - truth.scores.keys()
    told = Counter(row["why"].partition(":")[0] for row in empty.values())
    held = next(row for row in ask("FROM leaderboard.benchmarks") if row["waiting_for"])
    assert held["held_by"] == [row["model"] for row in ask("FROM leaderboard.held_back")]
    assert told.keys() == {
        "never evaluated",
        "too_large",
        "withdrawn",
        "its run was set aside",
        "an API gives no log-likelihoods",
        f"counted in epoch 2; epoch 1 is shown until {', '.join(held['held_by'][:3])} and "
        f"{held['waiting_for'] - 3} more have a run or a final failure in it",
    }
    assert {row["quarantined_for"] for row in empty.values() if row["quarantined"]} == {
        "scores.parquet: sha256 differs"
    }


def test_rank_intervals_count_whole_intervals_above_and_below(ask: Callable[[str], Rows]) -> None:
    for call in ("suite := 'core'", "suite := 'common'", "suite := 'core', origin := 'FR'"):
        rows = [row for row in ask(f"FROM leaderboard.standings({call})") if row["rank"]]
        for row in rows:
            above = sum(other["index_lo"] > row["index_hi"] for other in rows)
            below = sum(other["index_hi"] < row["index_lo"] for other in rows)
            assert (row["rank_from"], row["rank_to"]) == (1 + above, len(rows) - below)
            assert row["rank_from"] <= row["rank"] <= row["rank_to"]


def test_tiers_go_down_the_ranks_and_start_with_the_leader(ask: Callable[[str], Rows]) -> None:
    for suite in SUITES:
        tiers = ask(f"SELECT tier FROM leaderboard.overall WHERE suite = '{suite}' AND rank IS NOT NULL ORDER BY rank")
        assert tiers[0]["tier"] == 1
        assert all(0 <= lower["tier"] - upper["tier"] <= 1 for upper, lower in pairwise(tiers))


def test_intervals_cover_the_truth_where_an_interval_from_the_standard_error_does_not() -> None:
    lake = LakeRows()
    for n in (24, 30, 250):
        benchmark = lake.benchmark("s", str(n))
        for right in range(n + 1):
            lake.run(lake.want(benchmark, lake.model(f"{n}/{right}")), right=right, n=n)
    results = one_table(lake.facts(), "model.result", folder("sql"), now=NOW).to_pylist()
    bounds = {(row["n"], row["n_correct"]): (row["score_lo"], row["score_hi"]) for row in results}

    def coverage(p: float, n: int, bound: Callable[[int], tuple[float, float]]) -> float:
        covered = [right for right in range(n + 1) if bound(right)[0] <= p <= bound(right)[1]]
        return sum(comb(n, right) * p**right * (1 - p) ** (n - right) for right in covered)

    def wald(right: int, n: int) -> tuple[float, float]:
        half = 1.96 * sqrt(right * (n - right) / n**2 / n)
        return right / n - half, right / n + half

    exact = {(p, n): coverage(p, n, lambda it, n=n: bounds[n, it]) for p in (0.02, 0.5, 0.98) for n in (24, 30, 250)}
    assert min(exact.values()) > 0.91, exact  # Wilson's own at p = 0.02 and n = 24; all others are above 0.93
    assert sum(value < 0.93 for value in exact.values()) == 2
    assert coverage(0.02, 24, lambda it: wald(it, 24)) < 0.4
    assert coverage(0.02, 250, lambda it: wald(it, 250)) < 0.9
