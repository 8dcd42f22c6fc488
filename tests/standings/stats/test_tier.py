"""Hold how tiers are drawn."""

from typing import Any

import pyarrow as pa

from standings.stats.tier import tiers


def made(*models: tuple[str, float | None, float | None], suite: str = "s") -> list[dict[str, Any]]:
    """Write a board's rows from (model, index, half width), best first."""
    return [
        {
            "suite": suite,
            "model": model,
            "rank": None if index is None else rank,
            "index": index,
            "index_lo": None if index is None or half is None else index - half,
            "index_hi": None if index is None or half is None else index + half,
        }
        for rank, (model, index, half) in enumerate(models, 1)
    ]


def tier_of(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {row["model"]: row["tier"] for row in tiers(pa.Table.from_pylist(rows)).to_pylist()}


def test_a_tier_holds_those_not_significantly_below_its_leader_although_they_differ_among_themselves() -> None:
    # b and c can't be told from a; d can, although c and d can't be told apart.
    rows = made(("a", 60, 4), ("b", 57, 4), ("c", 55, 4), ("d", 53, 4), ("e", 50, 4))
    assert tier_of(rows) == {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2}


def test_a_model_that_is_not_ranked_has_no_tier() -> None:
    assert tier_of(made(("a", 60, 4), ("b", None, None))) == {"a": 1}


def test_without_an_interval_nothing_can_be_told_apart() -> None:
    assert tier_of(made(("a", 60, 1), ("b", 10, None))) == {"a": 1, "b": 1}


def test_each_suite_has_its_own_first_tier() -> None:
    rows = [*made(("a", 60, 1)), *made(("b", 10, 1), suite="t")]
    assert tier_of(rows) == {"a": 1, "b": 1}


def test_an_empty_board_has_no_tiers() -> None:
    empty = pa.schema({"suite": pa.string(), "model": pa.string(), "rank": pa.int64()}).empty_table()
    assert tiers(empty).num_rows == 0
