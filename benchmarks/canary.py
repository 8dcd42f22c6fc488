"""Live through a thousand years of a canary's nights: how often noise raises an alarm, and how large a drift must be.

`python -m benchmarks.canary [years]`. Five benchmarks of 40 documents, of which the canary gets 22 right.
"""

import random
import sys
from bisect import bisect
from datetime import UTC, datetime
from functools import cache

from standings.canary import CanaryPolicy
from standings.drift import Compared, alarms
from standings.paired import binomial_tail, mcnemar
from standings.paths import folder
from tasks.registry_files import read_canary

BENCHMARKS, DOCUMENTS, RIGHT = 5, 40, 22
NIGHTS_A_YEAR = 365
Outcomes = list[bool]


@cache
def compared(lost: int, gained: int, rate: float) -> Compared:
    """Make what a comparison of so many flips comes to."""
    return Compared(
        benchmark="one",
        run="",
        baseline="",
        since=datetime(2026, 1, 1, tzinfo=UTC),
        documents=DOCUMENTS,
        unpaired=0,
        before=RIGHT / DOCUMENTS,
        after=(RIGHT - lost + gained) / DOCUMENTS,
        lost=lost,
        gained=gained,
        answers=lost + gained,
        prompts=0,
        binary=True,
        expected=rate,
        p_flips=binomial_tail(lost + gained, DOCUMENTS, rate),
        p_score=mcnemar(lost, gained),
    )


def alarmed(flips: list[tuple[int, int]], policy: CanaryPolicy, rate: float) -> bool:
    """Say whether a night of such flips is a drift."""
    return _alarmed(tuple(sorted(flips)), policy.level, rate)


@cache
def _alarmed(flips: tuple[tuple[int, int], ...], level: float, rate: float) -> bool:
    return bool(alarms([compared(lost, gained, rate) for lost, gained in flips], level))


def anywhere(draw: random.Random, rate: float) -> list[tuple[int, int]]:
    """Flip each document with the same probability, anew each night."""
    return [(_count(draw, RIGHT, rate), _count(draw, DOCUMENTS - RIGHT, rate)) for _ in range(BENCHMARKS)]


def _count(draw: random.Random, n: int, rate: float) -> int:
    return bisect(_below(n, rate), draw.random())


@cache
def _below(n: int, rate: float) -> list[float]:
    return [1 - binomial_tail(count, n, rate) for count in range(1, n + 1)]


def at_ties(draw: random.Random, before: list[Outcomes]) -> list[tuple[int, int]]:
    """Toss a coin for each near-tie, where the baseline's own toss stays as it fell."""
    tosses = [[(old, draw.random() < 0.5) for old in ties] for ties in before]
    return [(sum(old > new for old, new in one), sum(old < new for old, new in one)) for one in tosses]


def tossed(draw: random.Random, rate: float) -> list[Outcomes]:
    """Toss a baseline's near-ties: so many that on average `rate` of all documents flip."""
    ties = [int(2 * rate * DOCUMENTS) + (draw.random() < 2 * rate * DOCUMENTS % 1) for _ in range(BENCHMARKS)]
    return [[draw.random() < 0.5 for _ in range(count)] for count in ties]


def main(years: int) -> None:
    """Print a line a kind of noise, and a line a size of drift."""
    policy, _ = read_canary(folder("registry"))
    assert policy is not None, "the registry has no canary"
    draw = random.Random(57)
    print(f"One alarm in {policy.years:g} years is allowed: {years / policy.years:.0f} in {years} years.")
    for rate in sorted({0.005, *policy.flips.values(), 0.05}):
        nights = years * NIGHTS_A_YEAR
        fresh = sum(alarmed(anywhere(draw, rate), policy, rate) for _ in range(nights))
        tied = 0
        for _ in range(years):  # a new baseline each year
            before = tossed(draw, rate)
            tied += sum(alarmed(at_ties(draw, before), policy, rate) for _ in range(NIGHTS_A_YEAR))
        print(f"noise {rate:.1%}: {fresh} alarms where any document may flip, {tied} where near-ties do")
    for rate in sorted(set(policy.flips.values())):
        for lost in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3):
            everywhere = one = 0
            for _ in range(1000):
                noise = anywhere(draw, rate)
                more = [(old + _count(draw, RIGHT - old, lost), gained) for old, gained in noise]
                everywhere += alarmed(more, policy, rate)
                one += alarmed([more[0], *noise[1:]], policy, rate)
            found = f"{everywhere / 10:.0f} % of nights, {one / 10:.0f} % where it is one benchmark alone"
            print(f"noise {rate:.1%}, {lost:.0%} of the right answers lost: {found}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
