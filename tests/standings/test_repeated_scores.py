"""A benchmark asked several times has one score: the mean, with an error over documents and not over answers."""

from statistics import stdev

import pytest

from standings.result import score_rows
from standings.samples import Repeat
from tests.standings.test_result import generated, results


def repeat(*outcomes: float, stderr: float = 0.2) -> Repeat:
    """Return one time that a task's documents were asked, with these outcomes."""
    samples = [generated(place, f"{place}", "none", outcome) for place, outcome in enumerate(outcomes)]
    value = sum(outcomes) / len(outcomes)
    metrics = {"exact_match,none": value, "exact_match_stderr,none": stderr, "sample_len": len(outcomes)}
    return Repeat(results({"t": samples}, t=metrics))


def test_the_score_is_the_mean_and_every_answer_counts():
    [row] = score_rows("r", [repeat(1, 0, 0, 1), repeat(1, 1, 0, 1)])
    assert (row["value"], row["n"], row["n_docs"], row["repeats"], row["n_correct"]) == (0.625, 8, 4, 2, 5)


def test_the_error_is_that_of_the_documents_means():
    [row] = score_rows("r", [repeat(1, 0, 0, 1), repeat(1, 1, 0, 1)])
    assert row["stderr"] == pytest.approx(stdev([1, 0.5, 0, 1]) / 4**0.5)


def test_answers_that_are_always_alike_are_no_better_known_for_being_asked_again():
    once = repeat(1, 0, 0, 1, stderr=stdev([1, 0, 0, 1]) / 4**0.5)
    [row], [single] = score_rows("r", [once] * 16), score_rows("r", [once])
    assert row["stderr"] == pytest.approx(single["stderr"])
    assert (row["value"], row["n_docs"]) == (single["value"], single["n_docs"])


def test_a_single_repeat_keeps_the_harness_own_numbers():
    [row] = score_rows("r", [repeat(1, 0, stderr=0.123)])
    assert (row["value"], row["stderr"], row["repeats"]) == (0.5, 0.123, 1)


def test_the_error_of_what_is_no_mean_of_outcomes_is_the_mean_of_the_repeats_errors():
    group = {"groups": {"g": {"exact_match,none": 0.9, "exact_match_stderr,none": 0.3}}, "group_subtasks": {"g": ["t"]}}
    one, other = (Repeat({**repeat(1, 0).results, **group}) for _ in range(2))
    [_, row] = score_rows("r", [one, other])
    assert (row["task"], row["value"], row["n"], row["n_correct"]) == ("g", 0.9, 4, None)
    assert row["stderr"] == pytest.approx(0.3)
