"""Decide which assignments are started now, which a night can't afford, and under which key each is known.

The flows ask again whenever something ended or came; nothing is remembered between two answers but what runs.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import count
from typing import Literal

from standings.identity import digest
from standings.placement import Room, Wish, place
from standings.plan import Assignment
from standings.pools import Pool
from standings.suite import Record
from standings.work import Purpose

Queue = Literal["release", "nightly"]
AHEAD = 2  # orders that a pool is given for each of its slots: the next ones are there when a slot is free
UNKNOWN = 3600.0  # seconds that an assignment of unknown length is taken for
NOBODY: Mapping[str, Collection[int]] = {}


class Order(Record):
    """An assignment that is to be run, or runs."""

    assignment: Assignment
    queue: Queue = "nightly"
    key: str  # idempotency key of its flow run
    node: int | None = None  # machine of the pool, from 0, that it was placed on; None: whichever takes it

    @property
    def slots(self) -> int:
        """Count what it takes: GPUs, or a machine without any."""
        return max(1, self.assignment.gpus)


def assignment_key(job_ids: Iterable[str], night: date, attempt: int, purpose: Purpose = "board") -> str:
    """Hash what makes a flow run of an assignment another one: sha256 of its jobs, the night and the attempt.

    An attempt is one dispatch, 1 for the first: a worker that died left no run in the lake, so the jobs' own attempts
    would name the dead flow run again, and Prefect would answer with it for ever. A purpose other than the board's is
    hashed too: the canary's jobs may be the very jobs of the board.
    """
    other = [] if purpose == "board" else [purpose]
    return digest([sorted(job_ids), night.isoformat(), attempt, *other])


def make_order(
    assignment: Assignment, night: date, queue: Queue, ended: Collection[str], purpose: Purpose = "board"
) -> Order:
    """Order an assignment under the first key that none of the flow runs that ended has, whatever became of them.

    One that is still alive keeps its key, so that ordering it again is harmless.
    """
    job_ids = [job.job_id for job in assignment.jobs]
    keys = (assignment_key(job_ids, night, attempt, purpose) for attempt in count(1))
    return Order(assignment=assignment, queue=queue, key=next(key for key in keys if key not in ended))


def starts(
    waiting: Sequence[Order],
    running: Sequence[Order],
    pools: Sequence[Pool],
    window: int | None = None,
    down: Mapping[str, Collection[int]] = NOBODY,
) -> list[Order]:
    """Choose which orders are started now: releases first, then the longest, each pool by itself.

    `running` is all that was started and has not ended, whether it waits for a worker or not; `window` bounds how many
    that may be over all pools; `down` names machines of a pool that are known to be dead. An order that is placed on a
    machine has its `node`; one without is given ahead, for whichever machine is free first.
    """
    placed, ahead = [], []
    for pool in pools:
        mine, theirs = _of(pool, waiting), _of(pool, running)
        found = _placed(mine, theirs, pool, down.get(pool.name, ()))
        placed += found
        ahead += _ahead(mine, [*theirs, *found], pool)
    allowed = len(placed) + len(ahead) if window is None else max(0, window - len(running))
    return [*placed, *ahead][:allowed]


def rank(order: Order) -> tuple[bool, float, str]:
    """Order what waits: releases before a night's work, then the longest, which would else end last."""
    return order.queue != "release", -_seconds(order), order.key


def _placed(waiting: Sequence[Order], running: Sequence[Order], pool: Pool, down: Collection[int]) -> list[Order]:
    room = Room([machine for machine in range(pool.machines) if machine not in down], max(1, pool.gpus))
    for order in sorted(running, key=lambda it: (it.node is None, -it.slots)):
        at = order.node if order.node in room.held else room.best(order.slots, {})
        if at is not None:  # else it waits for a worker
            room.take(at, order.slots)
    if all(room.used(machine) >= room.width for machine in room.held):
        return []  # as most times that it is asked, with thousands waiting
    by_key = {order.key: order for order in waiting}
    found = place([_wish(order) for order in waiting], [_wish(order) for order in running], room)
    return [by_key[wish.name].model_copy(update={"node": machine}) for wish, machine in found]


def _ahead(waiting: Sequence[Order], taken: Sequence[Order], pool: Pool) -> list[Order]:
    """Choose what is given ahead: narrow orders, while no wider one waits for the room that they would take."""
    keys, more = {order.key for order in taken}, AHEAD * pool.slots - sum(order.slots for order in taken)
    left = [order for order in waiting if order.key not in keys]
    if more <= 0 or any(order.slots > 1 for order in left):
        return []
    return sorted(left, key=rank)[:more]


def _of(pool: Pool, orders: Sequence[Order]) -> list[Order]:
    return [order for order in orders if order.assignment.pool == pool.name]


def _wish(order: Order) -> Wish:
    return Wish(order.queue == "release", _seconds(order), order.slots, order.key)


def _seconds(order: Order) -> float:
    known = order.assignment.seconds
    return UNKNOWN if known is None else known
