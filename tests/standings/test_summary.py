"""The summary: what is counted, and that each entry is counted once."""

import pytest

from standings.paths import folder
from standings.summary import NO_FAMILY, summary
from tasks.registry_files import read
from tests.standings.entries import edge, model, registry

REGISTRY = read(folder("registry"))[0]
WHERE = ("open", "restricted", "licence_not_known", "behind_api")


def test_the_summary_counts_what_is_known():
    made = registry(
        model("acme/a"), model("acme/b", revision=None, licence={"license": None}), model("beta/c", kind="instruct")
    )
    found = summary(made)
    assert found["models"] == 3
    assert found["with_revision"] == 2
    assert found["licence_class"] == {"osi_approved": 2, "undeclared": 1}
    assert found["organisation"] == {"acme": 2, "beta": 1}


def test_a_model_is_open_restricted_not_known_or_behind_an_api():
    made = registry(
        model("acme/open"),
        model("acme/content", licence={"license": "cc-by-4.0"}),
        model("acme/restricted", licence={"license": "llama3.3"}),
        model("acme/noncommercial", licence={"license": "cc-by-nc-4.0"}),
        model("acme/conflict", licence={"license": "other", "license_name": "mit"}),
        model("acme/undeclared", licence={"license": None}),
        model("acme/blank", licence=None),
        model("acme/closed", access="api", kind="api", revision=None, licence=None),
        model("acme/claims", access="api", kind="api", revision=None),  # an API's declaration opens nothing
    )
    assert [summary(made)[name] for name in WHERE] == [2, 2, 3, 2]


@pytest.mark.parametrize(
    ("lacks", "with_revision", "with_licence", "with_source", "complete"),
    [
        ({}, 1, 1, 1, 1),
        ({"revision": None}, 0, 1, 1, 0),
        ({"licence": None}, 1, 0, 0, 0),
        ({"licence": None, "lineage": [edge("else/where", outside=True)]}, 1, 0, 1, 0),
    ],
)
def test_an_entry_is_complete_with_revision_licence_and_source(
    lacks, with_revision, with_licence, with_source, complete
):
    found = summary(registry(model("acme/a", **lacks)))
    assert [found[f"with_{name}"] for name in ("revision", "licence", "source")] == [
        with_revision,
        with_licence,
        with_source,
    ]
    assert found["complete"] == complete


def test_a_model_behind_an_api_is_complete_without_a_licence():
    api = {"id": "a-2026-01-02", "asked": "2026-03"}
    given = {"access": "api", "kind": "api", "revision": None, "licence": None}
    released = {"day": "2026-01-02"}
    assert summary(registry(model("acme/a", api=api, released=released, **given)))["complete"] == 1


def test_families_are_counted_largest_first_and_those_without_one_together():
    made = registry(
        model("acme/a", family="Small"),
        model("acme/b", family="Great"),
        model("beta/c", family="Great", licence={"license": "llama3.3"}),
        model("beta/d"),
    )
    found = summary(made)["families"]
    assert list(found) == ["Great", "Small", NO_FAMILY]
    assert {name: found["Great"][name] for name in ("models", "open", "restricted", "access", "licence_class")} == {
        "models": 2,
        "open": 1,
        "restricted": 1,
        "access": {"weights": 2},
        "licence_class": {"osi_approved": 1, "community": 1},
    }


def test_each_model_of_this_registry_is_in_one_family_and_on_one_side():
    found = summary(REGISTRY)
    assert sum(family["models"] for family in found["families"].values()) == found["models"] == len(REGISTRY.models)
    for counts in (found, *found["families"].values()):
        assert sum(counts[name] for name in WHERE) == counts["models"]
    for name in ("complete", "with_source", *WHERE):
        assert sum(family[name] for family in found["families"].values()) == found[name]
