"""Paired tests, held against values worked out by hand or by scipy 1.17."""

import random

import pytest

from standings.paired import binomial_tail, mcnemar, paired_t, student


@pytest.mark.parametrize(
    ("lost", "gained", "expected"), [(0, 0, 1.0), (3, 3, 1.0), (0, 1, 1.0), (0, 6, 2 / 64), (1, 8, 20 / 512)]
)
def test_mcnemar_is_the_sign_test_of_what_flipped(lost: int, gained: int, expected: float) -> None:
    assert mcnemar(lost, gained) == mcnemar(gained, lost) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("count", "n", "rate", "expected"),
    [(0, 40, 0.01, 1.0), (5, 40, 0.01, 4.9154387033938e-05), (1, 40, 0.0, 0.0), (3, 2, 0.5, 0.0), (2, 2, 1.0, 1.0)],
)
def test_the_binomial_tail_counts_so_many_or_more(count: int, n: int, rate: float, expected: float) -> None:
    assert binomial_tail(count, n, rate) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("t", "freedom", "expected"),
    [
        (0.1, 3, 0.9266523488008059),
        (2.0, 39, 0.052499015343854746),
        (-8.0, 199, 1.0061460058776997e-13),
        (1.5, 1, 0.3743340836219977),
    ],
)
def test_students_t_has_its_known_probabilities(t: float, freedom: int, expected: float) -> None:
    assert student(t, freedom) == pytest.approx(expected, rel=1e-9)


def test_the_paired_t_test_tells_a_shift_from_noise() -> None:
    draw = random.Random(1)
    noise = [draw.gauss(0, 0.1) for _ in range(40)]
    assert paired_t(noise) > 0.05
    assert paired_t([it + 0.1 for it in noise]) < 1e-4
    assert paired_t([0.0] * 40) == 1.0
    assert paired_t([0.1] * 40) < 1e-12
