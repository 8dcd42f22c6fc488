"""Live through thirty nights of the design's table: who is asked again, how often, and who is shown with a reason."""

from collections import Counter

import pytest

from standings.plan import Plan, plan
from standings.pools import Pool, largest
from tasks.materialise import job_state
from tests.lake_rows import LakeRows, day

GIB = 2**30
PASSES = dict.fromkeys((0, 1), (0.0, 0.02, 0.1, 0.2))  # days into the night; later ones plan once
FATES = (
    *("infrastructure", "too_large", "unsupported", "gated", "not_finite", "degenerate", "lock_mismatch"),
    "no_chat_template",
)
LADDER = [Pool(name=f"p{size}", device="cuda", gpus=1, memory=size * GIB) for size in (16, 24, 32, 40, 48, 64, 80, 96)]


class World:
    """A lake with a model for each fate, and one that fits in the third pool; what is planned meets its fate."""

    def __init__(self) -> None:
        self.rows, self.pools = LakeRows(), LADDER
        benchmark, asked = self.rows.benchmark("s", "b"), '{"output":"multiple_choice"}'
        names = [*FATES, "fits in the third"]
        self.wanted = {
            name: self.rows.want(benchmark, self.rows.model(name, dtype="bfloat16"), protocol=asked) for name in names
        }
        self.starts: dict[str, list[float]] = {name: [] for name in names}
        self.tried_in: dict[str, list[str | None]] = {name: [] for name in names}

    def plan(self, at: float, image: str, token: bool) -> Plan:
        """Plan as a night does, from what SQL says."""
        facts = self.rows.facts()
        asked = {"now": day(at), "image": image, "token": token, "largest": largest(self.pools)}
        variants = {row["variant_id"]: row for row in facts["models"].to_pylist()}
        benchmarks = {row["benchmark_id"]: row for row in facts["benchmarks"].to_pylist()}
        return plan(job_state(facts, **asked).to_pylist(), variants, benchmarks, self.pools)

    def run(self, at: float, image: str, token: bool) -> Plan:
        """Start what is planned."""
        made = self.plan(at, image, token)
        for assignment in made.assignments:
            name = assignment.model
            pool = next(pool for pool in self.pools if pool.name == assignment.pool)
            self.starts[name].append(at)
            self.tried_in[name].append(pool.name)
            took = {"devices": assignment.gpus, "device_memory": pool.memory, "engine_version": image}
            if name == "fits in the third" and pool.memory >= 32 * GIB:
                self.rows.run(self.wanted[name], right=5, at=at + 0.001, **took)
            else:
                reason = "too_large" if name == "fits in the third" else name
                self.rows.run(self.wanted[name], at=at + 0.001, reason=reason, **took)
        return made


@pytest.fixture(scope="module")
def world() -> tuple[World, Plan]:
    """Return the world after thirty nights, and what the thirty-first would do.

    A hub token is configured from the tenth night on, the worker's image changes in the fifteenth, and in the twentieth
    a person says that the model with numbers that are not finite be tried again.
    """
    made = World()
    for night in range(30):
        if night == 20:
            made.rows.decide("retry", made.wanted["not_finite"]["job_id"], at=10 + night)
        for later in PASSES.get(night, (0.0,)):
            made.run(
                10.5 + night + later, image="transformers 5" if night < 15 else "transformers 6", token=night >= 10
            )
    return made, made.plan(40.6, image="transformers 6", token=True)


def test_a_model_that_always_runs_out_of_memory_is_started_six_times_each_time_in_a_larger_pool(world):
    assert world[0].tried_in["too_large"] == ["p16", "p24", "p32", "p40", "p48", "p64"]
    assert len(world[0].starts["too_large"]) <= 6 < len(LADDER)


def test_one_that_fits_in_a_larger_pool_gets_there_and_counts(world):
    assert world[0].tried_in["fits in the third"] == ["p16", "p24", "p32"]
    assert world[1].counted == 1


def test_an_infrastructure_failure_is_tried_three_times_a_night_and_six_in_all(world):
    nights = Counter(int(at + 0.0) for at in world[0].starts["infrastructure"])
    assert (len(world[0].starts["infrastructure"]), max(nights.values())) == (6, 3)


def test_the_others_are_asked_again_only_when_what_they_wait_for_has_come(world):
    starts = {name: [int(at - 10.5) for at in them] for name, them in world[0].starts.items()}
    assert starts["gated"] == [0, 10], "a token was configured"
    assert starts["unsupported"] == [0, 15], "the image changed"
    assert starts["not_finite"] == [0, 20], "a person's word"
    assert starts["degenerate"] == starts["lock_mismatch"] == starts["no_chat_template"] == [0]


def test_whoever_is_not_asked_again_is_shown_with_the_reason(world):
    shown = {row.model: (row.state, row.why) for row in world[1].unplanned}
    assert not world[1].assignments
    assert shown.pop("infrastructure") == ("given_up", "given up after 6 infrastructure failures")
    assert shown == {name: ("failed", name) for name in FATES if name != "infrastructure"}


def test_without_a_larger_pool_what_ran_out_of_memory_is_shown_until_one_is_bought():
    made = World()
    made.pools = LADDER[:1]
    starts = [made.run(10 + night, image="transformers 5", token=False) for night in range(2)]
    assert [len([it for it in one.assignments if it.model == "too_large"]) for one in starts] == [1, 0]
    made.pools = LADDER[:2]
    again = {it.model: it for it in made.plan(12, image="transformers 5", token=False).assignments}
    assert (again["too_large"].pool, again["too_large"].jobs[0].why) == ("p24", "the next larger pool")


def test_one_gpu_more_is_a_larger_pool_too():
    made = World()
    made.pools = [Pool(name="node", device="cuda", gpus=8, memory=16 * GIB)]
    for night in range(6):
        made.run(10 + night, image="transformers 5", token=False)
    assert made.tried_in["too_large"] == ["node"] * 4, "over one GPU, two, four and eight"
