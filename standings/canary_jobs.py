"""Decide which jobs the canary is asked now, and which of its runs the others are held against."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from standings.canary import FILE, CanaryPolicy, chosen_variant
from standings.identity import job_id
from standings.plan import Plan, plan
from standings.pools import Pool
from standings.registry import Registry
from standings.suite import Record, Suite
from standings.sync import benchmark_row, identify, model_row

ACCEPT = "accept_canary"  # the decision, whose target is a run: its job's baseline from then on
NIGHT = timedelta(hours=12)  # a night that begins again within it finds what it stored; the next one comes later
SOFTWARE = ("harness", "engine_version", "torch", "code_sha")
_NEVER = datetime.min.replace(tzinfo=UTC)
Row = Mapping[str, Any]


class Asking(Record):
    """The canary's jobs, all of them: the very jobs of the board, where it asks all documents."""

    wanted: tuple[Row, ...]  # what rows of `wanted` say of a job
    variant: Row  # row of `models`
    benchmarks: tuple[Row, ...]  # rows of `benchmarks`, in the same order

    @property
    def names(self) -> dict[str, str]:
        """Return the benchmark of each job."""
        return {row["job_id"]: row["benchmark"] for row in self.wanted}

    @property
    def metrics(self) -> dict[str, tuple[str, str]]:
        """Return metric and filter of the score of each job."""
        both = zip(self.wanted, self.benchmarks, strict=True)
        return {row["job_id"]: (benchmark["metric"], benchmark["filter"]) for row, benchmark in both}

    def plan(self, there: Collection[str], pools: Sequence[Pool]) -> Plan:
        """Plan the jobs that are not `there` already, as a night plans the board's."""
        due = [row for row in self.wanted if row["job_id"] not in there]
        states = [{**row, "state": "missing", "why": "canary", "attempts": 0, "outgrown": None} for row in due]
        benchmarks = {row["benchmark_id"]: row for row in self.benchmarks}
        return plan(states, {self.variant["variant_id"]: self.variant}, benchmarks, pools)


def asking(policy: CanaryPolicy, registry: Registry, suites: Mapping[str, Suite]) -> Asking:
    """Work out the canary's jobs. The policy must be without a fault."""
    suite, benchmarks = policy.chosen(suites)
    model, variant = registry.models[policy.model], chosen_variant(policy, registry)
    identity = identify(model, variant)
    assert identity is not None, f"{FILE}: {model.id} pins nothing, which `faults` finds"
    names = {"model": model.id, "variant": variant.name, "variant_id": identity}
    rows = []
    for benchmark in benchmarks:
        asked = variant.asked(suite.protocols[benchmark.protocols[variant.kind]])
        what = {"suite": suite.suite, "benchmark": benchmark.id, "benchmark_id": suite.benchmark_id(benchmark)}
        job = job_id(variant=identity, benchmark=what["benchmark_id"], protocol=asked.identity())
        rows.append({**names, **what, "job_id": job, "protocol": asked.canonical()})
    return Asking(
        wanted=tuple(rows),
        variant=model_row(registry, model, variant),
        benchmarks=tuple(benchmark_row(suite, benchmark) for benchmark in benchmarks),
    )


def night_of(runs: Iterable[Row], now: datetime, here: Row) -> list[Row]:
    """Return the runs that are this night's already: not long ago, and by the software that is `here`.

    `here` maps columns of SOFTWARE to what this machine has; None is not known here, as where others evaluate.
    """
    return [
        run
        for run in runs
        if now - run["started_at"] < NIGHT and all(here.get(name) in (None, run[name]) for name in SOFTWARE)
    ]


def baselines(runs: Iterable[Row], decisions: Iterable[Row]) -> dict[str, Row]:
    """Return the run of each job that its later ones are held against: the one accepted last, or else the first."""
    accepted = {row["target"]: row["decided_at"] for row in decisions if row["decision"] == ACCEPT}
    found: dict[str, Row] = {}
    for run in sorted(runs, key=lambda run: run["started_at"]):
        known = found.get(run["job_id"])
        if known is None or accepted.get(run["run_id"], _NEVER) > accepted.get(known["run_id"], _NEVER):
            found[run["job_id"]] = run
    return found


def between(baseline: Row, last: Row, runs: Iterable[Row]) -> list[Row]:
    """Return a job's runs from its baseline to another one, both included, of runs in order."""
    mine = [run for run in runs if run["job_id"] == baseline["job_id"]]
    return [run for run in mine if baseline["started_at"] <= run["started_at"] <= last["started_at"]]
