"""Compare two sets of answers to the same documents: how likely is so much of a difference where nothing changed?

All are two-sided where no side is named. In plain Python, so that the light install has them.
"""

from collections.abc import Sequence
from math import comb, exp, inf, lgamma, log, log1p, sqrt
from statistics import fmean, stdev


def mcnemar(lost: int, gained: int) -> float:
    """Return the exact McNemar p-value of so many documents lost and gained: the sign test of those that flipped."""
    flips = lost + gained
    tail: int = sum(comb(flips, count) for count in range(min(lost, gained) + 1))
    return min(1.0, float(2 * tail / 2**flips))


def binomial_tail(count: int, n: int, rate: float) -> float:
    """Return the probability of `count` or more of n, each with probability `rate`."""
    if count <= 0:
        return 1.0
    if rate <= 0 or count > n:
        return 0.0
    if rate >= 1:
        return 1.0
    terms = (
        exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(rate) + (n - k) * log1p(-rate))
        for k in range(count, n + 1)
    )
    return min(1.0, sum(terms))


def paired_t(differences: Sequence[float]) -> float:
    """Return the p-value of Student's paired t-test: of a mean difference of zero."""
    n = len(differences)
    mean = fmean(differences) if n else 0.0
    if n < 2 or mean == 0:
        return 1.0
    error = stdev(differences) / sqrt(n)
    return student(mean / error if error else inf, n - 1)


def student(t: float, freedom: int) -> float:
    """Return the probability that Student's t is as far from zero as `t`, on either side."""
    if t in (inf, -inf):
        return 0.0
    return _beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def _beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction.

    Numerical Recipes, 3rd edition, section 6.4: modified Lentz's method.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _beta(1 - x, b, a)  # the fraction converges fast on this side only
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    tiny = 1e-300
    c, d = 1.0, 1.0 / ((1 - (a + b) * x / (a + 1)) or tiny)
    found = d
    for m in range(1, 400):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / ((1 + step * d) or tiny)
            c = (1 + step / c) or tiny
            found *= c * d
        if abs(c * d - 1) < 1e-12:
            break
    return front * found
