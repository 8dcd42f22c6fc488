"""What a hub says goes into the lake once, and what is accepted of it comes onto the board like any entry."""

from datetime import timedelta
from pathlib import Path

import pytest

from standings.discovery import Policy
from standings.hub import HubRecord, gone
from standings.registry import Registry
from tasks.discovery import Considered, consider, decide, decisions, observe, observed, resolved
from tasks.lake import Lake
from tasks.planning import write_pending
from tasks.reviewing import ruled
from tasks.store import FolderStore
from tasks.workplace import Workplace
from tests.nights import FIRST, Nights
from tests.standings.entries import model, registry
from tests.standings.hub_records import NOON, licensed, record, sha

POLICY = Policy(auto_revision=("beta",))
NEW = "x" * 64


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake(FolderStore(tmp_path / "lake"))


def told(lake: Lake, *records: HubRecord, day: float = 0, known: Registry | None = None) -> list[str]:
    """Consider records; return what became of each."""
    made = consider(lake, known or registry(), POLICY, records, NOON + timedelta(days=day), "poll")
    return [one.outcome for one in made]


def objects(lake: Lake) -> list[str]:
    """Return the keys of all that was written."""
    return [entry.key for entry in lake.store.list("facts/")]


def test_the_same_records_again_write_nothing_and_announce_nothing(lake: Lake):
    records = [record(), record("acme/waits-Instruct", gated=True), record("else/x-Instruct")]
    first = consider(lake, registry(), POLICY, records, NOON, "poll")
    assert first[0] == Considered(
        model="acme/big-Instruct", revision=sha("a"), outcome="accepted",
        reason="It meets the policy, and is asked as instruct: its name says 'instruct', and it has a chat template.",
    )  # fmt: skip
    before = objects(lake)
    assert len(before) == 2
    assert [one.outcome for one in first] == ["accepted", "review", "rejected"]
    assert told(lake, *records, day=1) == ["known", "review", "rejected"]
    assert told(lake, *(one.model_copy(update={"downloads": 99}) for one in records), day=2)[0] == "known"
    assert objects(lake) == before


def test_who_died_between_what_was_observed_and_the_decision_is_followed_by_one_that_decides(lake: Lake):
    observe(lake, [record()], NOON, "poll")
    assert told(lake, record(), day=1) == ["accepted"]
    assert lake.appended("hub_observations").num_rows == 1


def test_a_record_twice_in_one_batch_is_decided_once(lake: Lake):
    assert told(lake, record(), record()) == ["accepted", "known"]
    assert lake.appended("decisions").num_rows == lake.appended("hub_observations").num_rows == 1


def test_a_renamed_model_is_not_asked_twice(lake: Lake):
    told(lake, record())
    renamed = record("acme/renamed-Instruct", weights=record().weights)
    assert (
        told(lake, renamed, day=1) == told(lake, renamed.model_copy(update={"revision": sha("b")}), day=2) == ["review"]
    )
    assert told(lake, record("acme/Big-instruct", revision=sha("c")), day=3) == ["review"], "the same in other letters"
    both = (record(f"acme/{name}-Base", weights="y" * 64) for name in ("y", "z"))
    assert told(lake, *both, day=4) == ["accepted", "review"]
    pinned = registry(model("acme/old-Base", revision=sha("d")))
    assert told(lake, record("acme/new-Base", revision=sha("d")), day=6, known=pinned) == ["review"], "no poll saw it"


def test_decisions_are_facts_with_who_and_why(lake: Lake):
    told(lake, record(), record("else/x-Instruct"))
    rows = lake.appended("decisions").to_pylist()
    assert [(row["decision"], row["target"], row["who"], row["kind"]) for row in rows] == [
        ("accept", f"acme/big-Instruct@{sha('a')}", "policy", "instruct"),
        ("reject", f"else/x-Instruct@{sha('a')}", "policy", None),
    ]
    assert rows[1]["reason"] == "'else' is no namespace of an organisation that the registry knows."


def test_an_edited_card_is_observed_and_changes_no_revision(lake: Lake):
    told(lake, record())
    assert told(lake, record(revision=sha("b"), licence=licensed("gemma")), day=1) == ["unchanged"]
    assert lake.appended("decisions").num_rows == 1
    entry = resolved(lake, registry()).registry.models["acme/big-Instruct"]
    assert (entry.revision, entry.licence and entry.licence.license) == (sha("a"), "gemma")


def test_new_weights_wait_or_come_in_where_the_policy_trusts_their_organisation(lake: Lake):
    names = ("acme/big-Instruct", "beta/big-Instruct")
    told(lake, *(record(name) for name in names))
    assert told(lake, *(record(name, revision=sha("b"), weights=NEW) for name in names), day=1) == [
        "review",
        "accepted",
    ]
    found = resolved(lake, registry()).registry.models
    assert [found[name].revision for name in names] == [sha("a"), sha("b")]


def test_a_policy_that_was_changed_decides_anew_of_what_it_kept_out_and_takes_nothing_back(lake: Lake):
    told(lake, record(), record("else/x-Instruct"))
    known = registry(
        organisations=[
            {"id": "acme", "name": "x", "countries": [], "namespaces": ["acme", "else"], "source": "its own site"}
        ]
    )
    strict = Policy(parameters_at_most_b=1)
    assert [one.outcome for one in consider(lake, known, strict, [record()], NOON + timedelta(days=1), "poll")] == [
        "known"
    ]
    assert told(lake, record("else/x-Instruct"), day=2, known=known) == ["accepted"]


def test_a_model_that_is_gone_is_observed_once_and_removes_nothing(lake: Lake):
    told(lake, record())
    assert told(lake, gone("acme/big-Instruct"), day=1) == ["unchanged"]
    before = objects(lake)
    assert told(lake, gone("acme/big-Instruct"), gone("acme/never-seen"), day=2) == ["unchanged", "unchanged"]
    assert objects(lake) == before
    assert observed(lake, ["acme/big-Instruct"])[-1]["gone"]
    assert resolved(lake, registry()).registry.models["acme/big-Instruct"].revision == sha("a")
    assert told(lake, record(), day=3) == ["known"], "it is back"
    assert not observed(lake, ["acme/big-Instruct"])[-1]["gone"]


def test_adoption_is_a_row_a_model_and_day_that_decides_nothing(lake: Lake):
    told(lake, record())
    some = [record(downloads=5), record("acme/other"), gone("acme/lost")]
    assert observe(lake, some, NOON, "adoption") == 3
    assert observe(lake, some, NOON + timedelta(hours=3), "adoption") == 0
    assert observe(lake, some, NOON + timedelta(days=1), "adoption") == 2, "gone is said once"
    assert len(observed(lake, ["acme/big-Instruct"])) == 1
    assert told(lake, record(), day=2) == ["known"]
    assert lake.appended("hub_observations").num_rows == 6


def test_a_person_s_decision_is_never_decided_again(lake: Lake):
    told(lake, record(gated=True), record("acme/odd-Instruct"))
    held = list(decisions(lake).values())
    later = NOON + timedelta(days=1)
    decide(lake, [ruled(held[0].model_copy(update={"kind": "reasoning"}), "accept", "its card", "a person", later)])
    decide(lake, [ruled(held[1], "reject", "a test of theirs", "a person", later)])
    assert told(lake, record(gated=True), record("acme/odd-Instruct"), day=2) == ["known", "rejected"]
    models = resolved(lake, registry()).registry.models
    assert {name: entry.kind for name, entry in models.items()} == {"acme/big-Instruct": "reasoning"}


def test_what_was_accepted_fills_the_gaps_of_a_written_entry_and_nothing_else(lake: Lake):
    known = registry(model("acme/big-Instruct", revision=None, kind="reasoning", name="Big"))
    assert told(lake, record(licence=licensed("gemma")), known=known) == ["accepted"]
    entry = resolved(lake, known).registry.models["acme/big-Instruct"]
    assert (entry.name, entry.kind, entry.revision) == ("Big", "reasoning", sha("a"))
    assert [entry.licence and entry.licence.license] == ["mit"], "the file says so"
    assert told(lake, record(), day=1, known=resolved(lake, known).registry) == ["known"]


def test_a_release_comes_onto_the_board_and_a_licence_corrected_later_rewrites_no_history(tmp_path: Path):
    nights, name = Nights(tmp_path), "acme/big-Instruct"
    nights.models = {"one": "f"}
    nights.write()
    lake = Workplace.open(nights.settings).lake
    assert told(lake, record(name), known=Workplace.open(nights.settings).registry) == ["accepted"]
    asked = synced(nights, days=-9)
    corrected = record(name, revision=sha("b"), licence=licensed("cc-by-nc-4.0"))
    assert told(lake, corrected, known=Workplace.open(nights.settings).registry, day=1) == ["unchanged"]
    assert synced(nights, days=-8) == asked, "the same weights are not asked again"

    nights.night(**{"one": {"sums": 20, "order": 20}, "big-Instruct": {"sums": 30, "order": 30}})

    assert nights.ranked() == ["big-Instruct", "one"]
    [row] = nights.ask(f"SELECT licence FROM leaderboard.overall WHERE model = '{name}'")
    assert row["licence"] == "cc-by-nc-4.0"
    versions = nights.ask(f"SELECT licence, revision FROM raw.models WHERE model = '{name}' ORDER BY known_from")
    assert [(row["licence"], row["revision"]) for row in versions] == [("mit", sha("a")), ("cc-by-nc-4.0", sha("a"))]


def synced(nights: Nights, days: int) -> list[str]:
    """Sync the registry some days off the first night; return the jobs that are planned."""
    workplace = Workplace.open(nights.settings)
    write_pending(workplace.lake, workplace.registry, workplace.suites, FIRST + timedelta(days=days), workplace.whole)
    return sorted(job.job_id for assignment in workplace.plan().assignments for job in assignment.jobs)
