"""What a hub's webhook tells is read as its documentation says, and only what may release a model goes further."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standings.webhook import NoPayload, read_payload
from tests.hub.payloads import payload

NEW = {"ref": "refs/heads/main", "oldSha": "a" * 40, "newSha": "b" * 40}


def test_a_commit_on_main_says_which_model_to_look_at() -> None:
    assert read_payload(payload("acme/tiny", updatedRefs=[NEW])).model == "acme/tiny"
    assert read_payload(payload("acme/tiny", "create", "repo")).model == "acme/tiny"
    assert read_payload(payload("acme/tiny", "update", "repo.content.lfs", updatedRefs=[NEW])).model == "acme/tiny"


def test_weights_that_lay_ready_and_are_made_public_are_a_release() -> None:
    published = payload("acme/tiny", scope="repo.config", updatedConfig={"private": False})
    assert read_payload(published).model == "acme/tiny"
    hidden = payload("acme/tiny", scope="repo.config", updatedConfig={"private": True})
    assert read_payload(hidden).ignored == "a setting that releases nothing"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (payload("acme/data", kind="dataset"), "a dataset is no model"),
        (payload("acme/tiny", scope="discussion"), "a discussion"),
        (payload("acme/tiny", scope="discussion.comment"), "a discussion"),
        (payload("acme/tiny", scope="repo.config"), "a setting"),
        (payload("acme/tiny", "delete", "repo"), "deleted"),
        (payload("acme/tiny", updatedRefs=[NEW | {"ref": "refs/pr/3"}]), "no new commit on refs/heads/main"),
        (payload("acme/tiny", updatedRefs=[NEW | {"ref": "refs/tags/v1"}]), "no new commit"),
        (payload("acme/tiny", updatedRefs=[NEW | {"newSha": None}]), "no new commit"),
    ],
)
def test_what_releases_nothing_is_ignored_with_a_reason(told: dict[str, Any], why: str) -> None:
    found = read_payload(told)
    assert found.model is None
    assert found.ignored
    assert why in found.ignored


@pytest.mark.parametrize("name", ["../etc", "acme", "acme/../x", "acme/tiny/x", "acme/ti ny", "acme/tiny?x=1", "/a"])
def test_a_name_that_is_no_model_s_is_refused(name: str) -> None:
    with pytest.raises(NoPayload):
        read_payload(payload(name))


WORDS = st.sampled_from(["event", "repo", "action", "scope", "type", "name"])
ANYTHING = st.recursive(
    st.none() | st.text(max_size=3) | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=4),
)


@settings(max_examples=60, deadline=None)
@given(ANYTHING)
def test_no_payload_is_a_crash(told: Any) -> None:
    with contextlib.suppress(NoPayload):
        read_payload(told)
