"""Ask the hub once a day how its readers take up the registry's models, and keep it as facts."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby

from standings.hub import HubRecord
from standings.registry import Registry
from standings.suite import Record
from tasks.discovery import ADOPTION, observe
from tasks.hub_records import Away, HubRecords, NotAnswered, Refused
from tasks.lake import Lake

SINGLY = 300  # models a day that are asked for one by one; the hub lets strangers ask 500 times in five minutes
_LOG = logging.getLogger(__name__)


class Adoption(Record):
    """What a look at the hub brought."""

    written: int  # models
    gone: tuple[str, ...] = ()  # models that the hub has no more
    failed: dict[str, str] = {}  # organisation or model to why it said nothing, `hub` for all of it


def look(lake: Lake, registry: Registry, now: datetime) -> Adoption:
    """Write a row for each of the registry's models with weights that has none today; again, it goes on.

    A list of an organisation gives all numbers but derivatives, for which each model is asked by itself: at most
    `SINGLY` a day, in turn. Two looks at once write a row each, of which the
    view takes the later.
    """
    rows = lake.appended("hub_observations").select(["model", "day", "source"]).to_pylist()
    today = {row["model"] for row in rows if row["day"] == now.date() and row["source"] == ADOPTION}
    models = [model.id for model in registry.models.values() if model.access == "weights"]
    wanted = [model for model in models if model not in today]
    found: list[HubRecord] = []
    failed: dict[str, str] = {}
    try:
        with HubRecords() as hub:
            for record in _ask(hub, wanted, turn(models, now.date(), SINGLY), failed):
                found.append(record)
    except Away as error:
        failed["hub"] = str(error)
        _LOG.warning("%s", error)
    finally:  # what was told before something broke is not asked again
        written = observe(lake, found, now, ADOPTION)
    gone = tuple(sorted(record.model for record in found if record.gone))
    return Adoption(written=written, gone=gone, failed=failed)


def turn(models: Iterable[str], day: date, most: int) -> set[str]:
    """Choose whose turn it is on a day to be asked one by one: all in as few days as their number allows."""
    names = sorted(models)
    first = day.toordinal() * most % max(len(names), 1)
    return set((names[first:] + names[:first])[:most])


def _ask(hub: HubRecords, models: Sequence[str], singly: set[str], failed: dict[str, str]) -> Iterator[HubRecord]:
    """Ask for all models, an organisation at a time; whoever can't be asked is put into `failed` and left out."""
    for organisation, group in groupby(sorted(models), key=lambda model: model.partition("/")[0]):
        wanted = list(group)
        try:
            listed = {record.model: record for record in hub.of(organisation)}
        except Away:
            raise
        except (NotAnswered, Refused) as error:
            failed[organisation] = str(error)
            _LOG.warning("%s: %s", organisation, error)
            continue
        for model in wanted:
            # One that is not listed was deleted or renamed, and only its own address tells which.
            if model in listed and model not in singly:
                yield listed[model]
            elif record := _numbers(hub, model, listed.get(model), failed):
                yield record


def _numbers(hub: HubRecords, model: str, listed: HubRecord | None, failed: dict[str, str]) -> HubRecord | None:
    """Ask for one model; where that fails, what the list said has to do."""
    try:
        # A renamed one answers under its new name, and is the registry's under its old.
        return hub.numbers(model).model_copy(update={"model": model})
    except Away:
        raise
    except (NotAnswered, Refused) as error:
        _LOG.warning("%s: %s", model, error)
        if listed is None:
            failed[model] = str(error)
        return listed
