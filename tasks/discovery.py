"""Keep what a hub says of models, and what was decided of it, as facts; join what was accepted with the registry."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings import releases
from standings.discovery import POLICY, Judgement, Outcome, Policy
from standings.facts import table
from standings.hub import HubRecord
from standings.observed import Decided, accepted, completed, content, decided, observations, row_of
from standings.registry import Registry
from standings.releases import History
from standings.resolving import Resolved, resolve
from standings.suite import Record
from tasks.lake import Lake
from tasks.registry_files import anything_observed

KEPT = {"accepted": "accept", "review": "review", "rejected": "reject"}  # outcomes that are decisions
ADOPTION = "adoption"  # the source of a day's counts, which are kept though nothing else is new
COUNTS = "counts-"  # how their keys begin: a year of them is many times all else, and a plan reads none
Row = dict[str, Any]
Held = dict[tuple[str, str], Decided]


class Considered(Record):
    """What became of one record."""

    model: str
    revision: str
    outcome: Outcome  # accepted: it is so from now on; known: it was before
    reason: str


def consider(
    lake: Lake, registry: Registry, policy: Policy, records: Iterable[HubRecord], now: datetime, source: str
) -> tuple[Considered, ...]:
    """Keep what is new in a hub's records, and decide of each; the same records again write nothing.

    Two may consider at once: each appends what it saw, and the later decision of the two holds. Both are the policy's.
    """
    given = list(records)
    rows, held = observed(lake, [record.model for record in given]), decisions(lake)
    seen, histories, names = _with_known_files(given, rows), _histories(rows, held), _names(lake, registry, held)
    considered, made = [], []
    for record in seen:
        history = histories.get(record.model, History())
        found = releases.consider(policy, registry, record, history, names)
        decision = _decision(record, found, history, now)
        histories[record.model] = history.and_(record, decision)
        made += [decision] if decision else []
        if found.outcome == "accepted":
            names |= {record.weights or record.revision: record.model, record.model.lower(): record.model}
        considered.append(
            Considered(model=record.model, revision=record.revision, outcome=found.outcome, reason=found.reason)
        )
    _append_new(lake, rows, seen, now, source)  # first: a decision is about something that was observed
    decide(lake, made)
    return tuple(considered)


def observe(lake: Lake, records: Iterable[HubRecord], now: datetime, source: str) -> int:
    """Keep what is new in a hub's records, of adoption one row a model and day; return the number of rows."""
    seen = list(records)
    return _append_new(lake, observed(lake, [record.model for record in seen], source), seen, now, source)


def decide(lake: Lake, made: Sequence[Decided]) -> None:
    """Append decisions; they hold from the next sync on."""
    rows = [{"target": f"{it.model}@{it.revision}", **it.model_dump(exclude={"model", "revision"})} for it in made]
    lake.append("decisions", table("decisions", rows))


def decisions(lake: Lake) -> Held:
    """Read the decision that holds of each commit of each model."""
    return decided(lake.appended("decisions").to_pylist())


def observed(lake: Lake, models: Sequence[str], source: str | None = None) -> list[Row]:
    """Read what a hub said of some models, the oldest first; adoption's counts only where that is the source."""
    rows = lake.appended("hub_observations", without=None if source == ADOPTION else COUNTS)
    kept = rows.filter(pc.is_in(rows["model"], pa.array(sorted(set(models)), pa.string()))).to_pylist()
    told = [row for row in kept if source != ADOPTION or row["gone"] or row["source"] == ADOPTION]
    return sorted(told, key=lambda row: row["known_from"])


def resolved(lake: Lake, yaml: Registry) -> Resolved:
    """Join the registry's files with what was accepted. Where nothing ever was observed it costs one listing."""
    if not anything_observed(lake.store):
        return resolve(yaml)
    accepts = accepted(decisions(lake))
    return resolve(yaml, observations(observed(lake, list(accepts)), accepts) if accepts else ())


def _with_known_files(records: Iterable[HubRecord], rows: Iterable[Row]) -> list[HubRecord]:
    """Add to each record without files what was said of them at its commit, which never changes: a list names none."""
    told = {(row["model"], row["revision"]): row for row in rows if row["weights"]}
    return [
        record.model_copy(update={"weights": row["weights"], "safetensors": row["safetensors"]})
        if record.weights is None and (row := told.get((record.model, record.revision)))
        else record
        for record in records
    ]


def _names(lake: Lake, registry: Registry, held: Held) -> dict[str, str]:
    """Say which model is known by its id in lower case, by the hash of its weight files, or else by its commit."""
    pinned = {model.id: model.revision for model in registry.models.values()}
    pinned |= {found.model: found.revision for found in accepted(held).values()}
    rows = lake.appended("hub_observations", COUNTS).select(["model", "revision", "weights"]).to_pylist()
    files = {it["model"]: it["weights"] for it in rows if it["weights"] and pinned.get(it["model"]) == it["revision"]}
    content = {files.get(model) or revision: model for model, revision in pinned.items()}
    return {key: model for key, model in content.items() if key} | {model.lower(): model for model in pinned}


def _histories(rows: Iterable[Row], held: Held) -> dict[str, History]:
    """Sort what is known by model."""
    weights: dict[str, dict[str, str]] = {}
    decided_of: dict[str, list[Decided]] = {}
    for row in rows:
        if row["weights"]:
            weights.setdefault(row["model"], {})[row["revision"]] = row["weights"]
    for found in held.values():
        decided_of.setdefault(found.model, []).append(found)
    models = weights.keys() | decided_of.keys()
    return {it: History(decided=tuple(decided_of.get(it, ())), weights=weights.get(it, {})) for it in models}


def _decision(record: HubRecord, found: Judgement, history: History, now: datetime) -> Decided | None:
    """Make the decision that a judgement comes to; None where it is none, or the one that holds already."""
    held, decision = history.of(record.revision), KEPT.get(found.outcome)
    if decision is None or (held and not held.by_policy):
        return None
    if held and (held.decision, held.reason, held.kind) == (decision, found.reason, found.kind):
        return None
    return Decided(
        model=record.model,
        revision=record.revision,
        decision=decision,
        reason=found.reason,
        who=POLICY,
        decided_at=now,
        kind=found.kind,
    )


def _append_new(lake: Lake, rows: Iterable[Row], records: Iterable[HubRecord], now: datetime, source: str) -> int:
    latest = {row["model"]: row for row in rows}
    news: list[Row] = []
    counts: list[Row] = []
    for record in records:
        before = latest.get(record.model)
        row = completed(row_of(record, now, source), before)
        if _is_news(row, before, source):
            latest[record.model] = row
            came_or_went = row["gone"] or (before is not None and before["gone"])
            (counts if source == ADOPTION and not came_or_went else news).append(row)
    lake.append("hub_observations", table("hub_observations", news))
    lake.append("hub_observations", table("hub_observations", counts), part=COUNTS)
    return len(news) + len(counts)


def _is_news(row: Row, before: Row | None, source: str) -> bool:
    if row["gone"]:  # said once; of a model that nobody counts, and that was never seen, not at all
        return not before["gone"] if before else source == ADOPTION
    if before is None or before["gone"]:
        return True
    return before["day"] != row["day"] if source == ADOPTION else content(before) != content(row)
