"""Let a person decide of a hub's releases: which commit is meant, and whether it can come in."""

from collections.abc import Iterable
from datetime import datetime

from standings.discovery import is_written, organisation_of
from standings.faults import ROOT, nearest
from standings.observed import Decided
from standings.registry import Registry
from standings.suite import Kind
from tasks.discovery import Held


class CannotDecide(ValueError):
    """A decision that can't be made, and the remedy."""


def meant(held: Held, given: str, decisions: Iterable[str]) -> list[Decided]:
    """Return the commits that MODEL or MODEL@SHA means, of those whose decision is one of some; raises CannotDecide.

    Without a commit that is the last one to accept, and all to reject: a model, not one of its commits.
    """
    model, _, revision = given.partition("@")
    of_model = [found for found in held.values() if found.model == model]
    if not of_model:
        remedy = nearest(model, {found.model for found in held.values()}) or "See: standings models review"
        raise CannotDecide(f"'{model}' was never considered. {remedy}")
    found = [it for it in of_model if it.revision.startswith(revision)]
    if not found or (revision and len(found) > 1):
        raise CannotDecide(f"{given}: {len(found)} of its commits begin like this. Give more of it.")
    due = [it for it in found if it.decision in decisions]
    if not due:
        raise CannotDecide(f"{given} was {found[-1].decision}ed already, by {found[-1].who}: {found[-1].reason}")
    return due


def accepting(held: Held, yaml: Registry, given: str, kind: Kind | None) -> Decided:
    """Return what is accepted, with the kind it is asked as; raises CannotDecide where it could be no entry."""
    model = given.partition("@")[0]
    entry = yaml.models.get(model)
    if entry and (entry.revision or entry.access == "api"):
        file = yaml.places[f"models/{model}"].file
        raise CannotDecide(f"{model}: {file} says what is run, and a file wins. Change its revision there.")
    [*_, found] = meant(held, given, ("review", "reject"))
    if organisation_of(yaml, found.model) is None:
        namespace = found.model.partition("/")[0]
        raise CannotDecide(
            f"{found.model}: nobody releases under '{namespace}'. Add it to {ROOT}/organisations.yaml first."
        )
    asked = (entry.kind if entry else None) or kind or found.kind
    if asked is None and not is_written(yaml, found.model):
        raise CannotDecide(f"{found.model}: nothing says how it can be asked. Give --kind base, instruct or reasoning.")
    return found.model_copy(update={"kind": asked})


def ruled(found: Decided, decision: str, reason: str, who: str, now: datetime) -> Decided:
    """Return a person's decision in the place of the one that held."""
    kind = found.kind if decision == "accept" else None
    update = {"decision": decision, "reason": reason, "who": who, "decided_at": now, "kind": kind}
    return found.model_copy(update=update)
