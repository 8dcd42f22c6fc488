"""Decide which assignments are started now, which a night can't afford, and under which key each is known.

The flows ask again whenever something ended or came; nothing is remembered between two answers but what runs.
"""

from collections.abc import Collection, Iterable
from datetime import date
from itertools import count
from typing import Literal

from standings.identity import digest
from standings.plan import Assignment
from standings.suite import Record

Queue = Literal["release", "nightly"]
QUEUES: tuple[Queue, ...] = ("release", "nightly")  # the first goes first


class Order(Record):
    """An assignment that is to be run, or runs."""

    assignment: Assignment
    queue: Queue = "nightly"
    key: str  # idempotency key of its flow run
    node: int | None = None  # machine of the pool, from 0, that `starts` chose for it; a hint where workers choose


def assignment_key(job_ids: Iterable[str], night: date, attempt: int) -> str:
    """Hash what makes a flow run of an assignment another one: sha256 of its jobs, the night and the attempt.

    An attempt is one dispatch, 1 for the first: a worker that died left no run in the lake, so the jobs' own attempts
    would name the dead flow run again, and Prefect would answer with it for ever.
    """
    return digest([sorted(job_ids), night.isoformat(), attempt])


def make_order(assignment: Assignment, night: date, queue: Queue, ended: Collection[str]) -> Order:
    """Order an assignment under the first key that none of the flow runs that ended has, whatever became of them.

    One that is still alive keeps its key, so that ordering it again is harmless.
    """
    job_ids = [job.job_id for job in assignment.jobs]
    keys = (assignment_key(job_ids, night, attempt) for attempt in count(1))
    return Order(assignment=assignment, queue=queue, key=next(key for key in keys if key not in ended))
