"""Ask once a day how the hub's readers take up the registry's models."""

from typing import Any

from prefect import State, flow

from flows.serverlog import completed, dated, deployed
from tasks import attempt
from tasks.adoption import Adoption, look
from tasks.settings import Settings
from tasks.workplace import Workplace


@flow(
    name="track_adoption",
    flow_run_name=dated("count"),
    validate_parameters=False,
    persist_result=False,
    retries=2,
    retry_delay_seconds=60,
)
def track_adoption(settings: Settings | None = None) -> Adoption | State[Any]:
    """Keep what the hub counts of each model today: a row a model and day, however often this runs."""
    workplace = Workplace.open(settings or Settings())
    found = look(workplace.lake, workplace.registry, attempt.now())
    if not deployed():
        return found
    said = f"{found.written} written, {len(found.gone)} gone, {len(found.failed)} not answered: {found.failed}"
    return completed(said, found.failed)
