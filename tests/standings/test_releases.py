"""A commit of a model: new, the same weights again, or new weights of a known model."""

from datetime import timedelta
from typing import Any

import pytest

from standings.discovery import POLICY as BY_POLICY
from standings.discovery import Policy
from standings.observed import Decided
from standings.releases import History, consider
from tests.standings.entries import model, registry
from tests.standings.hub_records import NOON, record, sha

POLICY, TRUSTING = Policy(), Policy(auto_revision=("acme",))
NAME = "acme/big-Instruct"
OLD, NEW = "w" * 64, "x" * 64


def decision(letter: str, said: str = "accept", who: str = BY_POLICY, day: int = 0, **fields: Any) -> Decided:
    """Return a decision on a commit."""
    given = {"reason": "because", "kind": "instruct" if said == "accept" else None} | fields
    at = NOON + timedelta(days=day)
    return Decided(model=NAME, revision=sha(letter), decision=said, who=who, decided_at=at, **given)


def history(*decided: Decided, **weights: str) -> History:
    """Return what is known: decisions, and hashes by the letter of their commit."""
    return History(decided=decided, weights={sha(letter): found for letter, found in weights.items()})


def outcome(past: History, policy: Policy = POLICY, known: Any = None, **fields: Any) -> tuple[str, str]:
    """Consider a record of acme/big-Instruct."""
    found = consider(policy, known or registry(), record(NAME, **fields), past)
    return found.outcome, found.reason


def test_a_model_that_nobody_knows_is_judged_by_the_policy():
    assert outcome(history())[0] == "accepted"
    assert outcome(history(), gated=True)[0] == "review"


def test_what_was_accepted_is_known_and_not_accepted_again():
    assert outcome(history(decision("a"))) == ("known", "It was accepted on 2026-11-24.")
    assert outcome(history(decision("a")), gated=True)[0] == "known", "the policy takes nothing back"


def test_a_commit_with_the_same_weight_files_changes_nothing():
    past = history(decision("a"), a=OLD)
    assert outcome(past, revision=sha("b"), weights=OLD) == ("unchanged", f"Its weight files are those of {'a' * 12}.")


def test_new_weights_of_a_known_model_wait_for_a_person():
    past = history(decision("a"), a=OLD)
    assert outcome(past, revision=sha("b"), weights=NEW) == ("review", f"It has other weight files than {'a' * 12}.")


@pytest.mark.parametrize(("before", "now"), [({}, NEW), ({"a": OLD}, None)])
def test_weights_that_can_not_be_compared_are_never_taken_to_be_the_same(before: dict[str, str], now: str | None):
    found, reason = outcome(history(decision("a"), **before), revision=sha("b"), weights=now)
    assert (found, "can't be compared" in reason) == ("review", True)


def test_new_weights_of_an_organisation_in_auto_revision_come_in_with_the_kind_that_was_decided():
    past = history(decision("a", kind="reasoning"), a=OLD)
    found = consider(TRUSTING, registry(), record(NAME, revision=sha("b"), weights=NEW), past)
    assert (found.outcome, found.kind) == ("accepted", "reasoning")
    assert outcome(past, TRUSTING, revision=sha("b"), weights=NEW, gated=True)[0] == "review", "the policy still holds"


def test_a_person_s_decision_stands_and_the_policy_may_change_its_own():
    rejected = decision("a", "reject", "a person", reason="a test of theirs")
    assert outcome(history(rejected)) == ("rejected", "a test of theirs")
    assert outcome(history(decision("a", "reject")))[0] == "accepted"
    assert outcome(history(decision("a", "review")))[0] == "accepted"


def test_what_a_person_rejected_stays_out_when_its_card_is_edited_and_is_looked_at_again_with_other_weights():
    past = history(decision("a", "reject", "a person", reason="a test of theirs"), a=OLD)
    found, reason = outcome(past, revision=sha("b"), weights=OLD)
    assert (found, reason) == ("rejected", "a person rejected these weights on 2026-11-24: a test of theirs")
    found, reason = outcome(past, TRUSTING, revision=sha("b"), weights=NEW)
    assert (found, "a test of theirs These are other weights." in reason) == ("review", True), "no policy overrules it"
    assert outcome(past, revision=sha("b"), weights=NEW, private=True)[0] == "rejected"


def test_a_rejected_revision_leaves_the_one_before_accepted():
    past = history(decision("a"), decision("b", "reject", "a person", day=1), a=OLD, b=NEW)
    assert [past.accepted and past.accepted.revision] == [sha("a")]
    assert outcome(past, revision=sha("c"), weights=NEW)[0] == "rejected"
    assert outcome(past, revision=sha("c"), weights=OLD)[0] == "unchanged"


def test_a_model_that_is_gone_changes_nothing():
    past = history(decision("a"), a=OLD)
    assert outcome(past, revision="", gone=True)[0] == "unchanged"


def test_a_revision_that_a_file_pins_is_changed_in_the_file():
    known = registry(model(NAME, revision=sha("f"), kind="instruct"))
    found, reason = outcome(history(), known=known)
    assert (found, reason) == ("known", f"registry/models/acme.yaml pins {'f' * 12}, and a file wins.")
    found, reason = outcome(history(f=OLD), known=known, weights=NEW)
    assert (found, "these are other weights" in reason) == ("review", True)
    assert outcome(history(f=OLD), known=known, weights=OLD)[0] == "known"


def test_a_model_behind_an_api_is_not_run_from_a_hub():
    known = registry(model(NAME, revision=None, access="api", kind="api"))
    assert outcome(history(), known=known) == ("known", "Its entry asks it behind an API.")


def test_an_entry_without_a_revision_gets_the_one_that_is_accepted_and_is_asked_as_the_entry_says():
    known = registry(model("acme/big", revision=None, kind="reasoning"))
    found = consider(POLICY, known, record("acme/big", tags=()), history())
    assert (found.outcome, found.kind) == ("accepted", "reasoning")


@pytest.mark.parametrize("key", [sha("a"), OLD, NAME.lower()])
def test_a_model_under_another_name_waits_for_a_person(key: str):
    def considered(policy: Policy = POLICY, other: str = "acme/small", **fields: Any) -> tuple[str, str]:
        found = consider(policy, registry(), record(NAME, weights=OLD, **fields), history(), {key: other})
        return found.outcome, found.reason

    found, reason = considered()
    assert (found, reason.partition(",")[0]) == ("review", "It is acme/small under another name")
    assert "It is gated" in considered(gated=True)[1]
    assert considered(other=NAME)[0] == "accepted", "it is itself"
    assert considered(Policy(asked=(NAME,)))[0] == "accepted", "a person asked for both"
