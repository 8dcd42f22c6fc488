"""What a night decides about its flow runs, without a server: what is in hand already, and which night goes on."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flows.dispatching import called, window, without
from flows.guarding import first_of
from flows.reporting import failures_table, results_table
from standings.dispatch import make_order
from standings.failure import Reason
from standings.plan import Assignment, Job
from standings.pools import Pool
from tasks.evaluate import Outcome

EVENING = datetime(2026, 11, 24, 1, tzinfo=UTC)


def assignment(*benchmarks: str, model: str = "acme/tiny") -> Assignment:
    """Make an assignment of jobs that are named after their benchmarks."""
    what = {"suite": "mini", "protocol": "{}", "documents": 40, "attempt": 1, "why": "new", "seconds": 1.0}
    jobs = tuple(Job(job_id=f"{model} {name}", benchmark=name, benchmark_id=name, **what) for name in benchmarks)
    return Assignment(model=model, variant="main", variant_id=model, memory=1.0, jobs=jobs)


def run(number: int, minutes: int) -> Any:
    """Make a night's flow run, as the server tells of it."""
    return SimpleNamespace(id=UUID(int=number), name=f"night {number}", start_time=EVENING + timedelta(minutes=minutes))


def test_a_job_that_a_run_of_an_earlier_night_has_in_hand_is_not_asked_again() -> None:
    running = [make_order(assignment("sums"), EVENING.date(), "nightly", ())]
    left = without([assignment("sums", "order"), assignment("sums", model="acme/other")], running)
    assert [(item.model, [job.benchmark for job in item.jobs]) for item in left] == [
        ("acme/tiny", ["order"]),
        ("acme/other", ["sums"]),
    ]


def test_an_assignment_that_is_in_hand_as_a_whole_is_left_out() -> None:
    assert without([assignment("sums")], [make_order(assignment("sums"), EVENING.date(), "release", ())]) == []


def test_a_run_is_called_by_its_model_and_its_first_benchmarks() -> None:
    assert called(assignment("sums")) == "acme/tiny main: sums"
    assert called(assignment("a", "b", "c", "d", "e")) == "acme/tiny main: a, b, c and 2 more"


def test_the_window_is_twice_what_all_pools_work_on() -> None:
    gpus = Pool(name="gpus", device="cuda", gpus=8, memory=2**30, machines=2)
    assert window([gpus, Pool(name="cpus", memory=2**30, machines=3)]) == 2 * (16 + 3)


def test_of_two_nights_the_one_that_began_first_goes_on() -> None:
    first, second = run(2, 0), run(1, 5)
    assert first_of([first, second], second) == "night 2"
    assert first_of([first, second], first) is None


def test_of_two_nights_that_began_at_once_one_goes_on() -> None:
    first, second = run(1, 0), run(2, 0)
    assert [first_of([first, second], mine) for mine in (first, second)] == [None, "night 1"]


def test_a_night_alone_goes_on() -> None:
    assert first_of([run(1, 0)], run(1, 0)) is None
    assert first_of([], run(1, 0)) is None


def test_the_tables_tell_of_what_failed_and_of_what_no_worker_finished() -> None:
    made = assignment("sums", "order", "where")
    outcome = Outcome(stored=[made.jobs[0].job_id], failed={made.jobs[1].job_id: Reason.GATED})
    [row] = results_table([made], [outcome])
    assert (row["stored"], row["failed"], row["unfinished"]) == (1, 1, 1)
    assert [(item["benchmark"], item["reason"]) for item in failures_table([made], [outcome])] == [
        ("order", "gated"),
        ("where", "unfinished"),
    ]
