"""What a hub said, as facts: read back as it was, and joined to what was accepted."""

from datetime import timedelta
from typing import Any

from standings import observed
from standings.facts import table
from standings.observed import (
    Decided,
    accepted,
    content,
    decided,
    licence_questions,
    observations,
    record_of,
    row_of,
    waiting,
)
from standings.resolving import resolve
from tests.standings.entries import model, registry
from tests.standings.hub_records import NOON, licensed, record, sha

NAME = "acme/big-Instruct"
OLD, NEW = "w" * 64, "x" * 64


def stored(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return rows as a lake gives them back."""
    return table("hub_observations", list(rows)).to_pylist()


def seen(letter: str, day: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a row of acme/big-Instruct."""
    return row_of(record(NAME, revision=sha(letter), **fields), NOON + timedelta(days=day), "poll")


def decision(letter: str, said: str = "accept", day: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a row of decisions."""
    given = {"decision": said, "target": f"{NAME}@{sha(letter)}", "reason": "because", "who": "policy"}
    return given | {"decided_at": NOON + timedelta(days=day), "kind": "instruct"} | fields


def joined(decisions: list[dict[str, Any]], *rows: dict[str, Any]) -> Any:
    """Join what was accepted with an empty registry."""
    return resolve(registry(), observations(stored(*rows), accepted(decided(decisions))))


def test_a_record_is_read_back_as_it_was():
    full = record(
        created=NOON, modified=NOON, gated=True, parents=(("finetune", "acme/a"), ("", "acme/b")), likes=3,
        downloads_all=7, derivatives={"merge": 1, "adapter": 2}, licence=licensed("other", license_name="modified-mit"),
    )  # fmt: skip
    gone = record(revision="", gone=True, licence=None, weights=None, parameters=None, tags=(), safetensors=False)
    for one in (record(), full, gone, record(licence=licensed(None)), record(licence=licensed(("mit", "gemma")))):  # type: ignore[arg-type]
        [row] = stored(row_of(one, NOON, "poll"))
        assert record_of(row) == one


def test_counts_are_no_content_and_a_licence_is():
    first = stored(seen("a"))[0]
    assert content(first) == content(stored(seen("a", 3, downloads=99, likes=5))[0])
    assert content(first) != content(stored(seen("a", licence=licensed("gemma")))[0])


def test_a_list_that_names_no_files_takes_back_nothing_of_the_same_commit():
    before = stored(seen("a"))[0]
    row = seen("a", 1, weights=None, licence=None, parameters=None)
    assert content(observed.completed(row, before)) == content(before)
    other = seen("b", 1, weights=None)
    assert observed.completed(other, before)["weights"] is None


def test_of_several_decisions_on_a_commit_the_latest_holds_and_of_several_commits_the_one_accepted_last():
    rows = [decision("a"), decision("b", day=1), decision("c", "review", 2), decision("b", "reject", 3)]
    held = decided([*rows, decision("a", "retry", 9, target="a job")])
    assert [found.decision for found in held.values()] == ["accept", "review", "reject"]
    assert accepted(held)[NAME].revision == sha("a")


def test_a_policy_that_looked_before_a_person_decided_and_wrote_afterwards_overrules_nobody():
    held = decided([decision("a", "review"), decision("a", "accept", 1, who="a person"), decision("a", "reject", 2)])
    assert [(found.decision, found.who) for found in held.values()] == [("accept", "a person")]


def test_of_a_model_its_last_commit_alone_waits_and_nothing_that_is_gone():
    held = decided([decision("a", "review"), decision("b", "review", 1)])
    assert [found.revision for found in waiting(held, {})] == [sha("b")]
    assert waiting(held, {NAME: seen("b") | {"gone": True}}) == []
    assert waiting(decided([decision("a", "review"), decision("b", "reject", 1)]), {}) == []


def test_an_accepted_model_becomes_an_entry_that_says_where_each_field_came_from():
    found = joined([decision("a")], seen("a", parents=(("finetune", "acme/base"),)))
    entry = found.registry.models[NAME]
    assert (entry.name, entry.organisation, entry.revision, entry.kind) == (
        "big Instruct", "acme", sha("a"), "instruct",
    )  # fmt: skip
    assert (entry.parameters.total_b, entry.parameters.active_b, entry.released) == (8.0, None, None)
    assert (entry.licence.license, entry.primary.name) == ("mit", "bfloat16")
    where = found.came_from[NAME]
    assert where["revision"] == where["licence"] == f"observation of 2026-11-24 at {'a' * 12}"
    assert where["kind"].endswith(", accepted by policy")
    assert where["organisation"] == "registry/organisations.yaml, by its namespace"


def test_what_was_never_accepted_is_no_entry():
    assert joined([decision("a", "review")], seen("a")).registry.models == {}
    assert joined([], seen("a")).registry.models == {}
    assert joined([decision("b")], seen("a")).registry.models == {}, "the accepted commit was never seen"


def test_a_licence_corrected_in_a_later_commit_of_the_same_weights_is_the_licence_and_nothing_else_moves():
    found = joined([decision("a")], seen("a"), seen("b", 2, licence=licensed("cc-by-nc-4.0")))
    entry = found.registry.models[NAME]
    assert (entry.licence.license, entry.revision) == ("cc-by-nc-4.0", sha("a"))
    assert found.came_from[NAME]["licence"] == f"observation of 2026-11-26 at {'b' * 12}"
    assert found.came_from[NAME]["parameters"] == f"observation of 2026-11-24 at {'a' * 12}"


def test_a_licence_that_is_taken_off_the_card_is_declared_no_more():
    found = joined([decision("a")], seen("a"), seen("b", 2, licence=licensed(None)))
    assert found.registry.models[NAME].licence.license is None


def test_what_is_said_of_other_weights_is_said_of_another_release():
    later = seen("b", 2, licence=licensed("cc-by-nc-4.0"), weights=NEW)
    assert joined([decision("a")], seen("a"), later).registry.models[NAME].licence.license == "mit"
    unknown = seen("b", 2, licence=licensed("cc-by-nc-4.0"), weights=None)
    assert joined([decision("a")], seen("a"), unknown).registry.models[NAME].licence.license == "mit"


def test_an_accepted_new_revision_brings_its_own_facts():
    later = seen("b", 2, licence=licensed("cc-by-nc-4.0"), weights=NEW)
    entry = joined([decision("a"), decision("b", day=3)], seen("a"), later).registry.models[NAME]
    assert (entry.revision, entry.licence.license) == (sha("b"), "cc-by-nc-4.0")


def test_an_acceptance_without_a_kind_or_a_known_namespace_is_told_and_no_entry():
    assert "kind" in joined([decision("a", kind=None)], seen("a")).unplaced[NAME]
    stranger = Decided.model_validate(
        {"model": "else/x", "revision": sha("a"), "decision": "accept", "reason": "", "who": "x", "decided_at": NOON}
    )
    rows = stored(row_of(record("else/x"), NOON, "poll"))
    assert "no namespace" in resolve(registry(), observations(rows, {"else/x": stranger})).unplaced["else/x"]


def questions(entry: dict[str, Any], row: dict[str, Any]) -> list[str]:
    """Return what is asked of a written entry's licence."""
    known = registry(model(NAME, **entry))
    return [str(fault) for fault in licence_questions(known, {NAME: row})]


def test_a_licence_that_the_hub_corrected_is_asked_about_where_a_file_says_another():
    corrected = seen("b", 1, licence=licensed("cc-by-nc-4.0"))
    assert questions({}, corrected) == [
        f"registry/models/acme.yaml: {NAME}: the hub declared 'cc-by-nc-4.0' on 2026-11-25, and the entry says 'mit'. "
        "Correct it, or say in licence.explained why not."
    ]
    assert questions({}, seen("b", 1, licence=licensed("homebrew")))[0].count("declared 'homebrew'") == 1
    assert questions({}, seen("b", 1)) == []
    assert questions({}, seen("b", 1, licence=licensed(None))) == [], "no tag is no correction"
    assert questions({"licence": {"license": "mit", "explained": "the card is wrong"}}, corrected) == []
    assert questions({"licence": None}, corrected) == []
