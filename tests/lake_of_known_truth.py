"""Make a lake whose board is known: what each cell must show is written down while its runs are made up.

Two hundred models of both kinds of access, joint and unknown origins, a second variant that scores higher, a suite
with an epoch that has flipped and one that has not, and runs of every fate. The truth is plain Python.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pyarrow as pa

from tests.lake_rows import LakeRows, Row, day

ORIGINS = ("CN", "US", "FR", "FR+US", "GB+US", "KR", None)
CLASSES = ("osi_approved", "community", "noncommercial", "custom_permissive", "unknown", "undeclared")
SIZES = (0.1, 0.6, 1.0, 3.0, 8.0, 24.0, 70.0, 130.0, 400.0, None)
# suite -> benchmark -> (category, chance, epochs, whether an API can be asked)
SUITES: dict[str, dict[str, tuple[str, float, int, bool]]] = {
    "core": {
        "arc": ("reasoning", 0.25, 1, False),
        "hellaswag": ("reasoning", 0.25, 2, False),  # its second epoch is complete
        "gsm8k": ("mathematics", 0.0, 2, False),  # its second epoch is not
        "mmlu": ("knowledge", 0.25, 1, False),
    },
    "common": {
        "gsm8k-chat": ("mathematics", 0.0, 1, True),
        "tools": ("tool_use", 0.0, 1, True),
    },
}
NOW = day(30)

Cell = tuple[str, str, str, str]  # suite, benchmark, model, variant


@dataclass
class Truth:
    """What the board must say."""

    models: dict[str, Row] = field(default_factory=dict)  # primary variants
    scores: dict[Cell, float] = field(default_factory=dict)
    suspect: set[Cell] = field(default_factory=set)
    epochs: dict[tuple[str, str], int] = field(default_factory=dict)

    def index(self, suite: str, model: str) -> float | None:
        """Average normalised scores over benchmarks, then over categories; None where one is missing."""
        by_category: dict[str, list[float]] = {}
        for benchmark, (category, chance, _, _) in SUITES[suite].items():
            score = self.scores.get((suite, benchmark, model, "bf16"))
            if score is None:
                return None
            by_category.setdefault(category, []).append(100 * (score - chance) / (1 - chance))
        return sum(sum(them) / len(them) for them in by_category.values()) / len(by_category)


def lake_of_known_truth(models: int = 200, seed: int = 0) -> tuple[dict[str, pa.Table], Truth]:
    """Return the facts and what the board built from them must show; the same arguments give the same rows."""
    lake, truth, random = LakeRows(), Truth(), Random(seed)
    variants = [entry for number in range(models) for entry in _entries(lake, number)]
    truth.models = {entry["model"]: entry for entry in variants if entry["is_primary"]}
    for suite, benchmarks in SUITES.items():
        for name, (category, chance, epochs, for_api) in benchmarks.items():
            shown = truth.epochs[suite, name] = 2 if name == "hellaswag" else 1
            for epoch in range(1, epochs + 1):
                known = 10.0 * (epoch - 1)
                version = lake.benchmark(suite, name, epoch=epoch, known=known, category=category, chance=chance)
                for entry in variants:
                    _cell(lake, truth, random, version, entry, known=known, for_api=for_api, shown=epoch == shown)
    return lake.facts(), truth


def _entries(lake: LakeRows, number: int) -> list[Row]:
    api = number % 10 == 9
    facts: Row = {
        "origin": ORIGINS[number % len(ORIGINS)],
        "licence_class": CLASSES[number % len(CLASSES)],
        "lineage_differs": number % 11 == 0,
        "active_b": None if api else SIZES[number % len(SIZES)],
        "access": "api" if api else "weights",
        "kind": "api" if api else "instruct",
    }
    model = f"org-{number % 17}/model-{number:03d}"
    entries = [lake.model(model, **facts)]
    if number % 5 == 0:
        entries.append(lake.model(model, "fp32", **{**facts, "is_primary": False}))
    return entries


def _cell(
    lake: LakeRows, truth: Truth, random: Random, version: Row, entry: Row, *, known: float, for_api: bool, shown: bool
) -> None:
    """Ask one variant one version of a benchmark, let its runs meet a fate, and note what must be shown."""
    if entry["access"] == "api" and not for_api:
        lake.want(version, entry, known=known, job_id=None, protocol=None, blocked="an API gives no log-likelihoods")
        return
    wanted = lake.want(version, entry, known=known)
    if version["epoch"] == 2:  # complete in hellaswag; in gsm8k half of it is missing and none of it is shown
        fate = _counted if version["benchmark"] == "hellaswag" else random.choice((_counted, _missing))
    else:
        fate = random.choices(FATES, weights=[30] + [1] * (len(FATES) - 1))[0]
    right, suspect = fate(lake, wanted, random.randint(20, 95), known + random.random())
    cell = (version["suite"], version["benchmark"], entry["model"], entry["variant"])
    if shown and right is not None:
        truth.scores[cell] = right / 100
        if suspect:
            truth.suspect.add(cell)


Fate = Callable[[LakeRows, Row, int, float], tuple[int | None, bool]]  # answers right that count, or None; suspect


def _counted(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.run(wanted, right=right, at=at)
    return right, False


def _missing(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    return None, False


def _twice(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.run(wanted, right=right, at=at)
    # Admitted later, although its worker's clock says earlier.
    lake.run(wanted, right=right + 5, at=at + 1, finished_at=day(at - 1))
    return right, False


def _failed_first(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.run(wanted, at=at)
    lake.run(wanted, right=right, at=at + 0.1)
    return right, False


def _failed_later(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.run(wanted, right=right, at=at)
    lake.run(wanted, at=at + 0.1, reason="not_finite")
    return right, False


def _failed(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.run(wanted, at=at, reason="too_large", detail="needs 80 GB, the machine has 8")
    return None, False


def _withdrawn(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.rule(lake.run(wanted, right=right, at=at), "withdrawn", at=at + 1)
    return None, False


def _replaced(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.rule(lake.run(wanted, right=right, at=at), "withdrawn", at=at + 1)
    lake.run(wanted, right=right - 7, at=at + 2)
    return right - 7, False


def _suspect(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.rule(lake.run(wanted, right=right, at=at), "suspect", at=at + 1)
    return right, True


def _cleared(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    run = lake.run(wanted, right=right, at=at)
    lake.rule(run, "withdrawn", at=at + 1)
    lake.rule(run, "cleared", at=at + 2)
    return right, False


def _quarantined(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.run(wanted, right=right, at=at, fault="scores.parquet: sha256 differs")
    return None, False


def _unseen(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.run(wanted, right=right, at=at, fault="unseen")
    return None, False


def _canary(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.run(wanted, right=right, at=at, purpose="canary")
    return None, False


def _cancelled(lake: LakeRows, wanted: Row, right: int, at: float) -> tuple[int | None, bool]:
    lake.run(wanted, at=at, status="cancelled", reason=None)
    return None, False


FATES: tuple[Fate, ...] = (
    _counted, _missing, _twice, _failed_first, _failed_later, _failed, _withdrawn, _replaced, _suspect, _cleared,
    _quarantined, _unseen, _canary, _cancelled,
)  # fmt: skip


def slice_index(truth: Truth, suite: str, keep: Callable[[Row], Any]) -> list[tuple[str, float]]:
    """Rank the models that `keep` wants, best first."""
    found = [(model, truth.index(suite, model)) for model, entry in truth.models.items() if keep(entry)]
    ranked = [(model, index) for model, index in found if index is not None]
    return sorted(ranked, key=lambda pair: (-round(pair[1], 9), pair[0]))
