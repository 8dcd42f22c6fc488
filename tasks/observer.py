"""Let somebody hear of a night while it goes on: the command line draws progress, a server's log gets lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from standings.plan import Assignment, Plan
from standings.work import Event


class Observer(Protocol):
    """Hear of a night while it goes on."""

    def planned(self, plan: Plan) -> None:
        """Hear what will be run."""

    def assignment(self, assignment: Assignment) -> None:
        """Hear which variant is next."""

    def event(self, event: Event) -> None:
        """Hear what the child process says."""

    def stage(self, name: str, seconds: float | None) -> None:
        """Hear that a stage began (None), or how long it took."""


class Silent:
    """Hear and say nothing."""

    def planned(self, plan: Plan) -> None:
        """Do nothing."""

    def assignment(self, assignment: Assignment) -> None:
        """Do nothing."""

    def event(self, event: Event) -> None:
        """Do nothing."""

    def stage(self, name: str, seconds: float | None) -> None:
        """Do nothing."""


# A flow's parameters are data, and an observer is none: who calls a flow in its own process is heard through this.
_current: ContextVar[Observer] = ContextVar("observer", default=Silent())  # noqa: B039 - it has no state


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """Let `observer` hear all that is done inside."""
    token = _current.set(observer)
    try:
        yield
    finally:
        _current.reset(token)


def observer() -> Observer:
    """Return who hears now."""
    return _current.get()
