"""A night's budget buys what gives most to the board, and what it leaves out is listed."""

import pytest

from standings.budget import Budget, NoPrice, within_budget
from standings.plan import Assignment, Job
from standings.pools import Pool

GIB = 1024**3
POOLS = [
    Pool(name="cheap", device="cuda", gpus=1, memory=24 * GIB, price=1.0),
    Pool(name="dear", device="cuda", gpus=8, memory=80 * GIB, price=16.0),
]
HOUR = 3600.0


def assignment(name: str, *hours: float | None, pool: str = "cheap", gpus: int = 1, **fields: bool) -> Assignment:
    """Make an assignment with a job for each number of hours."""
    what = {"suite": "s", "benchmark": "b", "benchmark_id": "b", "protocol": "{}", "documents": 1, "why": "a test"}
    jobs = tuple(
        Job(job_id=f"{name}{number}", attempt=1, seconds=None if it is None else it * HOUR, **what)
        for number, it in enumerate(hours)
    )
    told = {"variant": "main", "variant_id": name, "memory": 1.0, "jobs": jobs}
    return Assignment(model=name, pool=pool, gpus=gpus, **told, **fields)


def kept_and_cut(budget: str, *given: Assignment) -> tuple[list[str], list[str]]:
    """Return the models of what is kept and of what is cut."""
    kept, cut = within_budget(given, Budget.parse(budget), POOLS)
    return [item.model for item in kept], [item.model for item in cut]


def test_without_a_budget_nothing_is_cut():
    assert within_budget([assignment("a", 1000)], None, POOLS) == ([assignment("a", 1000)], [])


def test_primary_variants_come_first_then_news_then_what_becomes_complete_then_the_cheapest():
    given = (
        assignment("second variant", 1, primary=False, new=True),
        assignment("more", 2),
        assignment("less", 1),
        assignment("complete", 3, completes=True),
        assignment("news", 4, new=True),
    )
    assert kept_and_cut("100h", *given)[0] == ["news", "complete", "less", "more", "second variant"]
    assert kept_and_cut("8h", *given) == (["news", "complete", "less"], ["more", "second variant"])


def test_what_costs_more_than_a_night_is_begun_with_its_shortest_jobs():
    [kept], [cut] = within_budget([assignment("large", 30, 10, 15)], Budget.parse("28h"), POOLS)
    assert ([job.job_id for job in kept.jobs], [job.job_id for job in cut.jobs]) == (["large1", "large2"], ["large0"])


def test_a_job_that_costs_more_than_the_night_is_cut_and_cheaper_ones_go_on():
    assert kept_and_cut("10h", assignment("large", 30, new=True), assignment("small", 5)) == (["small"], ["large"])


def test_what_nobody_knows_the_length_of_is_not_afforded():
    assert kept_and_cut("10h", assignment("unknown", None)) == ([], ["unknown"])


def test_each_gpu_counts_and_in_dollars_the_part_of_the_machine():
    wide = assignment("wide", 2, pool="dear", gpus=4)
    assert kept_and_cut("8h", wide)[0] == ["wide"]
    assert kept_and_cut("7h", wide)[0] == []
    assert kept_and_cut("$16", wide)[0] == ["wide"]
    assert kept_and_cut("$15.9", wide)[0] == []


def test_dollars_need_a_price_of_every_pool():
    pools = [*POOLS, Pool(name="mine", memory=GIB)]
    with pytest.raises(NoPrice, match="mine tells none"):
        within_budget([], Budget.parse("$1"), pools)


@pytest.mark.parametrize("text", ["40", "h", "$", "0h", "-1h", "40 days", "£5"])
def test_a_budget_that_cannot_be_read_says_how_it_is_written(text: str):
    with pytest.raises(ValueError, match="Write 40h"):
        Budget.parse(text)
