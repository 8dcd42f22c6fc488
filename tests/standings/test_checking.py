"""The check: every fault at once, each with its place and its remedy."""

import pytest

from standings.checking import check
from standings.parsing import parse
from standings.suite import Suite
from tests.standings.entries import documents, edge, licence, model, organisation, registry


def faults(*models, severity="error", suites=None, **lists):
    """Read and check, as `standings check` does."""
    made, found = parse(documents(*models, **lists))
    return [fault for fault in [*found, *check(made, suites)] if fault.severity == severity]


def said(*models, **given):
    return [str(fault) for fault in faults(*models, **given)]


def test_an_unknown_licence_is_told_with_the_nearest_one():
    apache = licence("apache-2.0") | {"class": "osi_approved", "osi_approved": True}
    entry = model("acme/Big-8B", licence={"license": "apache"})
    assert said(entry, licences=[apache, licence("mit")]) == [
        "registry/models/acme.yaml: acme/Big-8B: licence 'apache' is not known. Did you mean 'apache-2.0'?"
    ]


def test_every_fault_is_found_at_once():
    found = said(
        model("acme/a", licence={"license": "mitt"}, lineage=[edge("beta/q")]),
        model("acme/b", revision="main"),
        model("acme/b"),
        model("acme/c", variants=[{"name": "x"}, {"name": "y"}]),
        model("acme/d", licens={}),
        model("acme/e", kind="chat"),
        model("beta/p"),
        organisations=[organisation("acme", countries=["UK"]), organisation("beta")],
    )
    file = "registry/models/acme.yaml"
    assert sorted(found) == sorted(
        [
            f"{file}: acme/a: licence 'mitt' is not known. Did you mean 'mit'?",
            f"{file}: acme/a: parent 'beta/q' is not known. Did you mean 'beta/p'?",
            f"{file}: acme/b: revision: 'main' moves; give the full commit sha, "
            "or sha256: and the hash of the weights file.",
            f"{file}: acme/b: id 'acme/b' is given twice. First: {file}, line None.",
            f"{file}: acme/c: exactly one variant is primary, here none.",
            f"{file}: acme/d: field 'licens' is not known. Did you mean 'licence'?",
            f"{file}: acme/e: kind 'chat' is not one of base, instruct, reasoning, api.",
            "registry/organisations.yaml: acme: country 'UK' is not known. Did you mean 'GB'?",
        ]
    )


def test_an_entry_with_a_fault_is_left_out_and_still_counts_as_known():
    child = model("acme/child", lineage=[edge("acme/parent")])
    assert [fault.entry for fault in faults(child, model("acme/parent", revision="main"))] == ["acme/parent"]


def test_a_missing_source_is_named_with_its_field():
    entry = model("acme/a", released={"day": "2026-01-02"})
    del entry["source"]
    assert [(fault.field, fault.wrong) for fault in faults(entry)] == [
        ("licence.source", "licence.source is missing."),
        ("released.source", "released.source is missing."),
    ]


def test_an_entry_s_source_holds_for_each_of_its_facts_and_a_name_is_written_out():
    made = registry(
        model("acme/a", source="card", released={"day": "2026-01-02", "source": ["card", "https://acme.example"]}),
        sources={"card": "the card of 2026"},
    )
    found = made.models["acme/a"]
    assert found.licence.source == "the card of 2026"
    assert found.released.source == "the card of 2026; https://acme.example"


def test_a_misspelt_source_is_told():
    found = said(model("acme/a", source="kard"), sources={"card": "the card of 2026"})
    assert found == ["registry/models/acme.yaml: acme/a: source 'kard' is not known. Did you mean 'card'?"]


def test_a_field_of_a_nested_record_is_named_by_its_path():
    (fault,) = faults(model("acme/a", variants=[{"name": "x", "dtyp": "float32"}]))
    assert (fault.field, fault.right) == ("variants[0].dtyp", "Did you mean 'dtype'?")


def test_a_parent_outside_the_registry_has_to_be_called_so():
    assert said(model("acme/a", lineage=[edge("else/where")])) == [
        "registry/models/acme.yaml: acme/a: parent 'else/where' is not known. "
        "Add it to the registry, or write outside: true."
    ]
    assert said(model("acme/a", lineage=[edge("else/where", outside=True)])) == []


def test_a_circle_of_parents_is_a_fault_of_each():
    found = faults(model("acme/a", lineage=[edge("acme/b")]), model("acme/b", lineage=[edge("acme/a")]))
    assert [(fault.entry, fault.field) for fault in found] == [("acme/a", "lineage"), ("acme/b", "lineage")]


def test_an_unknown_organisation_and_a_foreign_namespace_are_faults():
    stranger = {"models/acmee.yaml": {"organisation": "acmee", "models": [model("acme/a")]}}
    made, _ = parse(documents() | stranger)
    assert [fault.right for fault in check(made) if fault.severity == "error"] == ["Did you mean 'acme'?"]
    foreign = {"models/acme.yaml": {"organisation": "acme", "models": [model("beta/a")]}}
    made, _ = parse(documents() | foreign)
    assert [fault.wrong for fault in check(made)] == ["'beta' is no namespace of organisation 'acme'."]


def test_a_models_file_is_named_after_its_organisation():
    _, found = parse(documents() | {"models/b.yaml": {"organisation": "acme", "models": []}})
    assert [str(fault) for fault in found] == [
        "registry/models/b.yaml: is not named after its organisation. Name the file acme.yaml."
    ]


def test_a_form_that_two_licences_claim_is_a_fault():
    found = said(licences=[licence("mit"), licence("llama3.3", tags=["MIT"])])
    assert found == ["registry/licences.yaml: llama3.3: 'mit' already means 'mit'. Give it to one of them."]


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("fr", "Did you mean 'FR'?"),
        ("USA", "Did you mean 'US'?"),
        ("China", "Did you mean 'CN'?"),
        ("EU", "Give an ISO 3166-1 alpha-2 code."),
        ("XX", "Give an ISO 3166-1 alpha-2 code."),
    ],
)
def test_a_country_that_iso_does_not_know_is_told_with_what_was_meant(code, right):
    assert [fault.right for fault in faults(organisations=[organisation(countries=[code])])] == [right]


def test_a_licence_may_exclude_the_european_union():
    terms = {"excluded_territories": {"value": ["EU", "KR", "ZZ"], "clause": "section 1"}}
    assert [fault.wrong for fault in faults(licences=[licence(terms=terms)])] == ["country 'ZZ' is not known."]


def test_a_disputed_origin_needs_a_note():
    assert [fault.field for fault in faults(organisations=[organisation(disputed=True)])] == ["note"]


def test_a_weights_hash_has_to_be_a_file_of_the_primary_variant():
    assert [fault.field for fault in faults(model("acme/a", revision="sha256:" + "a" * 64))] == ["revision"]


def test_gaps_are_notices_and_no_errors():
    entry = model("acme/a", revision=None, licence={"license": "other"})
    assert faults(entry) == []
    assert [fault.field for fault in faults(entry, severity="notice")] == ["licence", "revision"]


@pytest.mark.parametrize("document", [None, "text", {"a": 1}, [1]])
def test_a_file_of_the_wrong_shape_is_a_fault_and_no_crash(document):
    for file in ("organisations.yaml", "models/acme.yaml", "licences.yaml", "unheard.yaml"):
        _, found = parse({file: document})
        assert [fault.file for fault in found] == [f"registry/{file}"]


def suite(*, locks=(), **fields):
    benchmark = {"id": "one", "task": "t1", "title": "One", "category": "reasoning", "score": {"metric": "acc"}}
    benchmark |= {"chance": 0.25, "source": "own", "protocols": {"base": "plain"}}
    task = {"version": "1", "config": "c", "functions": "f", "documents": 40, "fingerprint": "d", "examples": "e"}
    given = {"suite": "small", "title": "Small", "benchmarks": [benchmark]}
    given |= {
        "protocols": {"plain": {"output": "multiple_choice"}},
        "locks": {name: {"tasks": {name: task}} for name in locks},
    }
    return {"small": Suite.model_validate(given | fields)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (suite(), ["registry/suites/small.yaml: one: task 't1' has no lock. Run: standings suite lock small"]),
        (suite(locks=["t1"]), []),
        (
            suite(locks=["t1", "t2"]),
            [
                "registry/suites/small.lock.yaml: t2: is locked, and the suite does not ask it. "
                "Run: standings suite lock small"
            ],
        ),
        (
            suite(locks=["t1"], metadata={"documents": 24}),
            [
                "registry/suites/small.yaml: one: the lock is stale: it holds 40 documents, and the suite asks 24. "
                "Run: standings suite lock small"
            ],
        ),
    ],
)
def test_a_missing_a_stale_and_a_needless_lock_are_faults(given, expected):
    assert said(suites=given) == expected


def test_what_a_person_must_decide_is_a_notice_of_each_kind_of_entry():
    found = faults(
        model("acme/a", review="which parent?"),
        model("acme/b"),
        severity="notice",
        organisations=[organisation("acme", review="which country?")],
        licences=[licence("mit", review="which class?")],
    )
    assert [(fault.entry, fault.field, fault.wrong) for fault in found] == [
        ("mit", "review", "to decide: which class?"),
        ("acme/a", "review", "to decide: which parent?"),
        ("acme", "review", "to decide: which country?"),
    ]


def test_a_release_that_declares_more_than_an_ancestor_is_asked_about():
    llama = model("beta/llama", licence={"license": "llama3.3"})
    stricter = model("acme/strict", licence={"license": "cc-by-nc-4.0"}, lineage=[edge("acme/tuned")])
    taught = model("acme/taught", lineage=[edge("beta/llama", "distilled")])
    found = faults(llama, model("acme/tuned", lineage=[edge("beta/llama")]), stricter, taught, severity="notice")
    assert [(fault.entry, fault.wrong) for fault in found] == [
        ("acme/tuned", "declares 'mit', and beta/llama, whose weights it carries, declares 'llama3.3' (community).")
    ]


def test_an_ancestor_without_a_tag_is_asked_about_and_one_that_nobody_looked_at_is_not():
    bare, unseen = model("beta/bare", licence={"license": None}), model("beta/unseen", licence=None)
    both = model("acme/a", lineage=[edge("beta/bare", "merge"), edge("beta/unseen", "merge")])
    asked = [fault.wrong for fault in faults(bare, unseen, both, severity="notice") if fault.entry == "acme/a"]
    assert asked == ["declares 'mit', and beta/bare, whose weights it carries, is undeclared."]


def test_a_name_without_a_tag_is_no_misspelling_of_another():
    nameless = model("acme/a", licence={"license": None, "license_name": "llama3.2"})
    misspelt = model("acme/b", licence={"license": "other", "license_name": "modified-mti"})
    assert [fault.right for fault in faults(nameless, misspelt, severity="notice")] == [
        "",
        "Did you mean 'modified-mit'?",
    ]


@pytest.mark.parametrize("kind", ["base", "instruct"])
def test_a_variant_that_thinks_is_never_asked_as_one_that_does_not(kind):
    thinking = {"name": "thinking", "primary": True, "dtype": "bfloat16", "reasoning": "on"}
    [found] = said(model("acme/a", kind=kind, variants=[thinking]))
    assert f"thinks (on) and is asked as {kind}: its thought would be its answer" in found
    assert said(model("acme/a", kind=kind, variants=[thinking | {"kind": "reasoning"}])) == []
