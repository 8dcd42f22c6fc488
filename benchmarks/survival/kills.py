"""Kill each act at each of its points, and on S3 with a request in flight; look, do the work again, look again."""

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.survival.acts import ACTS, ADMITTED, NEW, RETRIED, WAITING, Act, fill, run_id, times
from benchmarks.survival.forks import Ended, Say, run
from benchmarks.survival.inflight import READS, WRITES
from benchmarks.survival.judge import judge
from benchmarks.survival.places import Folder, Seaweed, Where
from benchmarks.survival.results import Results
from benchmarks.survival.rights import rights
from tasks import sharding
from tasks.faults import POINTS

EXPENSIVE = "child."  # a model in a process of its own: benchmarks/survival/children.py
READ_SHARE = 0.25  # of kills in flight that hit a request that reads


@dataclass(frozen=True)
class Kill:
    """One kill."""

    act: Act
    point: str  # a named one, or "in flight"
    number: int

    @property
    def name(self) -> str:
        """Name the lake of it."""
        return f"{self.act.name}-{self.point.replace('.', '-').replace(' ', '-')}-{self.number}"


class Templates:
    """The lakes that are killed at, and how every run of theirs looks."""

    def __init__(self, root: Path) -> None:
        sharding.ROWS_AT_MOST = 12  # three runs a shard
        self.root = root
        self.right = rights([*range(ADMITTED), *WAITING, *NEW, *(number + RETRIED for number in NEW)])
        assert run(self._make).status == 0

    def _make(self, _: Say) -> None:
        place = Folder(self.root)
        for name in {act.template for act in ACTS}:
            fill(place.open(name), self.root / "made", name)


def at_points(kills: int) -> list[Kill]:
    """List so many kills at each named point."""
    named = [point for point in POINTS if not point.startswith(EXPENSIVE)]
    acts = {act.name: act for act in ACTS}
    return [Kill(acts[point.partition(".")[0]], point, it) for it in range(kills) for point in named]


def in_flight(kills: int) -> list[Kill]:
    """List as many kills with a request in flight as there are at named points, for each act its share."""
    each = -(-len(at_points(kills)) // len(ACTS))
    return [Kill(act, "in flight", it) for it in range(each) for act in ACTS]


def kill_all(where: Where, kills: list[Kill], templates: Templates, results: Results) -> None:
    """Kill what the results don't have yet."""
    requests: dict[str, Counter[str]] = {}
    for kill in kills:
        key = ("kill", where.name, kill.act.name, kill.point, kill.number)
        if results.has(key):
            continue
        found: dict[str, object] = {}
        lake = kill.name
        run(lambda _: where.copy(templates.root / kill.act.template, lake))  # noqa: B023
        if kill.point == "in flight":
            assert isinstance(where, Seaweed)
            if kill.act.name not in requests:
                requests[kill.act.name] = counted(where, kill.act, templates)
            ended, found = shoot(where, kill, requests[kill.act.name])
        else:
            after = random.Random(kill.number).randint(1, times(kill.act, kill.point))
            ended = run(lambda say: kill.act.do(where.open(lake), say), f"{kill.point}#{after}")  # noqa: B023
        found |= {"killed": ended.killed}
        found |= aftermath(where, kill, ended, templates, late=found.get("how") == "late" and ended.killed)
        results.add(key, found)
        where.drop(lake)


def counted(where: Seaweed, act: Act, templates: Templates) -> Counter[str]:
    """Count the requests of an act."""
    lake = f"{act.name}-counted"
    run(lambda _: where.copy(templates.root / act.template, lake))

    def do(say: Say) -> None:
        where.killing.aim("write", 0, "unsent")
        act.do(where.through(lake), say)

    assert run(do).status == 0
    told = where.killing.told()
    return Counter({kind: int(str(told.get(kind, 0))) for kind in ("write", "read")})


def shoot(where: Seaweed, kill: Kill, requests: Counter[str]) -> tuple[Ended, dict[str, object]]:
    """Do an act through the proxy, which kills it at one request."""
    chance = random.Random(f"{kill.name}")
    kind = "read" if requests["read"] and chance.random() < READ_SHARE else "write"
    how = (READS if kind == "read" else WRITES)[kill.number % (2 if kind == "read" else 4)]
    number = chance.randint(1, requests[kind])

    def do(say: Say) -> None:
        where.killing.aim(kind, number, how)
        kill.act.do(where.through(kill.name), say)

    ended = run(do)
    return ended, {"kind": kind, "how": how, "hit": where.killing.told()["hit"]}


def aftermath(where: Where, kill: Kill, ended: Ended, templates: Templates, *, late: bool) -> dict[str, object]:
    """Judge what was left, then what the next pass made of it, then what a late request did to that."""
    act, right = kill.act, templates.right
    wrong = Counter[str]()

    def judged(must: set[int], say: Say, *, deep: bool = True) -> None:
        with where.reader(kill.name) as lake:
            for what, count in judge(lake, right, {run_id(number) for number in must}, deep=deep).items():
                say(f"{what} {count}")

    def passed(say: Say, otherwise: str = "unfinished") -> None:
        lake = where.open(kill.name)
        act.again(lake, ended.said)
        if not act.done(lake):
            say(f"{otherwise} 1")
        judged(act.must(ended.said), say)

    def left_and_passed(say: Say) -> None:
        judged(act.before, say, deep=False)
        passed(say)

    _tally(wrong, run(left_and_passed))
    if late:
        assert isinstance(where, Seaweed)
        where.killing.release()
        # What the pass had done was done a second time, by a process that is long dead.
        _tally(wrong, run(lambda say: passed(say, "twice")))
    return {"acknowledged": len(ended.said), **wrong}


def _tally(wrong: Counter[str], ended: Ended) -> None:
    if ended.status:
        wrong["unfinished"] += 1
    for line in ended.said:
        what, count = line.split()
        wrong[what] += int(count)
