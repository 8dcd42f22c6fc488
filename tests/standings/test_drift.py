"""A drift of the canary is caught and named; noise is not, for years."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import comb
from typing import Any

import pytest

from standings.canary import CanaryPolicy
from standings.drift import Asked, Comparison, Document, compare
from standings.paired import binomial_tail, mcnemar

POLICY = CanaryPolicy(model="acme/tiny", suite="tiny", benchmarks=("sums",), flips={"float32": 0.01, "bfloat16": 0.02})
FIRST = datetime(2026, 3, 1, 2, tzinfo=UTC)
N = 40
RIGHT = [1.0] * 20 + [0.0] * 20


def run(benchmark: str = "sums", night: int = 0, **columns: Any) -> dict[str, Any]:
    """Make a run's row: float32 on one machine unless told."""
    made = {"run_id": f"{benchmark} {night}", "job_id": benchmark, "benchmark": benchmark, "dtype": "float32"}
    came = {"worker": "node-1", "device": "cpu", "engine_version": "transformers 5.1", "harness": "0.4.13"}
    return {**made, **came, "torch": "2.13.0", "started_at": FIRST + timedelta(days=night), **columns}


def asked(row: Mapping[str, Any], outcomes: Sequence[float], answers: Sequence[str] = (), prompt: str = "p") -> Asked:
    """Make what a run answered; an answer is its outcome unless told."""
    said = answers or [str(outcome) for outcome in outcomes]
    pairs = enumerate(zip(outcomes, said, strict=True))
    return Asked(row, {f"t/{place}": Document(outcome, answer, prompt) for place, (outcome, answer) in pairs})


def flipped(lost: int = 0, gained: int = 0) -> list[float]:
    """Return the outcomes with some of the right lost and some of the wrong gained."""
    return [0.0] * lost + [1.0] * (20 - lost) + [1.0] * gained + [0.0] * (20 - gained)


def compared(before: Asked, after: Asked, *between: Mapping[str, Any]) -> Comparison:
    """Compare one benchmark's two runs."""
    job = before.run["job_id"]
    return compare({job: before}, {job: after}, POLICY, [[before.run, *between, after.run]])


def test_one_flip_in_float32_on_one_machine_is_a_drift_and_names_the_changed_harness() -> None:
    found = compared(asked(run(), RIGHT), asked(run(night=1, harness="0.4.14"), flipped(lost=1)))
    assert found.drift == (
        "sums: 1 lost and 0 gained of 40, 1 answers differ, where float32 on one machine promises none. "
        "Since the baseline of 2026-03-01 changed: harness 0.4.13 → 0.4.14 (2026-03-02)."
    )


def test_the_same_answers_under_another_commit_are_no_drift() -> None:
    found = compared(asked(run(code_sha="a" * 40), RIGHT), asked(run(night=1, code_sha="b" * 40), RIGHT))
    assert found.drift is None
    assert [str(change) for change in found.changed] == ["code aaaaaaaaaaaa → bbbbbbbbbbbb (2026-03-02)"]


def test_another_wrong_answer_is_a_drift_where_bits_are_promised_and_noise_on_another_machine() -> None:
    other = ["1.0"] * 20 + ["another"] + ["0.0"] * 19
    assert "1 answers differ" in str(compared(asked(run(), RIGHT), asked(run(night=1), RIGHT, other)).drift)
    assert compared(asked(run(), RIGHT), asked(run(night=1, worker="node-2"), RIGHT, other)).drift is None


def test_a_changed_engine_that_flips_much_is_caught_and_one_that_flips_little_is_not() -> None:
    engine = {"engine_version": "transformers 5.2"}
    noise = compared(asked(run(), RIGHT), asked(run(night=1, **engine), flipped(1, 1)))
    drift = compared(asked(run(), RIGHT), asked(run(night=1, **engine), flipped(4, 4)))
    assert noise.drift is None
    assert "sums: 4 lost and 4 gained of 40, where 1.0% may flip by arithmetic alone" in str(drift.drift)
    assert "engine transformers 5.1 → transformers 5.2 (2026-03-02)" in str(drift.drift)


def test_another_prompt_is_a_drift_even_where_every_answer_is_the_same() -> None:
    before = asked(run(), RIGHT)
    found = compared(before, asked(run(night=1, worker="node-2"), RIGHT, prompt="another template"))
    assert "40 prompts are not as they were" in str(found.drift)


def test_ten_small_steps_are_seen_though_none_of_them_is_a_drift() -> None:
    """Each night one more document is lost on ever new machines: last night would always excuse it."""
    rows = [run(night=night, worker=f"node-{night}") for night in range(11)]
    nights = [asked(row, flipped(lost=night)) for night, row in enumerate(rows)]
    steps = [compared(before, after).drift for before, after in pairwise(nights)]
    assert steps == [None] * 10
    found = compared(nights[0], nights[10], *rows[1:10]).drift
    assert "10 lost" in str(found)
    assert "worker node-0 → node-10 (2026-03-11)" in str(found)


def test_a_change_is_dated_by_the_first_run_that_had_it() -> None:
    middle = [run(night=1), run(night=2, torch="2.14.0"), run(night=3, torch="2.14.0")]
    found = compared(asked(run(), RIGHT), asked(run(night=4, torch="2.14.0"), flipped(6, 6)), *middle)
    assert [str(change) for change in found.changed] == ["torch 2.13.0 → 2.14.0 (2026-03-03)"]


def test_nothing_recorded_changed_is_said_too() -> None:
    found = compared(asked(run(), RIGHT), asked(run(night=1), flipped(1)))
    assert str(found.drift).endswith("changed: nothing that a run records.")


def test_a_fall_in_a_benchmark_of_shares_is_found_by_the_mean_and_rounding_is_not() -> None:
    draw = random.Random(2)
    shares = [draw.random() for _ in range(N)]
    rounded = [share + draw.gauss(0, 1e-4) for share in shares]
    there = run(night=1, worker="node-2")
    assert compared(asked(run(), shares), asked(there, rounded)).drift is None
    found = compared(asked(run(), shares), asked(there, [share - abs(draw.gauss(0.05, 0.02)) for share in shares]))
    assert "(p = " in str(found.drift)


def test_too_few_flips_in_each_benchmark_may_be_too_many_in_all() -> None:
    names = ("one", "two", "three", "four", "five")
    before = {name: asked(run(name), RIGHT) for name in names}
    after = {name: asked(run(name, night=1, worker="node-2"), flipped(2, 2)) for name in names}
    assert "all together: 10 lost and 10 gained of 200" in str(compare(before, after, POLICY, []).drift)


@pytest.mark.parametrize("rate", [0.005, 0.01, 0.02, 0.05])
def test_noise_at_the_stated_rate_alarms_at_most_once_in_the_stated_years(rate: float) -> None:
    """Add up the exact probabilities of all alarms of a night: no night can have more than their sum."""
    each = POLICY.level / 12  # five benchmarks and all together, two tests each

    def alarm(n: int) -> float:
        return sum(
            comb(n, flips) * rate**flips * (1 - rate) ** (n - flips) * (binomial_tail(flips, n, rate) <= each)
            + comb(n, flips) * rate**flips * (1 - rate) ** (n - flips) * one_sided(flips)
            for flips in range(n + 1)
        )

    def one_sided(flips: int) -> float:
        return sum(comb(flips, lost) / 2**flips for lost in range(flips + 1) if mcnemar(lost, flips - lost) <= each)

    assert (5 * alarm(N) + alarm(5 * N)) * 365.25 * POLICY.years <= 1


def test_a_year_of_noise_raises_no_alarm() -> None:
    """Every night on another machine, each document's luck drawn anew: benchmarks/canary.py draws a thousand years."""
    draw, names = random.Random(3), ("one", "two", "three", "four", "five")
    before = {name: asked(run(name), RIGHT) for name in names}
    for night in range(1, 366):
        after = {}
        for name in names:
            noisy = [1 - it if draw.random() < 0.01 else it for it in RIGHT]
            after[name] = asked(run(name, night, worker="node-2"), noisy)
        assert compare(before, after, POLICY, []).drift is None
