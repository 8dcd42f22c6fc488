"""What differs between two boards."""

from collections.abc import Callable
from typing import Any

from standings.moved import RANKED, moved

Rows = list[dict[str, Any]]


def board(ranks: dict[str, int | None], scores: dict[str, float], **changes: Any) -> Callable[[str], Rows]:
    """Make a board of one suite and one benchmark."""
    ranked = [{"suite": "s", "model": it, "variant": "main", "rank": rank, "index": 50.0} for it, rank in ranks.items()]
    run = {"suite": "s", "benchmark": "b", "variant": "main", "epoch": 1, "revision": "r", "run_id": "1", **changes}
    scored = [{**run, "model": it, "score": score} for it, score in scores.items()]
    return lambda sql: ranked if sql == RANKED else scored


def told(before: Callable[[str], Rows], after: Callable[[str], Rows]) -> list[tuple[Any, ...]]:
    return [(it.what, it.model, it.before, it.after, it.why) for it in moved(before, after)]


def test_nothing_moved_between_equal_boards() -> None:
    one = board({"a": 1, "b": None}, {"a": 0.5})
    assert told(one, one) == []


def test_models_come_and_go_with_their_rank_and_without_their_scores() -> None:
    before, after = board({"a": 1, "b": 2}, {"a": 0.5, "b": 0.4}), board({"a": 1, "c": None}, {"a": 0.5, "c": 0.1})
    assert told(before, after) == [("came", "c", None, None, None), ("went", "b", 2, None, None)]


def test_ranks_move_and_a_rank_can_be_won_or_lost() -> None:
    before, after = board({"a": 1, "b": 2, "c": None}, {}), board({"a": 2, "b": None, "c": 1}, {})
    assert told(before, after) == [
        ("rank", "a", 1, 2, None),
        ("rank", "b", 2, None, None),
        ("rank", "c", None, 1, None),
    ]


def test_a_score_says_why_it_moved() -> None:
    before = board({"a": 1}, {"a": 0.5})
    for changes, why in (
        ({"epoch": 2, "run_id": "2"}, "epoch 1, now 2"),
        ({"revision": "q", "run_id": "2"}, "another revision of the model"),
        ({"run_id": "2"}, "another run"),
        ({}, None),
    ):
        assert told(before, board({"a": 1}, {"a": 0.6}, **changes)) == [("score", "a", 0.5, 0.6, why)]
    assert told(before, board({"a": 1}, {})) == [("score", "a", 0.5, None, "gone")]
    assert told(board({"a": 1}, {}), before) == [("score", "a", None, 0.5, "new")]
