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
    gpus: int = 0  # that the assignment takes; 0: the CPU
    visible: tuple[str, ...] = ()  # GPUs to choose from, as CUDA_VISIBLE_DEVICES names them
    leases: Path = Path()  # folder of the locks by which workers share them
    pool: str | None = None  # that it was planned for
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


class WrongMachine(ValueError):
    """An assignment came to a machine that it was not planned for."""


def make_work(
    assignment: Assignment, registry: Registry, suites: Mapping[str, Suite], place: Place, purpose: Purpose = "board"
) -> Work:
    """Join an assignment with what the registry says of its model and the suites of its jobs.

    Place names the worker; what the assignment takes of it is added. Raises WrongMachine.
    """
    if assignment.gpus and place.device == "cpu":
        raise WrongMachine(
            f"{assignment.model}: planned for a GPU of pool {assignment.pool}, and this machine computes on the CPU. "
            "Set STANDINGS_DEVICE=cuda for the workers of that pool; to evaluate here alone, unset STANDINGS_POOLS."
        )
    model = registry.models[assignment.model]
    variant = next(item for item in model.variants if item.name == assignment.variant)
    identity = variant_columns(model, variant)
    assert identity["variant_id"] == assignment.variant_id, f"{model.id}: the registry changed since it was planned"
    # Outside of a plan, such as to reproduce a run, nobody says how many: one.
    gpus = max(1, assignment.gpus) if place.device == "cuda" else 0
    return Work(
        identity=identity,
        manifest=variant.weights,
        exceptions=dict(variant.exceptions),
        jobs=assignment.jobs,
        suites={job.suite: suites[job.suite] for job in assignment.jobs},
        purpose=purpose,
        place=place.model_copy(update={"gpus": gpus, "pool": assignment.pool}),
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
