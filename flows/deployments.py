"""Read infra/prefect.yaml: what runs on a server, when and where.

Prefect takes a misspelt key in silence; this does not.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, Field

from standings.pools import Pool
from standings.suite import Record

EVALUATES = "evaluate_model"  # the flow that has a deployment in each pool


class Schedule(Record):
    """When a deployment runs by itself."""

    slug: str
    cron: str
    timezone: str


class Limit(Record):
    """How many runs of a deployment there are at once, and what becomes of one more."""

    limit: int = Field(ge=1)
    collision_strategy: str = Field(pattern="^(ENQUEUE|CANCEL_NEW)$")


class Where(Record):
    """The pool and the queue whose workers run it."""

    name: str
    work_queue_name: str
    job_variables: dict[str, Any] = {}


class Trigger(Record):
    """The event that starts a run, and what of it becomes a parameter."""

    type: str = Field(pattern="^event$")
    name: str
    expect: tuple[str, ...] = Field(min_length=1)
    match: dict[str, str]
    parameters: dict[str, Any]


class Deployment(Record):
    """A flow as a server runs it."""

    name: str
    entrypoint: str = Field(pattern=r"^flows\.\w+\.\w+$")  # a module, which is installed where the worker is
    description: str
    tags: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}
    schedules: tuple[Schedule, ...] = ()
    concurrency_limit: Limit | None = None
    triggers: tuple[Trigger, ...] = ()
    work_pool: Where

    @property
    def flow(self) -> str:
        """Name the flow's function."""
        return self.entrypoint.rpartition(".")[2]


class PrefectFile(Record):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str
    prefect_version: str = Field(alias="prefect-version")
    pull: tuple[()]  # nothing: null would bake the folder of whoever deploys into it
    definitions: dict[str, Any] = {}
    deployments: tuple[Deployment, ...]


def read_deployments(file: Path) -> tuple[Deployment, ...]:
    """Read the file. Raises ValidationError with all its faults."""
    return PrefectFile.model_validate(yaml.safe_load(file.read_text())).deployments


def in_pools(deployments: Sequence[Deployment], pools: Sequence[Pool]) -> list[Deployment]:
    """Give the flow that evaluates a deployment in each pool, named after it."""
    made: list[Deployment] = []
    for item in deployments:
        if item.flow != EVALUATES:
            made.append(item)
            continue
        for pool in pools:
            where = item.work_pool.model_copy(update={"name": pool.name})
            made.append(item.model_copy(update={"name": pool.name, "work_pool": where}))
    return made
