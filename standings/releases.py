"""Decide what a commit of a model is: a new release, the same weights again, or new weights of a known model."""

from collections.abc import Mapping

from standings.discovery import Judgement, Policy, is_wanted, is_written, judge, organisation_of
from standings.hub import HubRecord
from standings.observed import Decided
from standings.registry import Registry
from standings.suite import Record

NO_NAMES: Mapping[str, str] = {}


class History(Record):
    """What is known of a model."""

    decided: tuple[Decided, ...] = ()  # the decision that holds of each commit, the latest last
    weights: Mapping[str, str] = {}  # commit → hash of its weight files, where the hub listed them

    @property
    def accepted(self) -> Decided | None:
        """Return the acceptance that holds: the latest."""
        return next((found for found in reversed(self.decided) if found.decision == "accept"), None)

    def and_(self, record: HubRecord, decision: Decided | None) -> "History":
        """Return the history with one more record, and what was decided of it."""
        weights = {**self.weights, record.revision: record.weights} if record.weights else self.weights
        others = tuple(found for found in self.decided if found.revision != record.revision)
        return History(decided=(*others, decision) if decision else self.decided, weights=weights)

    def of(self, revision: str) -> Decided | None:
        """Return the decision that holds of a commit."""
        return next((found for found in self.decided if found.revision == revision), None)

    def same_weights(self, record: HubRecord, revision: str | None) -> bool:
        """Say whether a commit is known to hold the same weight files as a record's."""
        return record.weights is not None and self.weights.get(revision or "") == record.weights


def consider(
    policy: Policy, registry: Registry, record: HubRecord, history: History, names: Mapping[str, str] = NO_NAMES
) -> Judgement:
    """Judge a record with what was decided before. A person's decision stands; the policy may change its own.

    `names` says which model is known by a commit, by the hash of its weight files, or by its id in lower case.
    """
    if record.gone:
        return Judgement(outcome="unchanged", reason="The hub has it no more; what was measured of it stays.")
    return (
        _decided_before(record, history)
        or _pinned_by_a_file(registry, record, history)
        or _same_weights(record, history)
        or _refused_weights(record, history)
        or _new_weights(policy, registry, record, history)
        or _refused_model(policy, registry, record, history)
        or _under_another_name(policy, registry, record, names)
        or judge(policy, registry, record)
    )


def _decided_before(record: HubRecord, history: History) -> Judgement | None:
    held = history.of(record.revision)
    if held and held.decision == "accept":
        return Judgement(outcome="known", reason=f"It was accepted on {held.decided_at:%Y-%m-%d}.", kind=held.kind)
    return Judgement(outcome="rejected", reason=held.reason) if held and not held.by_policy else None


def _pinned_by_a_file(registry: Registry, record: HubRecord, history: History) -> Judgement | None:
    """A file's revision is changed in the file."""
    entry, accepted = registry.models.get(record.model), history.accepted
    if entry is None or not is_written(registry, record.model):
        return None
    if entry.access == "api":
        return Judgement(outcome="known", reason="Its entry asks it behind an API.")
    if entry.revision is None or (accepted and entry.revision == accepted.revision):
        return None  # what an observation filled in is no file's
    file, known = registry.places[f"models/{record.model}"].file, history.weights.get(entry.revision)
    if known and record.weights and known != record.weights:
        reason = (
            f"{file} pins {entry.revision[:12]}, and these are other weights: a person changes the file, or rejects."
        )
        return Judgement(outcome="review", reason=reason)
    return Judgement(outcome="known", reason=f"{file} pins {entry.revision[:12]}, and a file wins.")


def _same_weights(record: HubRecord, history: History) -> Judgement | None:
    accepted = history.accepted
    if accepted is None or not history.same_weights(record, accepted.revision):
        return None
    return Judgement(outcome="unchanged", reason=f"Its weight files are those of {accepted.revision[:12]}.")


def _refused_weights(record: HubRecord, history: History) -> Judgement | None:
    """What a person rejected stays out when its card is edited."""
    for found in reversed(history.decided):
        if found.decision == "reject" and not found.by_policy and history.same_weights(record, found.revision):
            reason = f"{found.who} rejected these weights on {found.decided_at:%Y-%m-%d}: {found.reason}"
            return Judgement(outcome="rejected", reason=reason)
    return None


def _new_weights(policy: Policy, registry: Registry, record: HubRecord, history: History) -> Judgement | None:
    """New weights of a known model wait for a person, unless the policy trusts its organisation with them."""
    accepted = history.accepted
    if accepted is None:
        return None
    before, judged = accepted.revision[:12], judge(policy, registry, record, accepted.kind)
    if record.weights is None or accepted.revision not in history.weights:
        said = f"Its weight files can't be compared with those of {before}: the hub did not list them."
    else:
        said = f"It has other weight files than {before}."
    if judged.outcome != "accepted":
        return Judgement(outcome="review", reason=f"{said} {judged.reason}", kind=accepted.kind)
    if organisation_of(registry, record.model) in policy.auto_revision:
        return Judgement(outcome="accepted", reason=f"{said} Its organisation is in auto_revision.", kind=accepted.kind)
    return Judgement(outcome="review", reason=said, kind=accepted.kind)


def _refused_model(policy: Policy, registry: Registry, record: HubRecord, history: History) -> Judgement | None:
    """No policy lets in a model of which a person said no, whatever its weights are now."""
    no = next((it for it in reversed(history.decided) if it.decision == "reject" and not it.by_policy), None)
    judged = judge(policy, registry, record)
    if no is None or judged.outcome != "accepted":
        return None
    reason = f"{no.who} rejected {no.revision[:12]} on {no.decided_at:%Y-%m-%d}: {no.reason} These are other weights."
    return Judgement(outcome="review", reason=reason, kind=judged.kind)


def _under_another_name(
    policy: Policy, registry: Registry, record: HubRecord, names: Mapping[str, str]
) -> Judgement | None:
    """A repository that was renamed, copied or written in other letters would be asked and counted twice."""
    keys = (record.revision, record.weights or "", record.model.lower())
    others = {found for key in keys if (found := names.get(key))} - {record.model}
    judged = judge(policy, registry, record)
    if not others or judged.outcome == "rejected" or is_wanted(policy, registry, record.model):
        return None
    known, more = " and ".join(sorted(others)), f" {judged.reason}" if judged.outcome == "review" else ""
    reason = f"It is {known} under another name, or a copy: a person says whether both are meant.{more}"
    return Judgement(outcome="review", reason=reason, kind=judged.kind)
