"""Hold what a parent hands to the child process that evaluates, and what the child says back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from standings.address import Address
from standings.plan import Assignment, Job
from standings.registry import Registry
from standings.suite import Record, Suite
from standings.sync import variant_columns
from standings.weights import WeightsManifest

Purpose = Literal["board", "canary", "reproduce"]


class Place(Record):
    """Where and on what a child works."""

    lake: Address
    weights: Path  # cache
    weights_limit: int | None = None  # bytes that the cache may take; None: half of its disk
    registry: Path
    device: str
    threads: int
    batch_size: int
    memory: int | None = None  # bytes that the child may allocate; None: no limit enforced


class Work(Record):
    """Everything that one child needs to evaluate an assignment: nothing is looked up again."""

    identity: dict[str, Any]  # the variant's columns of the `run` table
    manifest: WeightsManifest | None  # None: the model's own repository at its revision
    exceptions: dict[str, str] = {}  # the variant's: what is allowed against the rule, and why
    jobs: tuple[Job, ...]
    suites: dict[str, Suite]
    purpose: Purpose = "board"
    place: Place


def make_work(
    assignment: Assignment, registry: Registry, suites: Mapping[str, Suite], place: Place, purpose: Purpose = "board"
) -> Work:
    """Join an assignment with what the registry says of its model and the suites of its jobs."""
    model = registry.models[assignment.model]
    variant = next(item for item in model.variants if item.name == assignment.variant)
    identity = variant_columns(model, variant)
    assert identity["variant_id"] == assignment.variant_id, f"{model.id}: the registry changed since it was planned"
    return Work(
        identity=identity,
        manifest=variant.weights,
        exceptions=dict(variant.exceptions),
        jobs=assignment.jobs,
        suites={job.suite: suites[job.suite] for job in assignment.jobs},
        purpose=purpose,
        place=place,
    )


class Event(Record):
    """One line that the child writes to its parent."""

    event: Literal["stage", "loaded", "job", "progress", "stored", "failed"]
    job_id: str | None = None
    run_id: str | None = None
    text: str | None = None  # what the stage does, or what failed
    reason: str | None = None
    done: int | None = None  # requests
    total: int | None = None
    seconds: float | None = None
    score: float | None = None
