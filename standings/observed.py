"""Read and write what a hub said as facts: what is new in it, what was decided of it, and what was accepted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from standings.discovery import POLICY, is_written
from standings.faults import Fault
from standings.hub import HubRecord
from standings.licences import DeclaredLicence, classify_declared
from standings.registry import LineageEdge, Parameters, Registry, Relation
from standings.resolving import Observation
from standings.suite import Kind, Record

Row = dict[str, Any]
ACTS = ("accept", "review", "reject")  # the decisions that are about a hub's releases
COUNTS = {"downloads", "downloads_all", "likes", "derivatives"}  # move every day, and are adoption's
STAMPS = {"day", "source", "known_from", *COUNTS}


class Decided(Record):
    """The decision that holds of one commit of a model."""

    model: str
    revision: str
    decision: str  # accept, review or reject
    reason: str
    who: str
    decided_at: datetime
    kind: Kind | None = None

    @property
    def by_policy(self) -> bool:
        """Say whether no person decided it."""
        return self.who == POLICY


def row_of(record: HubRecord, now: datetime, source: str) -> Row:
    """Write a record as a row of `hub_observations`."""
    said = record.licence
    tags = None if said is None else [said.license] if isinstance(said.license, str) else list(said.license or ())
    return {
        **record.model_dump(exclude={"licence", "parents", "tags", "derivatives", "revision"}),
        "revision": record.revision or None,
        "tags": list(record.tags),
        "license": tags,
        "license_name": said and said.license_name,
        "license_link": said and said.license_link,
        "license_source": said and said.source,
        "parents": [{"relation": relation, "model": parent} for relation, parent in record.parents],
        "derivatives": None if record.derivatives is None else sorted(record.derivatives.items()),
        "day": now.date(),
        "source": source,
        "known_from": now,
    }


def record_of(row: Mapping[str, Any]) -> HubRecord:
    """Read a row of `hub_observations` back."""
    fields = {name: row[name] for name in HubRecord.model_fields if name in row}
    return HubRecord(
        **{
            **fields,
            "revision": row["revision"] or "",
            "licence": declared_in(row),
            "parents": tuple((parent["relation"], parent["model"]) for parent in row["parents"]),
            "derivatives": None if row["derivatives"] is None else dict(row["derivatives"]),
        }
    )


def declared_in(row: Mapping[str, Any]) -> DeclaredLicence | None:
    """Read the licence that a card declares; None where the card was not given."""
    if row["license"] is None:
        return None
    tags = tuple(row["license"])
    return DeclaredLicence(
        license=tags[0] if len(tags) == 1 else tags or None,
        license_name=row["license_name"],
        license_link=row["license_link"],
        source=row["license_source"],
    )


def completed(row: Row, before: Row | None) -> Row:
    """Keep what an earlier answer said of the same commit and this one was not asked for: a list names no files."""
    if before is None or before["revision"] != row["revision"]:
        return row
    lacking = {name for name in ("weights", "parameters") if row[name] is None}
    lacking |= {name for name in row if name.startswith("license")} if row["license"] is None else set()
    return row | {name: before[name] for name in lacking}


def content(row: Mapping[str, Any]) -> Row:
    """Return what a row says but for the counts, which move every day."""
    return {name: value for name, value in row.items() if name not in STAMPS}


def decided(decisions: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Decided]:
    """Return the decision that holds of each model and commit: the latest, and a person's before any of the policy.

    The policy may have looked before a person decided, and written afterwards.
    """
    held: dict[tuple[str, str], Decided] = {}
    for row in sorted(decisions, key=lambda row: row["decided_at"]):
        if row["decision"] in ACTS:
            model, _, revision = row["target"].rpartition("@")
            fields = {name: row[name] for name in ("decision", "reason", "who", "decided_at", "kind")}
            found, before = Decided(model=model, revision=revision, **fields), held.get((model, revision))
            if before is None or before.by_policy or not found.by_policy:
                held.pop((model, revision), None)  # so that the order is that of the decisions which hold
                held[model, revision] = found
    return held


def accepted(held: Mapping[tuple[str, str], Decided]) -> dict[str, Decided]:
    """Return the acceptance of each model that came in: of its accepted commits the one decided last."""
    return {found.model: found for found in held.values() if found.decision == "accept"}


def waiting(held: Mapping[tuple[str, str], Decided], latest: Mapping[str, Row]) -> list[Decided]:
    """Return what waits for a person, the longest first: of a model its last commit alone, while the hub has it."""
    last = {found.model: found for found in held.values()}
    rows = (latest.get(found.model) for found in last.values())
    return [
        found
        for found, row in zip(last.values(), rows, strict=True)
        if found.decision == "review" and not (row and row["gone"])
    ]


def licence_questions(registry: Registry, latest: Mapping[str, Row]) -> Iterator[Fault]:
    """Ask where a hub by now declares another licence than a file, which wins and may be out of date."""
    for name, row in latest.items():
        entry, said = registry.models.get(name), declared_in(row)
        written = entry and is_written(registry, name) and entry.licence
        if not entry or not written or written.explained or said is None or said.license is None:
            continue
        theirs, ours = (classify_declared(one, entry.access, registry.licences) for one in (said, written))
        if theirs != ours:
            file, told = registry.places[f"models/{name}"].file, theirs[0] or worded(said)
            wrong = f"the hub declared '{told}' on {row['day']}, and the entry says '{ours[0] or worded(written)}'."
            right = "Correct it, or say in licence.explained why not."
            yield Fault(file=file, entry=name, field="licence", wrong=wrong, right=right, severity="notice")


def worded(licence: DeclaredLicence) -> str:
    """Write a declaration that is not recognised as it stands."""
    tags = [licence.license] if isinstance(licence.license, str) else licence.license or ("none",)
    return " / ".join([*tags, *([licence.license_name] if licence.license_name else [])])


def observations(rows: Iterable[Row], accepts: Mapping[str, Decided]) -> list[Observation]:
    """Return what the hub said of the accepted commits, and later of the same weights, such as a corrected licence.

    What is said of other weights is said of another release.
    """
    by_model: dict[str, list[Row]] = {}
    for row in rows:
        if row["model"] in accepts and row["revision"]:
            by_model.setdefault(row["model"], []).append(row)
    return [
        observation
        for model, seen in by_model.items()
        for observation in _of_model(accepts[model], sorted(seen, key=lambda row: row["known_from"]))
    ]


def _of_model(accept: Decided, rows: Sequence[Row]) -> Iterable[Observation]:
    same = [row["weights"] for row in rows if row["revision"] == accept.revision]
    if not same:
        return
    weights = {found for found in same if found}
    said: Row = {"revision": accept.revision, "kind": accept.kind}
    known: Row = {}
    for row in rows:
        if row["revision"] != accept.revision and row["weights"] not in weights:
            continue
        facts = {name: value for name, value in _facts(row).items() if not _says_the_same(known.get(name), value)}
        if said or facts:
            yield Observation(
                model=accept.model, day=row["day"], commit=row["revision"], accepted_by=accept.who, **said, **facts
            )
        known, said = known | facts, {}


def _facts(row: Row) -> Row:
    source = f"https://huggingface.co/{row['model']}/tree/{row['revision']}"
    size = round((row["parameters"] or 0) / 1e9, 6)
    return {
        "licence": declared_in(row),
        "parameters": Parameters(total_b=size, source=source) if size else None,
        "lineage": tuple(_edge(parent, source) for parent in row["parents"]),
    }


def _edge(parent: Mapping[str, str], source: str) -> LineageEdge:
    """Draw what the hub records; where it names no relation the parent's weights are taken to be carried."""
    relation: Any = parent["relation"] if parent["relation"] in get_args(Relation) else "finetune"
    return LineageEdge(parent=parent["model"], relation=relation, source=source, curated=False)


def _says_the_same(one: Any, other: Any) -> bool:
    """Compare two facts but for their source, which names the commit that said it."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_says_the_same, one, other))
    if isinstance(one, Record) and isinstance(other, Record):
        return one.model_dump(exclude={"source"}) == other.model_dump(exclude={"source"})
    return not other  # nothing is said, and what was said before stays
