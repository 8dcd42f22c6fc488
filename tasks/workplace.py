"""Open what a night works with: settings, the registry as it is, and the lake."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from standings.checking import check_joined
from standings.faults import Fault
from standings.plan import Assignment, Plan
from standings.pools import HERE, Pool
from standings.registry import Registry
from standings.suite import Suite
from standings.work import Place
from tasks import attempt, discovery, leases, machine, planning
from tasks.evaluate import Limits
from tasks.lake import Lake
from tasks.pools import read_pools
from tasks.registry_files import read, read_suites
from tasks.s3 import open_store
from tasks.settings import Settings


class BrokenRegistry(ValueError):
    """The registry has faults; each names its file, its entry and the remedy."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class UnknownName(LookupError):
    """A suite or a model was asked for that the registry does not hold."""

    def __init__(self, what: str, name: str, known: list[str]) -> None:
        super().__init__(f"{what} '{name}' is not in the registry")
        self.what, self.name, self.known = what, name, known


def open_lake(settings: Settings) -> Lake:
    """Open the lake; reading one that is not there creates nothing."""
    return Lake(open_store(settings.address, settings.cache, settings.cache_limit))


@dataclass(frozen=True)
class Workplace:
    """All that the steps of a flow share. It holds no connection, and a second one on the same home sees the same."""

    settings: Settings
    registry: Registry
    suites: tuple[Suite, ...]
    models: tuple[str, ...] | None  # None: all
    whole: bool = False  # these are all suites of the registry, and all that they ask

    @classmethod
    def open(
        cls,
        settings: Settings,
        suites: tuple[str, ...] = (),
        models: tuple[str, ...] = (),
        limit: int | None = None,
    ) -> "Workplace":
        """Read the registry, and choose: no suite is every suite, no model every model.

        Raises BrokenRegistry with every fault, or UnknownName.
        """
        found, faults = read(settings.registry)
        known, suite_faults = read_suites(settings.registry)
        joined = discovery.resolved(open_lake(settings), found)
        # What is not locked is no fault here: a plan leaves it out and says so; what writes refuses it.
        every = (*faults, *suite_faults, *check_joined(found, joined))
        if errors := [item for item in every if item.severity == "error"]:
            raise BrokenRegistry(errors)
        for what, names, there in (("suite", suites, known), ("model", models, joined.registry.models)):
            for name in names:
                if name not in there:
                    raise UnknownName(what, name, sorted(there))
        chosen = [known[name] for name in suites or sorted(known)]
        return cls(
            settings=settings,
            registry=joined.registry,
            suites=tuple(suite.limited(limit) if limit else suite for suite in chosen),
            models=models or None,
            whole=not suites and not limit,
        )

    @property
    def lake(self) -> Lake:
        """Open the lake; reading one that is not there creates nothing."""
        return open_lake(self.settings)

    @property
    def place(self) -> Place:
        """Say where and on what a child works."""
        settings = self.settings
        return Place(
            lake=settings.address,
            weights=settings.weights.absolute(),
            weights_limit=settings.weights_limit,
            registry=settings.registry.absolute(),
            device=settings.device,
            visible=leases.visible(settings.gpus) if settings.device == "cuda" else (),
            leases=settings.leases.absolute(),
            threads=settings.threads,
            batch_size=settings.batch_size,
            memory=settings.memory_limit,
        )

    @property
    def limits(self) -> Limits:
        """Return the wall-clock limits in seconds."""
        return Limits(load=self.settings.load_minutes * 60, job=self.settings.job_minutes * 60)

    @property
    def pools(self) -> tuple[Pool, ...]:
        """Describe the machines that work: those of STANDINGS_POOLS, or this one. Raises BrokenPools."""
        return read_pools(self.settings.pools) if self.settings.pools else (self.here,)

    @property
    def here(self) -> Pool:
        """Describe this machine as a pool of its own."""
        settings = self.settings
        return Pool(
            name=HERE,
            device=settings.device,
            # One where none is to be seen: a plan may be made where the GPUs are not; a run says that there is none.
            gpus=max(1, len(leases.visible(settings.gpus))) if settings.device == "cuda" else 0,
            memory=settings.memory or machine.memory(settings.device),
            threads=settings.threads,
            batch_size=settings.batch_size,
        )

    def plan(self, pools: Sequence[Pool] | None = None) -> Plan:
        """Plan what is missing on the machines that work, or on those given. Writes nothing."""
        scope = planning.Scope(suites=tuple(suite.suite for suite in self.suites), models=self.models)
        return planning.make_plan(self.lake, self.registry, self.suites, scope, pools or self.pools, attempt.now())

    def log(self, assignment: Assignment) -> Path:
        """Return the file that the harness's own output goes to."""
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{assignment.model} {assignment.variant}")
        return self.settings.logs / f"{attempt.now():%Y%m%dT%H%M%S}-{name}.log"
