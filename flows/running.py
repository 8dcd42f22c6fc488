"""Start flows from the command line, and only where there is something to do."""

from typing import TYPE_CHECKING

from standings.plan import Plan
from standings.suite import Record
from tasks import attempt, planning
from tasks.observer import Observer, observing
from tasks.refresh import Refreshed, refresh
from tasks.s3 import require_shared
from tasks.settings import Settings
from tasks.workplace import Workplace

if TYPE_CHECKING:
    from flows.nightly import Night


class Finished(Record):
    """What a run did. Where nothing was missing, no flow was started."""

    plan: Plan
    stored: int = 0
    failed: dict[str, str] = {}  # job_id to reason
    refreshed: Refreshed


def run(
    settings: Settings,
    observer: Observer,
    suites: tuple[str, ...] = (),
    models: tuple[str, ...] = (),
    limit: int | None = None,
) -> Finished:
    """Evaluate what is missing and refresh the board.

    Raises UnknownName, BrokenRegistry, EmptyRegistry, NotLocked or NoConditionalWrites before anything starts.
    """
    settings = settings.model_copy(update={"pools": None})  # this machine alone, whichever others a server has
    workplace = Workplace.open(settings, suites, models, limit)
    planning.require_content(workplace.registry, workplace.suites)
    planning.require_locks(workplace.suites)
    require_shared(workplace.lake.store)
    plan = workplace.plan()
    if not plan.assignments:
        observer.planned(plan)
        now, whole = attempt.now(), workplace.whole
        planning.write_pending(workplace.lake, workplace.registry, workplace.suites, now, whole)
        return Finished(plan=plan, refreshed=refresh(workplace.lake, settings.boards, attempt.now()))
    with observing(observer):
        night = start_night(settings, suites, models, limit)
    return Finished(plan=plan, stored=night.stored, failed=night.failed, refreshed=night.refreshed)


def start_night(settings: Settings, suites: tuple[str, ...], models: tuple[str, ...], limit: int | None) -> "Night":
    """Run the nightly flow in this process, on the server that PREFECT_API_URL names or on none."""
    from flows.embedded import set_up, start_server

    set_up(settings.home)
    start_server()
    from flows.nightly import Night, nightly

    night = nightly(suites=list(suites), models=list(models), limit=limit, settings=settings)
    assert isinstance(night, Night), night  # a state is for a server that runs it
    return night
