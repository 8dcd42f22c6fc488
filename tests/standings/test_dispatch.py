"""What starts now: releases first, then the longest, on one machine, with room kept for what takes several GPUs."""

from datetime import date, timedelta
from typing import Any

import pytest

from benchmarks import dispatch as night
from standings.dispatch import Order, Queue, assignment_key, make_order, starts
from standings.plan import Assignment, Job
from standings.pools import Pool

NIGHT = date(2026, 11, 24)
GIB = 1024**3


def pool(name: str = "big", gpus: int = 8, machines: int = 2, **fields: Any) -> Pool:
    """Describe machines."""
    device = "cuda" if gpus else "cpu"
    return Pool(**{"name": name, "device": device, "gpus": gpus, "memory": 80 * GIB, "machines": machines} | fields)


def assignment(name: str, seconds: float | None = 600.0, gpus: int = 1, pool: str = "big") -> Assignment:
    """Make an assignment of one job."""
    what = {"suite": "s", "benchmark": "b", "benchmark_id": "b", "protocol": "{}", "documents": 1, "why": "a test"}
    job = Job(job_id=f"{name}-b", attempt=1, seconds=seconds, **what)
    told = {"variant": "main", "variant_id": name, "memory": 1.0, "jobs": (job,)}
    return Assignment(model=name, pool=pool, gpus=gpus, **told)


def order(name: str, seconds: float | None = 600.0, gpus: int = 1, queue: Queue = "nightly", **fields: Any) -> Order:
    """Order such an assignment."""
    pool = fields.pop("pool", "big")
    return Order(assignment=assignment(name, seconds, gpus, pool), queue=queue, key=name, **fields)


def keys(orders: list[Order]) -> list[str]:
    """Return the orders' keys."""
    return [order.key for order in orders]


def test_the_same_assignment_after_a_crash_is_another_flow_run():
    one = assignment("one")
    first = make_order(one, NIGHT, "nightly", ended=())
    again = make_order(one, NIGHT, "nightly", ended={first.key})
    third = make_order(one, NIGHT, "nightly", ended={first.key, again.key})
    assert len({first.key, again.key, third.key}) == 3


def test_an_assignment_that_is_alive_keeps_its_key():
    one, other = (make_order(assignment("one"), NIGHT, "nightly", ended={"of another"}) for _ in range(2))
    assert one.key == other.key


def test_the_same_assignment_on_another_night_is_another_flow_run():
    assert assignment_key(["a", "b"], NIGHT, 1) != assignment_key(["a", "b"], NIGHT + timedelta(days=1), 1)


def test_an_epoch_bump_and_a_second_variant_are_other_flow_runs():
    # Both change the job ids: of the benchmark's hash one, of the variant's the other.
    same = [assignment_key(["a", "b"], NIGHT, 1), assignment_key(["b", "a"], NIGHT, 1)]
    others = [assignment_key(jobs, NIGHT, 1) for jobs in (["a", "b2"], ["a2", "b2"], ["a"])]
    assert len({*same, *others}) == 4


def test_the_canary_asked_the_boards_own_jobs_on_the_same_night_is_another_flow_run():
    board, canary = (make_order(assignment("one"), NIGHT, "nightly", (), purpose) for purpose in ("board", "canary"))
    assert board.key == assignment_key(["one-b"], NIGHT, 1) != canary.key


def test_the_longest_is_started_first_and_a_release_before_it():
    waiting = [order("short", 60), order("long", 6000), order("new", 10, queue="release")]
    assert keys(starts(waiting, [], [pool(gpus=1, machines=1)])) == ["new", "long"]


def test_no_more_is_given_ahead_than_a_slot_can_begin_next():
    waiting = [order(f"o{number}") for number in range(20)]
    first = starts(waiting, [], [pool(gpus=2, machines=2)])
    assert len(first) == 8
    assert [it.node for it in first] == [0, 0, 1, 1, None, None, None, None]
    assert starts(waiting[8:], first, [pool(gpus=2, machines=2)]) == []


def test_all_pools_together_hold_no_more_than_the_window():
    waiting = [order(f"o{number}") for number in range(20)]
    assert len(starts(waiting, [], [pool()], window=3)) == 3
    assert starts(waiting[3:], waiting[:3], [pool()], window=3) == []


def test_an_assignment_has_its_gpus_on_one_machine():
    running = [order(f"r{number}", node=number) for number in (0, 1)]  # 7 free on each
    assert starts([order("wide", gpus=8)], running, [pool()]) == []
    assert starts([order("half", gpus=4)], running, [pool()])[0].node == 0


def test_what_fits_into_the_rest_of_a_machine_leaves_the_empty_one_whole():
    running = [order("r", gpus=4, node=1)]
    assert [it.node for it in starts([order("a"), order("b")], running, [pool()])] == [1, 1]


def test_a_machine_is_emptied_for_what_needs_all_of_it():
    running = [order(f"r{number}", node=number % 2) for number in range(8)]
    waiting = [order("wide", 3000, gpus=8), *(order(f"n{number}", 60) for number in range(30))]
    first = starts(waiting, running, [pool()])
    assert {it.node for it in first} == {1}, "machine 0 takes nothing new, though it has four GPUs free"
    left = [it for it in running if it.node == 1]
    assert [it.node for it in starts(waiting, [*left, *first], [pool()]) if it.key == "wide"] == [0]


def test_a_release_waits_for_no_room_that_is_kept_for_the_night():
    running = [order(f"r{number}", node=number % 2) for number in range(8)]
    waiting = [order("wide", 3000, gpus=8), *(order(f"new{number}", queue="release") for number in range(8))]
    assert {it.node for it in starts(waiting, running, [pool()])} == {0, 1}


def test_a_dead_machine_gets_nothing():
    found = starts([order("wide", gpus=8), order("wider", gpus=8)], [], [pool()], down={"big": {0}})
    assert [it.node for it in found] == [1]


def test_each_pool_is_served_by_itself():
    pools = [pool(machines=1, gpus=1), pool("cpu", gpus=0, machines=1)]
    waiting = [order("a"), order("b"), order("c", gpus=0, pool="cpu")]
    assert keys([it for it in starts(waiting, [], pools) if it.node is not None]) == ["a", "c"]


def test_what_nobody_knows_the_length_of_is_started_all_the_same():
    assert keys(starts([order("unknown", None)], [], [pool()])) == ["unknown"]


@pytest.mark.parametrize("mix", ["few", "large"])
def test_a_night_in_virtual_time_runs_every_job_and_ends_near_the_bound(mix: str):
    result = night.night(mix, seed=1)
    assert result.finished == result.jobs
    assert result.ratio < 1.10


def test_one_long_order_of_eight_gpus_among_many_of_one_is_not_left_for_last():
    waiting = [order("wide", 3600, gpus=8), *(order(f"n{number:03}", 1800) for number in range(160))]
    clock, ends, running = 0.0, {}, {}
    began: dict[str, float] = {}
    while waiting or running:
        for it in starts(waiting, list(running.values()), [pool()]):
            if it.node is not None:
                running[it.key], began[it.key] = it, clock
                ends[it.key] = clock + (it.assignment.seconds or 0) * (0.5 + len(ends) % 11 / 10)
        waiting = [it for it in waiting if it.key not in running]
        clock = min(ends[key] for key in running)
        running = {key: it for key, it in running.items() if ends[key] > clock}
    assert began["wide"] < max(ends.values()) / 2
