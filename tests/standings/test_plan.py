"""The plan loads each variant once, smallest first, and says of every other cell why it is not run."""

from typing import Any

from standings.plan import Plan, plan
from standings.pools import Pool

MACHINE = (Pool(name="here", memory=24 * 1024**3, threads=2),)


def state(variant: str = "v1", benchmark: str = "b1", state: str = "missing", **fields: Any) -> dict[str, Any]:
    """Return a row of model.job_state."""
    return {
        "job_id": f"{variant}-{benchmark}",
        "model": f"org/{variant}",
        "variant": "main",
        "variant_id": variant,
        "suite": "quick",
        "benchmark": benchmark,
        "benchmark_id": benchmark,
        "protocol": '{"output": "multiple_choice"}',
        "state": state,
        "attempts": 0,
        "why": "never evaluated",
        "reason": None,
    } | fields


def variant(name: str = "v1", total_b: float | None = 0.1, **fields: Any) -> dict[str, Any]:
    """Return a row of `models`."""
    return {
        "model": f"org/{name}",
        "variant": "main",
        "variant_id": name,
        "engine": "hf",
        "dtype": "float32",
        "quantisation": None,
        "total_b": total_b,
        "loaded_b": None,
        "layers": None,
        "kv_values": None,
        "vocabulary": None,
        "active_b": total_b,
        "is_primary": True,
    } | fields


BENCHMARKS = {"b1": {"documents": 40}, "b2": {"documents": 80}}


def test_the_jobs_of_a_variant_are_one_assignment():
    made = plan([state(benchmark="b2"), state(benchmark="b1")], {"v1": variant()}, BENCHMARKS, MACHINE)
    [assignment] = made.assignments
    assert [job.benchmark for job in assignment.jobs] == ["b1", "b2"]
    assert assignment.jobs[1].seconds == 2 * assignment.jobs[0].seconds


def test_two_benchmarks_with_the_same_job_are_asked_once():
    rows = [state(benchmark="b1"), state(benchmark="b2") | {"job_id": "v1-b1"}]
    assert plan(rows, {"v1": variant()}, BENCHMARKS, MACHINE).jobs == 1


def test_the_smallest_model_comes_first():
    variants = {"big": variant("big", 3.0), "small": variant("small", 0.1)}
    made = plan([state("big"), state("small")], variants, BENCHMARKS, MACHINE)
    assert [item.model for item in made.assignments] == ["org/small", "org/big"]


def test_a_model_that_does_not_fit_is_listed_as_such():
    made = plan([state("big")], {"big": variant("big", 671.0)}, BENCHMARKS, MACHINE)
    assert made.assignments == ()
    assert made.unplanned[0].state == "too_large"
    assert made.unplanned[0].why == "needs up to 4096 GiB of memory, this machine gives 24"


def test_a_model_of_unknown_size_is_never_loaded_on_a_guess():
    made = plan([state()], {"v1": variant(total_b=None)}, BENCHMARKS, MACHINE)
    assert "size is not known" in made.unplanned[0].why
    assert made.unplanned[0].state == "blocked"


def test_an_api_model_has_no_worker_on_this_machine():
    made = plan([state()], {"v1": variant(engine="api", dtype=None)}, BENCHMARKS, MACHINE)
    assert made.unplanned[0].why == "no worker for engine api here"


def test_what_is_counted_is_counted_and_what_waits_is_told_with_its_reason():
    rows = [state(state="counted"), state(benchmark="b2", state="waiting", why="infrastructure failure, third try")]
    made = plan(rows, {"v1": variant()}, BENCHMARKS, MACHINE)
    assert (made.counted, made.jobs) == (1, 0)
    assert [(item.state, item.cells) for item in made.unplanned] == [("waiting", 1)]


def test_a_second_try_says_so():
    [assignment] = plan(
        [state(attempts=1, why="infrastructure failure, second try")], {"v1": variant()}, BENCHMARKS, MACHINE
    ).assignments
    assert (assignment.jobs[0].attempt, assignment.jobs[0].why) == (2, "infrastructure failure, second try")


GENERATED = '{"max_tokens":32768,"output":"generate_until"}'


def gpus(count: int, gib: int = 24, **fields: Any) -> Pool:
    """Describe machines with so many GPUs of so much memory."""
    return Pool(**{"name": "here", "device": "cuda", "gpus": count, "memory": gib * 1024**3, "threads": 2} | fields)


def on_gpus(count: int, total_b: float, **fields: Any) -> Plan:
    """Plan a model for a machine with so many GPUs of 24 GiB."""
    return plan([state(**fields)], {"v1": variant(total_b=total_b, dtype="bfloat16")}, BENCHMARKS, [gpus(count)])


def test_a_model_takes_as_few_gpus_as_it_fits_on():
    assert [on_gpus(8, size).assignments[0].gpus for size in (8.0, 14.0, 32.0, 70.0)] == [1, 2, 4, 8]


def test_a_model_that_wants_more_gpus_says_how_many():
    assert on_gpus(1, 32.0).unplanned[0].why == "needs 4 GPUs of 24 GiB, this machine gives 1"
    assert on_gpus(8, 671.0).unplanned[0].why == "needs more than 8 GPUs of 24 GiB, this machine gives 8"


def test_only_the_jobs_that_fit_are_planned():
    rows = [state(), state(benchmark="b2", protocol=GENERATED)]
    made = plan(rows, {"v1": variant(total_b=8.0, dtype="bfloat16")}, BENCHMARKS, [gpus(1)])
    assert [job.benchmark for job in made.assignments[0].jobs] == ["b1"]
    assert [(item.state, item.cells) for item in made.unplanned] == [("too_large", 1)]
