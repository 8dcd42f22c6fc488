"""Hold the canary: one small model that is asked one benchmark of each category every night, and what is a drift.

Which jobs these are stands in standings/canary_jobs.py, what their answers come to in standings/drift.py.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from standings.faults import ROOT, Fault, not_known
from standings.registry import Registry
from standings.suite import SLUG, Benchmark, Record, Suite
from standings.variants import Variant

FILE = f"{ROOT}/canary.yaml"
NIGHTS_A_YEAR = 365.25


class CanaryPolicy(Record):
    """Who is asked what, and which difference is a drift: registry/canary.yaml."""

    model: str
    variant: str | None = None  # None: the primary one
    suite: str = Field(pattern=SLUG)
    benchmarks: tuple[str, ...] = Field(min_length=1)  # one of each of the suite's categories
    documents: int | None = Field(None, ge=1)  # only so many first ones of each task; None: all
    years: float = Field(5.0, gt=0)  # at most one false alarm in so many, where every night draws its noise anew
    flips: dict[str, float] = {}  # dtype to the share of documents that another machine or kernel may change
    history: int = Field(30, ge=2)  # nights that are shown

    @property
    def level(self) -> float:
        """Return the probability of a false alarm that a night may have."""
        return 1 / (self.years * NIGHTS_A_YEAR)

    def rate(self, dtype: str | None) -> float:
        """Return the stated flip rate of a dtype; of one that is not named the largest."""
        return self.flips.get(dtype or "", max(self.flips.values(), default=0.0))

    def chosen(self, suites: Mapping[str, Suite]) -> tuple[Suite, list[Benchmark]]:
        """Return the suite, limited as the canary asks it, and its benchmarks."""
        whole = suites[self.suite]
        suite = whole.limited(self.documents) if self.documents else whole
        both = zip(whole.benchmarks, suite.benchmarks, strict=True)
        named = {mine.id: asked for mine, asked in both}
        return suite, [named[name] for name in self.benchmarks]


def faults(policy: CanaryPolicy, registry: Registry, suites: Mapping[str, Suite]) -> list[Fault]:
    """Say what of the canary's file leads nowhere, by entry and remedy."""
    at: dict[str, Any] = {"file": FILE, "entry": "canary"}
    if policy.model not in registry.models:
        known = "Name a model of the registry."
        return [Fault(**at, field="model", **not_known("model", policy.model, registry.models, known))]
    if policy.suite not in suites:
        known = f"There are: {', '.join(sorted(suites))}."
        return [Fault(**at, field="suite", **not_known("suite", policy.suite, suites, known))]
    model = registry.models[policy.model]
    variants = [variant.name for variant in model.variants]
    if policy.variant is not None and policy.variant not in variants:
        known = f"There are: {', '.join(variants)}."
        return [Fault(**at, field="variant", **not_known("variant", policy.variant, variants, known))]
    found = [*_benchmark_faults(policy, suites[policy.suite], at)]
    if model.blocked:
        wrong = f"{model.id} can't be asked: {model.blocked}."
        found.append(Fault(**at, field="model", wrong=wrong, right="Choose a model that can."))
    kind, suite = chosen_variant(policy, registry).kind, suites[policy.suite]
    for benchmark in suite.benchmarks:
        if benchmark.id in policy.benchmarks and kind not in benchmark.protocols:
            wrong = f"{benchmark.id} has no protocol for kind {kind}."
            found.append(Fault(**at, field="benchmarks", wrong=wrong, right="Choose another of its category."))
        if benchmark.id in policy.benchmarks and suite.lock(benchmark) is None:
            right = f"Run: standings suite lock {suite.suite}"
            found.append(Fault(**at, field="benchmarks", wrong=f"{benchmark.id} has no lock.", right=right))
    for dtype, rate in policy.flips.items():
        if not 0 <= rate < 1:
            right = "Give a share, such as 0.02."
            found.append(Fault(**at, field=f"flips.{dtype}", wrong=f"{rate} is no share below 1.", right=right))
    return found


def _benchmark_faults(policy: CanaryPolicy, suite: Suite, at: dict[str, Any]) -> Iterable[Fault]:
    known = {benchmark.id: benchmark for benchmark in suite.benchmarks}
    for name in policy.benchmarks:
        if name not in known:
            yield Fault(**at, field="benchmarks", **not_known("benchmark", name, known, f"See {ROOT}/suites."))
    asked = [known[name].category for name in policy.benchmarks if name in known]
    if twice := sorted({category for category in asked if asked.count(category) > 1}):
        yield Fault(**at, field="benchmarks", wrong=f"two of category {', '.join(twice)}.", right="Keep one of each.")
    if len(asked) == len(policy.benchmarks) and (missing := sorted({it.category for it in known.values()} - {*asked})):
        right = f"Add one of each of the categories of {suite.suite}."
        yield Fault(**at, field="benchmarks", wrong=f"none of category {', '.join(missing)}.", right=right)


def chosen_variant(policy: CanaryPolicy, registry: Registry) -> Variant:
    """Return the variant that is asked."""
    model = registry.models[policy.model]
    return model.primary if policy.variant is None else next(it for it in model.variants if it.name == policy.variant)
