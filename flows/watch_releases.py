"""Poll the hub for releases, decide on each, and announce what came in."""

from typing import Any

from prefect import State, flow

from flows.serverlog import completed, dated, deployed
from tasks.settings import Settings
from tasks.watching import Watched, watch


@flow(
    name="watch_releases",
    flow_run_name=dated("poll"),
    validate_parameters=False,
    persist_result=False,
    retries=2,
    retry_delay_seconds=60,
)
def watch_releases(settings: Settings | None = None) -> Watched | State[Any]:
    """Return what was accepted. Without a server nothing is announced, and the night's plan finds it anyway."""
    found = watch(settings or Settings())
    if not deployed():
        return found
    said = f"{found.listed} listed, {len(found.accepted)} accepted, {len(found.review)} wait for a person"
    return completed(f"{said}. {found.failed or ''}", found.failed)
