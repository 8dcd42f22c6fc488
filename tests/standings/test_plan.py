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


CPU = Pool(name="cpu", memory=512 * 1024**3)
SMALL, LARGE = gpus(1, 24, name="small"), gpus(8, 80, name="large")


def over_pools(*pools: Pool, total_b: float = 8.0, **fields: Any) -> Plan:
    """Plan one job of a model for several pools."""
    variants = {"v1": variant(total_b=total_b, dtype="bfloat16")}
    return plan([state(**fields)], variants, BENCHMARKS, pools)


def test_a_job_goes_where_it_takes_the_least_memory():
    found = [over_pools(CPU, LARGE, SMALL, total_b=size).assignments[0] for size in (8.0, 14.0, 70.0, 200.0)]
    assert [(item.pool, item.gpus) for item in found] == [("small", 1), ("large", 1), ("large", 2), ("large", 8)]


def test_a_machine_without_gpus_gets_only_what_no_gpu_takes():
    assert over_pools(CPU, SMALL, total_b=70.0).assignments[0].pool == "cpu"
    assert over_pools(CPU, SMALL, total_b=1.0).assignments[0].pool == "small"


def test_of_pools_with_the_same_memory_the_cheaper_one_is_taken():
    dear, cheap = gpus(1, name="dear", price=3.0), gpus(1, name="cheap", price=1.0)
    assert over_pools(dear, cheap).assignments[0].pool == "cheap"


def test_what_ran_out_of_memory_goes_where_there_is_more():
    gib = 1024**3
    found = [over_pools(SMALL, LARGE, outgrown=had * gib).assignments[0] for had in (24, 80, 160)]
    assert [(item.pool, item.gpus) for item in found] == [("large", 1), ("large", 2), ("large", 4)]
    [told] = over_pools(SMALL, LARGE, outgrown=640 * gib).unplanned
    assert (told.state, told.why) == ("too_large", "ran out of memory with 640 GiB, and pool large gives no more")


def test_what_fits_in_no_pool_says_which_would_do():
    [told] = over_pools(SMALL, gpus(2, 80, name="pair"), total_b=200.0).unplanned
    assert (told.state, told.why) == ("too_large", "needs 8 GPUs of 80 GiB, pool pair gives 2")


def test_only_a_pool_that_has_the_engine_is_asked():
    api = Pool(name="api", memory=1024**3, engines=("api",))
    with_api = plan([state()], {"v1": variant(engine="vllm")}, BENCHMARKS, [SMALL, api])
    assert with_api.unplanned[0].why == "no worker for engine vllm here"
    assert over_pools(api, SMALL).assignments[0].pool == "small"


def of_two_needs(documents: int) -> list[tuple[str | None, int]]:
    """Plan a short choice and a long generation of one model; return each assignment's pool and number of jobs."""
    rows = [state(), state(benchmark="b2", protocol=GENERATED)]
    asked = {"b1": {"documents": documents}, "b2": {"documents": 80}}
    made = plan(rows, {"v1": variant(total_b=8.0, dtype="bfloat16")}, asked, [SMALL, LARGE])
    return [(item.pool, len(item.jobs)) for item in made.assignments]


def test_jobs_of_different_needs_are_one_load_where_another_would_cost_more():
    assert of_two_needs(documents=40) == [("large", 2)]


def test_jobs_of_different_needs_are_two_loads_where_that_is_cheaper():
    assert of_two_needs(documents=5_000_000) == [("small", 1), ("large", 1)]


def test_a_plan_knows_what_a_number_gives_to_the_board():
    variants = {name: variant(name, is_primary=name != "c") for name in "abc"}
    rows = [
        state("a"),
        *(state("b", state="counted"), state("b", "b2")),
        *(state("c", state="counted"), state("c", "b2"), state("c", "b3", state="waiting")),
    ]
    made = plan(rows, variants, BENCHMARKS, MACHINE).assignments
    told = {item.variant_id: (item.primary, item.new, item.completes) for item in made}
    assert told == {"a": (True, True, True), "b": (True, False, True), "c": (False, False, False)}
