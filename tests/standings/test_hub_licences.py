"""Licences against a hub's records: all are classed, none is open by not knowing, our entries say what they say."""

from pathlib import Path

import pytest

from benchmarks.licences import classed, records, tables
from standings.licences import is_open
from standings.paths import folder
from standings.registry import Model
from tasks.registry_files import read
from tests.standings.entries import model, registry

REGISTRY = read(folder("registry"))[0]
INDEX = Path(__file__).parents[3] / "shared" / "data" / "hub" / "model_index.jsonl.gz"
needs_index = pytest.mark.skipif(not INDEX.exists(), reason="../shared/data, the hub's model index, is not here")

# Written out by hand, and not read from the table that is tested.
OPEN_TAGS = {"apache-2.0", "mit", "gpl-3.0", "afl-3.0", "osl-3.0", "cc-by-4.0", "cc-by-sa-4.0"}
OPEN_TAGS |= {"bsd-3-clause-clear", "wtfpl", "apple-ascl"}
OPEN_NAMES = {"modified-mit", "nvidia-open-model-license", "nvidia-nemotron-open-model-license"}
COUNTS = {
    "osi_approved": 1808,
    "content": 8,
    "custom_permissive": 39,
    "community": 776,
    "noncommercial": 204,
    "unknown": 161,
    "undeclared": 1171,  # 1,174 have no tag; 3 of them have a name, and are unknown
}


@pytest.fixture(scope="module")
def hub() -> dict[str, dict]:
    return {record["id"]: record for record in records(INDEX)}


@needs_index
def test_each_of_the_4167_records_is_classed(hub):
    counts = dict.fromkeys(COUNTS, 0)
    for record in hub.values():
        counts[classed(record, REGISTRY.licences)[1]] += 1
    assert (sum(counts.values()), counts) == (4167, COUNTS)


@needs_index
def test_no_record_is_open_but_by_one_tag_or_name_that_is_known_to_be(hub):
    for record in hub.values():
        card = record["cardData"]
        given = card.get("license")
        tags = [given] if isinstance(given, str) else list(given or ())
        name = card.get("license_name")
        expected = (tags == ["other"] and name in OPEN_NAMES) or (len(tags) == 1 and tags[0] in OPEN_TAGS and not name)
        assert is_open(classed(record, REGISTRY.licences)[1]) == expected, (record["id"], given, name)


@needs_index
def test_the_page_shows_what_its_command_prints(hub):
    page = (Path(__file__).parents[2] / "docs" / "licences.md").read_text()
    for printed in tables(list(hub.values()), REGISTRY.licences):
        assert printed in page, printed


def difference(entry: Model, card: dict) -> str | None:
    """Say how an entry's declared licence differs from a record's without a reason; None where it is told, or equal."""
    fields = ("license", "license_name", "license_link")
    mine = {field: getattr(entry.licence, field, None) or None for field in fields}
    theirs = {field: tuple(given) if isinstance(given := card.get(field), list) else given or None for field in fields}
    explained = entry.licence and entry.licence.explained
    if mine == theirs:
        return f"{entry.id}: explains a difference that is not there" if explained else None
    return None if explained else f"{entry.id}: the entry says {mine}, the hub's record {theirs}"


@needs_index
def test_an_open_entry_declares_what_the_hub_s_record_declares_or_says_why_not(hub):
    entries = [entry for entry in REGISTRY.models.values() if entry.access == "weights" and entry.id in hub]
    assert len(entries) > 100
    found = [difference(entry, hub[entry.id]["cardData"]) for entry in entries]
    assert [said for said in found if said] == []


@pytest.mark.parametrize(
    ("licence", "card", "fails"),
    [
        ({"license": "mit"}, {"license": "mit"}, False),
        ({"license": ["mit"]}, {"license": ["mit"]}, False),
        ({"license": None}, {}, False),
        (None, {}, False),
        ({"license": "mit"}, {"license": ["mit"]}, True),  # word for word
        ({"license": "mit"}, {"license": "apache-2.0"}, True),
        ({"license": "mit"}, {"license": "other"}, True),
        ({"license": "other", "license_name": "qwen"}, {"license": "other", "license_name": "quwen"}, True),
        ({"license": "mit"}, {"license": "mit", "license_link": "LICENSE"}, True),
        ({"license": "mit"}, {}, True),
        (None, {"license": "mit"}, True),
        ({"license": "mit", "explained": "the card was corrected later"}, {"license": "other"}, False),
        ({"license": "mit", "explained": "it was once not so"}, {"license": "mit"}, True),
    ],
)
def test_the_comparison_can_fail(licence, card, fails):
    entry = registry(model("acme/a", licence=licence)).models["acme/a"]
    assert bool(difference(entry, card)) == fails
