"""Notice releases: poll the hub for each organisation's models, or look at the one that a webhook names.

Both ask the hub, let the policy decide (tasks/discovery.py) and announce what came in.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from standings.discovery import Outcome, Policy, judge
from standings.hub import HubRecord
from standings.registry import Registry
from standings.suite import Record
from tasks import attempt
from tasks.announcing import NotAnnounced, announce
from tasks.discovery import COUNTS, consider, decisions
from tasks.hub_records import Away, HubRecords, NotAnswered, Refused
from tasks.lake import Lake
from tasks.registry_files import read_policy
from tasks.settings import Settings
from tasks.workplace import BrokenRegistry, Workplace

# A list is sorted by the last commit, and weights often lie ready and private for weeks before they are made public,
# which is no commit. A page more a night is what it costs to see them.
OVERLAP = timedelta(days=30)
AT_ONCE = 20  # releases of one poll that are announced; as many as a new organisation brings wait for a night's budget
POLL, WEBHOOK = "poll", "webhook"
_NEVER = datetime.min.replace(tzinfo=UTC)
_LOG = logging.getLogger(__name__)


class Noticed(Record):
    """What became of one model that the hub told of."""

    model: str
    revision: str
    outcome: Outcome
    reason: str
    announced: bool = False  # a Prefect server took the announcement


class Watched(Record):
    """What a poll brought."""

    listed: int = 0  # models
    accepted: tuple[Noticed, ...] = ()
    review: tuple[Noticed, ...] = ()  # wait for a person
    failed: dict[str, str] = {}  # organisation or model to why it said nothing or was not announced; `hub` for all


def watch(settings: Settings) -> Watched:
    """Poll all organisations of the registry. What failed is told, and seen by the next poll."""
    workplace, policy = _open(settings)
    lake, registry, now = workplace.lake, workplace.registry, attempt.now()
    records: list[HubRecord] = []
    failed: dict[str, str] = {}
    try:
        with HubRecords() as hub:
            seen = _Seen(lake)
            for organisation in sorted(name for item in registry.organisations.values() for name in item.namespaces):
                try:
                    listed = list(hub.of(organisation, seen.since(organisation, now)))
                except Away:
                    raise
                except (NotAnswered, Refused) as error:
                    failed[organisation] = str(error)
                    continue
                records += _with_files(hub, listed, seen, policy, registry, failed)
    except Away as error:
        failed["hub"] = str(error)
    considered = consider(lake, registry, policy, records, now, POLL)
    noticed = [Noticed(**found.model_dump()) for found in considered]
    accepted = tuple(found for found in noticed if found.outcome == "accepted")
    if len(accepted) > AT_ONCE:
        _LOG.warning("%d releases came in at once: the next night takes them. See: standings plan", len(accepted))
    else:
        accepted = tuple(_announced(found, POLL, failed) for found in accepted)
    for who, why in failed.items():
        _LOG.warning("%s: %s", who, why)
    review = tuple(found for found in noticed if found.outcome == "review")
    return Watched(listed=len(records), accepted=accepted, review=review, failed=failed)


def look_at(settings: Settings, model: str) -> Noticed:
    """Look at one model that somebody says was released. Raises NotAnswered, Refused, NotAnnounced.

    What was accepted before is announced again, as the first announcement may not have arrived; it carries the same id.
    """
    workplace, policy = _open(settings)
    with HubRecords() as hub:
        record = hub.numbers(model)
        if record.gone:
            return Noticed(model=model, revision="", outcome="unchanged", reason="The hub has it no more.")
        record = _asked(hub, record)
    [found] = consider(workplace.lake, workplace.registry, policy, [record], attempt.now(), WEBHOOK)
    held = decisions(workplace.lake).get((found.model, found.revision))
    came_in = found.outcome == "accepted" or (found.outcome == "known" and held and held.decision == "accept")
    told = bool(came_in) and announce(found.model, found.revision, WEBHOOK)
    return Noticed(**found.model_dump(), announced=told)


class _Seen:
    """Which commits a poll or webhook saw already, and how far each organisation's polls came."""

    def __init__(self, lake: Lake) -> None:
        columns = ["model", "revision", "modified", "source", "weights"]
        rows = lake.appended("hub_observations", COUNTS).select(columns).to_pylist()
        self.files = {(row["model"], row["revision"]) for row in rows if row["weights"]}
        self._newest: dict[str, datetime] = {}
        for row in rows:
            name = row["model"].partition("/")[0]
            if row["source"] == POLL and row["modified"]:
                self._newest[name] = max(row["modified"], self._newest.get(name, row["modified"]))

    def since(self, organisation: str, now: datetime) -> datetime:
        """Return from when on modified models are listed: the hub's own time of the newest one seen, and a month."""
        return min(self._newest.get(organisation, now), now).astimezone(UTC) - OVERLAP


def _with_files(
    hub: HubRecords,
    listed: Iterable[HubRecord],
    seen: _Seen,
    policy: Policy,
    registry: Registry,
    failed: dict[str, str],
) -> Iterable[HubRecord]:
    """Ask for the hashes of files, which no list gives, of new commits that the policy may let in."""
    # The oldest first: where the hub goes away in between, the next poll goes on from the newest that was seen.
    for record in sorted(listed, key=lambda record: record.modified or _NEVER):
        known = (record.model, record.revision) in seen.files
        if known or judge(policy, registry, record).outcome == "rejected":
            yield record
            continue
        try:
            yield _asked(hub, record)
        except Away:
            raise
        except NotAnswered as error:
            failed[record.model] = str(error)  # the commit went away meanwhile, say; the next poll sees what there is


def _asked(hub: HubRecords, record: HubRecord) -> HubRecord:
    """Add to a list's record what its files say; of a gated one they may be refused, and the policy says what follows.

    Raises NotAnswered.
    """
    try:
        files = hub.one(record.model, record.revision)
    except Refused:
        return record
    if files.gone:
        return files
    return record.model_copy(update={"weights": files.weights, "safetensors": files.safetensors})


def _announced(found: Noticed, source: str, failed: dict[str, str]) -> Noticed:
    try:
        return found.model_copy(update={"announced": announce(found.model, found.revision, source)})
    except NotAnnounced as error:
        failed[found.model] = str(error)  # it is in the lake: the night's plan finds it
        return found


def _open(settings: Settings) -> tuple[Workplace, Policy]:
    policy, faults = read_policy(settings.registry)
    if errors := [fault for fault in faults if fault.severity == "error"]:
        raise BrokenRegistry(errors)
    return Workplace.open(settings), policy
