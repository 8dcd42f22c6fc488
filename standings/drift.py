"""Compare the canary's answers with its baseline, document by document, and say what is a drift and what changed.

A night's false alarm has probability `level`, shared equally among its tests (Bonferroni): two of each benchmark and
two of all together. The baseline stays until a person accepts another, so that small steps add up to one large one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Any

from standings.canary import CanaryPolicy
from standings.paired import binomial_tail, mcnemar, paired_t
from standings.suite import Record

# While all of these are equal, float32 is promised to give the same bit for bit.
ARITHMETIC = (
    "worker", "device", "driver", "engine_version", "torch", "threads", "batch_size", "scorer", "scorer_reason",
    "loaded_sha256", "platform",
)  # fmt: skip
NAMES = {  # what else a run says of where it came from, and how a reader calls each
    "harness": "harness", "engine_version": "engine", "torch": "torch", "driver": "driver", "device": "device",
    "platform": "platform", "worker": "worker", "threads": "threads", "batch_size": "batch size", "scorer": "scorer",
    "loaded_sha256": "loaded files", "code_sha": "code",
}  # fmt: skip
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Document:
    """What became of one document: a mean over its repeats where there are several."""

    outcome: float
    answer: str
    prompt: str  # hash


@dataclass(frozen=True)
class Asked:
    """One run of the canary."""

    run: Row
    documents: Mapping[str, Document]  # by task and place

    @property
    def mean(self) -> float:
        """Return the mean outcome; 0 where no document has one."""
        return fmean(it.outcome for it in self.documents.values()) if self.documents else 0.0


class Change(Record):
    """Something that a run says of where it came from, and that is not as it was."""

    what: str
    before: str
    after: str
    at: datetime  # when a run first had it

    def __str__(self) -> str:
        return f"{self.what} {self.before} → {self.after} ({self.at:%Y-%m-%d})"


class Compared(Record):
    """One benchmark's run beside its baseline."""

    benchmark: str
    run: str  # run_id
    baseline: str  # run_id
    since: datetime  # when the baseline was asked
    documents: int  # in both
    unpaired: int  # documents in only one of the two
    before: float  # mean outcome
    after: float
    lost: int  # documents whose outcome is lower
    gained: int
    answers: int  # documents with another answer, be it right or wrong
    prompts: int  # documents that were asked in other words
    binary: bool  # every outcome is right or wrong
    expected: float  # share of documents that may flip by arithmetic alone; 0: none, it is promised
    p_flips: float  # probability of so many flips, or more, by arithmetic alone
    p_score: float  # of a difference so large between the means, where neither is favoured

    @property
    def flips(self) -> int:
        """Count the documents with another outcome."""
        return self.lost + self.gained

    def alarm(self, level: float) -> str | None:
        """Say what is a drift at a level; None where nothing is."""
        moved = f"{self.benchmark}: {self.lost} lost and {self.gained} gained of {self.documents}"
        if self.unpaired:
            return f"{self.benchmark}: {self.unpaired} documents are in one of the two runs only"
        if self.prompts:
            return f"{moved}, and {self.prompts} prompts are not as they were"
        if self.expected == 0 and (self.flips or self.answers):
            return f"{moved}, {self.answers} answers differ, where float32 on one machine promises none"
        if self.p_flips <= level:
            return f"{moved}, where {self.expected:.1%} may flip by arithmetic alone (p = {self.p_flips:.1g})"
        if self.p_score <= level:
            return f"{moved}, {self.before:.3f} → {self.after:.3f} (p = {self.p_score:.1g})"
        return None


class Comparison(Record):
    """A night's answers beside the baseline."""

    rows: tuple[Compared, ...]
    alarms: tuple[str, ...]
    changed: tuple[Change, ...]  # since the baseline

    @property
    def drift(self) -> str | None:
        """Say in a sentence what drifted and what changed; None where nothing did."""
        if not self.alarms:
            return None
        began = min(row.since for row in self.rows)
        named = "; ".join(map(str, self.changed)) or "nothing that a run records"
        return f"{'; '.join(self.alarms)}. Since the baseline of {began:%Y-%m-%d} changed: {named}."


def compare(
    baseline: Mapping[str, Asked], tonight: Mapping[str, Asked], policy: CanaryPolicy, between: Iterable[Sequence[Row]]
) -> Comparison:
    """Compare each job's run with its baseline; `between` holds each job's runs from the one to the other."""
    pairs = [(baseline[job], asked) for job, asked in tonight.items() if baseline[job].run is not asked.run]
    rows = [compared(before, after, policy) for before, after in pairs]
    return Comparison(rows=tuple(rows), alarms=tuple(alarms(rows, policy.level)), changed=tuple(changes(between)))


def alarms(rows: Sequence[Compared], level: float) -> list[str]:
    """Say what is a drift, where a night may raise a false alarm with probability `level`."""
    noisy = [row for row in rows if row.expected > 0 and row.binary]
    together = [pooled(noisy)] if len(noisy) > 1 else []
    each = level / (2 * len([*rows, *together]) or 1)
    found = [alarm for row in rows if (alarm := row.alarm(each))]
    return found or [alarm for row in together if (alarm := row.alarm(each))]


def compared(before: Asked, after: Asked, policy: CanaryPolicy) -> Compared:
    """Compare two runs of one job."""
    both = [(old, after.documents[key]) for key, old in before.documents.items() if key in after.documents]
    differences = [new.outcome - old.outcome for old, new in both]
    lost, gained = sum(it < 0 for it in differences), sum(it > 0 for it in differences)
    binary = all(it.outcome in (0.0, 1.0) for pair in both for it in pair)
    expected = 0.0 if promised(before.run, after.run) else policy.rate(after.run["dtype"])
    return Compared(
        benchmark=after.run["benchmark"],
        run=after.run["run_id"],
        baseline=before.run["run_id"],
        since=before.run["started_at"],
        documents=len(both),
        unpaired=len(before.documents.keys() ^ after.documents.keys()),
        before=fmean(old.outcome for old, _ in both) if both else 0.0,
        after=fmean(new.outcome for _, new in both) if both else 0.0,
        lost=lost,
        gained=gained,
        answers=sum(old.answer != new.answer for old, new in both),
        prompts=sum(old.prompt != new.prompt for old, new in both),
        binary=binary,
        expected=expected,
        # A flip rate is stated of right and wrong; a finer outcome moves a little with every rounding.
        p_flips=binomial_tail(lost + gained, len(both), expected) if binary else 1.0,
        p_score=mcnemar(lost, gained) if binary else paired_t(differences),
    )


def pooled(rows: Sequence[Compared]) -> Compared:
    """Add up benchmarks: what is too little in each may be too much in all."""
    documents, lost, gained = (sum(getattr(row, name) for row in rows) for name in ("documents", "lost", "gained"))
    expected = max(row.expected for row in rows)
    return rows[0].model_copy(
        update={
            "benchmark": "all together",
            "documents": documents,
            "before": fmean(row.before for row in rows),
            "after": fmean(row.after for row in rows),
            "lost": lost,
            "gained": gained,
            "answers": sum(row.answers for row in rows),
            "expected": expected,
            "p_flips": binomial_tail(lost + gained, documents, expected),
            "p_score": mcnemar(lost, gained),
        }
    )


def promised(before: Row, after: Row) -> bool:
    """Say whether the two must be equal bit for bit: float32, and the same machine and libraries computed."""
    return before["dtype"] == "float32" and all(before.get(name) == after.get(name) for name in ARITHMETIC)


def changes(between: Iterable[Sequence[Row]]) -> list[Change]:
    """Name what a run says of where it came from and is not as it was in the baseline, and since when."""
    found: dict[tuple[str, str, str], Change] = {}
    for runs in between:
        for column, what in NAMES.items():
            values = [_shown(column, run.get(column)) for run in runs]
            if values and values[0] != values[-1]:
                last = max(place for place, value in enumerate(values) if value != values[-1])
                at = runs[last + 1]["started_at"]
                key = (what, values[0], values[-1])
                if key not in found or at < found[key].at:
                    found[key] = Change(what=what, before=values[0], after=values[-1], at=at)
    return list(found.values())


def _shown(column: str, value: Any) -> str:
    """Write a value; a hash by its beginning."""
    if value is None:
        return "none"
    text = str(value)
    if column in ("code_sha", "loaded_sha256") and " " not in text:
        commit, plus, rest = text.partition("+")
        return commit[:12] + plus + rest
    return text
