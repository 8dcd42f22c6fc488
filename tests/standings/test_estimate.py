"""The memory that the plan asks for is what a run needs, within what is claimed of it."""

from typing import Any

import pytest

from standings import estimate

MIB = 2**20
QUICK = {"output": "generate_until", "shots": 4, "max_tokens": 24}


def variant(total_b: float | None = 8.0, **fields: Any) -> dict[str, Any]:
    """Return a row of `models`."""
    shape = {"layers": None, "kv_values": None, "vocabulary": None}
    return (
        {"total_b": total_b, "loaded_b": None, "dtype": "bfloat16", "quantisation": None, "engine": "hf"}
        | shape
        | fields
    )


SMOL = variant(0.134515, dtype="float32", layers=30, kv_values=384, vocabulary=49152)
GEMMA = variant(0.268098, dtype="float32", layers=18, kv_values=512, vocabulary=262144)
QWEN = variant(0.494033, dtype="float32", loaded_b=0.630167, layers=24, kv_values=256, vocabulary=151936)


# Peaks of the quick suite as benchmarks/README.md gives them; `python -m benchmarks.memory` measures them again.
@pytest.mark.parametrize(
    ("row", "peak"),
    [
        pytest.param(SMOL, 1434, id="SmolLM2-135M"),
        pytest.param(GEMMA, 3442, id="gemma-3-270m"),
        pytest.param(QWEN, 3760, id="Qwen2.5-Coder-0.5B"),
    ],
)
def test_the_estimate_lies_within_15_percent_of_the_peak_seen(row: dict[str, Any], peak: int):
    said = estimate.memory(row, estimate.generated_tokens(QUICK))
    assert said == pytest.approx(peak * MIB, rel=0.15)


def test_an_answer_of_many_tokens_takes_memory_beside_the_weights():
    short, long = (estimate.memory(SMOL, tokens) for tokens in (0, 32_768))
    assert long - short > 10 * estimate.GIB


def test_a_choice_generates_nothing():
    assert estimate.generated_tokens({"output": "multiple_choice", "shots": 5}) == 0


def test_two_gpus_share_the_weights_and_each_has_its_own_runtime():
    one, two = (estimate.memory(variant(70.0), 1000, device="cuda", gpus=gpus) for gpus in (1, 2))
    assert one / 2 < two < one


@pytest.mark.parametrize("unknown", [variant(None), variant(dtype=None)])
def test_nothing_is_estimated_of_a_size_that_nobody_knows(unknown: dict[str, Any]):
    assert estimate.memory(unknown, 0) is None


def test_only_an_engine_that_computes_on_quantised_weights_saves_by_them():
    whole, kept = (estimate.weights(variant(engine=engine, quantisation="FP8")) for engine in ("hf", "vllm"))
    assert (whole, kept) == (16e9, pytest.approx(8.24e9))


def test_what_is_written_takes_time_by_its_tokens_and_repeats():
    once, twice, long = (
        estimate.seconds(SMOL | {"active_b": 0.134515}, 30, QUICK | given, threads=2)
        for given in ({}, {"repeats": 2}, {"max_tokens": 32_768})
    )
    assert once < twice < long
    assert long > 3600


def test_no_time_is_estimated_of_a_size_that_nobody_knows():
    assert estimate.seconds(variant(None, active_b=None), 30, QUICK, threads=2) is None
