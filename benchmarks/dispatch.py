"""Drive the dispatch decision in virtual time: `python -m benchmarks.dispatch --seeds 20`.

The decision is the real one (standings.plan.plan, standings.dispatch.make_order and starts); the machines are made up:
64 GPUs on 8 nodes of three sizes of memory. A start takes 10 s, a job takes 0.5 to 1.5 times what the cost model says,
and in the middle of the night a node dies: that is noticed 90 s later, and what had ended on it is stored. The makespan
is set against a bound that no dispatcher can beat, the largest over the pools of work / slots (those of the dead node
up to its death) and the longest assignment. What a death destroys is in no bound that looks ahead: it is counted apart.
"""

import argparse
import heapq
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any

from standings.dispatch import Order, make_order, starts
from standings.plan import Assignment, plan
from standings.pools import Pool

GIB = 1024**3
NIGHT = date(2026, 11, 24)
START, NOTICED = 10.0, 90.0  # seconds
SHAPES = (("gpu-24", 24, 2), ("gpu-80", 80, 4), ("gpu-141", 141, 2))
POOLS = tuple(
    Pool(name=name, device="cuda", gpus=8, memory=gib * GIB, machines=machines) for name, gib, machines in SHAPES
)
PROTOCOLS = [
    {"output": "multiple_choice", "shots": 5},
    {"output": "generate_until", "max_tokens": 256},
    {"output": "generate_until", "max_tokens": 2048},
]
# Billions of parameters, and how often: as the registry's models, only large ones, and what is worst to place.
MIXES: dict[str, dict[float, int]] = {
    "as the registry": {0.5: 10, 1.7: 12, 4: 14, 8: 25, 14: 20, 32: 16, 70: 12, 123: 3, 235: 2},
    "few": {8: 12, 14: 8, 32: 6, 70: 5, 235: 1},
    "large": {32: 20, 70: 30, 123: 10, 235: 10},
    "small": {0.5: 100, 1.7: 100, 4: 100, 8: 100},
    "one GPU or eight": {8: 150, 14: 150, 235: 10, 400: 10},
    "wide but short": {8: 40, 14: 80, 32: 40, 70: 40, 235: 30},
}
SHORT = 60  # billions: of the last mix, what is larger lacks a benchmark or two, as after an epoch bump


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    print("makespan / bound, median and worst: no node dies; one dies; the same, what it destroyed counted as work")
    for name in MIXES:
        alive = [night(name, seed, dies=False) for seed in range(seeds)]
        nights = [night(name, seed) for seed in range(seeds)]
        columns = [[it.ratio for it in alive], [it.ratio for it in nights], [it.makespan / it.after for it in nights]]
        told = "   ".join(f"{median(ratios):.3f} {max(ratios):.3f}" for ratios in columns)
        over = sum(it.ratio > 1.1 for it in nights)
        hours = median(it.makespan for it in alive) / 3600
        print(f"{name:17}{nights[0].orders:4} assignments{hours:6.1f} h   {told}   {over} of {seeds} > 1.1", flush=True)


@dataclass
class Result:
    """How a night went."""

    orders: int
    jobs: int
    makespan: float
    bound: float
    after: float  # the bound where what the death destroyed had to be done again
    finished: int  # jobs

    @property
    def ratio(self) -> float:
        """Return the makespan by the bound."""
        return self.makespan / self.bound


def night(mix: str, seed: int, dies: bool = True) -> Result:
    """Plan models of a mix and run them all."""
    chance = random.Random(f"{mix} {seed}")
    assignments = planned(MIXES[mix], chance, SHORT if mix == "wide but short" else None)
    world = World(chance, dies)
    return world.run(assignments)


def planned(mix: dict[float, int], chance: random.Random, short: float | None = None) -> tuple[Assignment, ...]:
    """Plan models of these sizes, each with most of the benchmarks missing, or with two where it is `short` or more."""
    variants, states = {}, []
    benchmarks = {f"b{number}": {"documents": chance.choice((20, 50, 100, 200))} for number in range(24)}
    protocols = {name: json.dumps(chance.choice(PROTOCOLS)) for name in benchmarks}
    for billions, times in mix.items():
        for number in range(times):
            size = billions * chance.uniform(0.85, 1.15)
            name = f"{billions}b-{number}"
            variants[name] = model(name, size)
            most = 2 if short and billions >= short else len(benchmarks)
            asked = chance.sample(sorted(benchmarks), chance.randint(max(1, most // 3), most))
            states += [state(name, benchmark, protocols[benchmark]) for benchmark in asked]
    return plan(states, variants, benchmarks, POOLS).assignments


def model(name: str, billions: float) -> dict[str, Any]:
    """Return a row of `models`."""
    unknown = dict.fromkeys(("quantisation", "loaded_b", "layers", "kv_values", "vocabulary"))
    told = {"engine": "hf", "dtype": "bfloat16", "total_b": billions, "active_b": billions, "is_primary": True}
    return {"model": f"acme/{name}", "variant": "main", "variant_id": name, **told, **unknown}


def state(name: str, benchmark: str, protocol: str) -> dict[str, Any]:
    """Return a row of model.job_state that is missing."""
    cell = {"suite": "all", "benchmark": benchmark, "benchmark_id": benchmark, "model": f"acme/{name}"}
    what = {"variant": "main", "variant_id": name, "job_id": f"{name} {benchmark}", "protocol": protocol}
    return {**cell, **what, "state": "missing", "attempts": 0, "why": "never evaluated", "reason": None}


@dataclass
class World:
    """Machines in virtual time."""

    chance: random.Random
    dies: bool
    now: float = 0.0
    waiting: list[Order] = field(default_factory=list)
    running: dict[str, Order] = field(default_factory=dict)  # by key, what waits for a machine included
    at: dict[str, tuple[int, float]] = field(default_factory=dict)  # machine and start of what has one
    events: list[tuple[float, str, str]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)  # that a job really takes
    ended: set[str] = field(default_factory=set)  # keys
    dead: tuple[str, int, float] | None = None  # pool, machine, when
    down: dict[str, set[int]] = field(default_factory=dict)  # as the dispatcher knows it
    finished: set[str] = field(default_factory=set)  # jobs
    destroyed: float = 0.0  # slot-seconds of the dead node's jobs in hand
    resumed: float = 0.0  # the soonest that all that died with it could be done

    def run(self, assignments: Sequence[Assignment]) -> Result:
        """Run them all, and take the time."""
        for assignment in assignments:
            for job in assignment.jobs:
                assert job.seconds is not None
                self.seconds[job.job_id] = job.seconds * self.chance.uniform(0.5, 1.5)
        self.waiting = [make_order(assignment, NIGHT, "nightly", self.ended) for assignment in assignments]
        if self.dies:
            pool = self.chance.choice(POOLS)
            when = self.bound(assignments) / 2
            self.dead = (pool.name, self.chance.randrange(pool.machines), when)
            heapq.heappush(self.events, (when, "death", ""))
        last = 0.0
        self.decide()
        while self.events:
            self.now, what, key = heapq.heappop(self.events)
            if what == "end" and self._is_over(key):
                last = self.now
            elif what == "death":
                heapq.heappush(self.events, (self.now + NOTICED, "noticed", ""))
            elif what == "noticed":
                self.notice()
            self.decide()
        assert not [*self.waiting, *self.running], (
            f"left over: {len(self.waiting)} waiting, {len(self.running)} running"
        )
        bound, after = self.bound(assignments), self.bound(assignments, self.destroyed)
        return Result(len(assignments), len(self.seconds), last, bound, max(after, self.resumed), len(self.finished))

    def decide(self) -> None:
        """Start what the dispatcher says, and give free machines what waits for any."""
        self._take_up()
        for order in starts(self.waiting, list(self.running.values()), POOLS, down=self.down):
            self.running[order.key] = order
            if order.node is not None:
                self._begin(order, order.node)
        self.waiting = [order for order in self.waiting if order.key not in self.running]
        self._take_up()

    def _take_up(self) -> None:
        free = {pool.name: self.free(pool.name) for pool in POOLS}
        for order in [order for order in self.running.values() if order.key not in self.at]:
            there = free[order.assignment.pool or ""]
            able = [machine for machine, slots in there.items() if slots >= order.slots]
            if able:
                machine = min(able, key=there.__getitem__)
                self._begin(order, machine)
                there[machine] -= order.slots

    def free(self, name: str) -> dict[int, int]:
        """Count free GPUs of each machine of a pool that lives."""
        pool = next(pool for pool in POOLS if pool.name == name)
        found = dict.fromkeys(range(pool.machines), pool.gpus)
        for key, (machine, _) in self.at.items():
            if self.running[key].assignment.pool == name:
                found[machine] -= self.running[key].slots
        return {machine: slots for machine, slots in found.items() if not self._is_dead(name, machine)}

    def _is_dead(self, pool: str | None, machine: int) -> bool:
        return self.dead is not None and self.dead[:2] == (pool, machine) and self.now >= self.dead[2]

    def _begin(self, order: Order, machine: int) -> None:
        assert self.free(order.assignment.pool or "")[machine] >= order.slots, "it was placed where there is no room"
        self.at[order.key] = (machine, self.now)
        heapq.heappush(self.events, (self.now + self._takes(order), "end", order.key))

    def _takes(self, order: Order) -> float:
        return START + order.assignment.start + sum(self.seconds[job.job_id] for job in order.assignment.jobs)

    def _is_over(self, key: str) -> bool:
        order = self.running.get(key)
        if order is None or self._is_dead(order.assignment.pool, self.at[key][0]):
            return False  # it died, and is noticed later
        self._forget(key)
        self.finished |= {job.job_id for job in order.assignment.jobs}
        return True

    def _forget(self, key: str) -> None:
        del self.running[key], self.at[key]
        self.ended.add(key)

    def notice(self) -> None:
        """Know of the death: what had ended is stored, and the rest is planned again."""
        assert self.dead is not None
        pool, machine, when = self.dead
        self.down = {pool: {machine}}
        for key, order in list(self.running.items()):
            if order.assignment.pool != pool or key not in self.at or self.at[key][0] != machine:
                continue
            lived = when - self.at[key][1]
            left = self._unfinished(order, lived)
            again = START + order.assignment.start + sum(self.seconds[job.job_id] for job in left)
            self.destroyed += order.slots * (lived - self._takes(order) + again)
            self.resumed = max(self.resumed, self.now + again)
            self._forget(key)
            if left:
                assignment = order.assignment.model_copy(update={"jobs": tuple(left)})
                self.waiting.append(make_order(assignment, NIGHT, "nightly", self.ended))

    def _unfinished(self, order: Order, lived: float) -> list[Any]:
        left, clock = [], START + order.assignment.start
        for job in order.assignment.jobs:
            clock += self.seconds[job.job_id]
            if clock > lived:
                left.append(job)
            else:
                self.finished.add(job.job_id)
        return left

    def bound(self, assignments: Sequence[Assignment], more: float = 0.0) -> float:
        """Return the least time in which anybody could be done; `more` is work that the dead node's pool has too."""
        longest, bounds = 0.0, []
        for pool in POOLS:
            mine = [item for item in assignments if item.pool == pool.name]
            lengths = [item.start + sum(self.seconds[job.job_id] for job in item.jobs) for item in mine]
            longest = max([longest, *lengths])
            work = sum(length * max(1, item.gpus) for length, item in zip(lengths, mine, strict=True))
            end = work / pool.slots
            if self.dead and self.dead[0] == pool.name and (work + more) / pool.slots > self.dead[2]:
                end = (work + more - self.dead[2] * pool.gpus) / (pool.slots - pool.gpus)
            bounds.append(end)
        return max([longest, *bounds])


if __name__ == "__main__":
    main()
