"""Lineage: what a model inherits from those whose weights it carries."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standings.lineage import (
    all_of,
    ancestors,
    any_of,
    licence_differences,
    lineage_conditions,
    origin_base,
    origin_teacher,
    teacher_terms,
)
from standings.paths import folder
from tasks.registry_files import read
from tests.standings.entries import CLASSES, edge, licence, model, registry

DISTILL = "deepseek-ai/DeepSeek-R1-Distill-Llama-70B"
REGISTRY = read(folder("registry"))[0]


def child(parent, relation="finetune", **fields):
    return model("acme/child", lineage=[edge(parent, relation)], **fields)


def test_any_no_is_no_else_any_unknown_is_unknown():
    for values in itertools.product([True, False, None], repeat=3):
        expected = False if False in values else None if None in values else True
        assert all_of(values) is expected
        swapped = [None if value is None else not value for value in values]
        assert any_of(swapped) is (None if expected is None else not expected)


@pytest.mark.parametrize("relation", ["finetune", "merge", "quantized", "continued_pretrain", "adapter"])
def test_a_parent_s_weights_bring_its_conditions(relation):
    made = registry(child("beta/parent", relation), model("beta/parent", licence={"license": "cc-by-nc-4.0"}))
    conditions = lineage_conditions(made, "acme/child")
    assert (conditions.licence_class, conditions.commercial_use, conditions.differs) == ("noncommercial", False, True)


def test_a_teacher_brings_none():
    made = registry(child("beta/teacher", "distilled"), model("beta/teacher", licence={"license": "cc-by-nc-4.0"}))
    conditions = lineage_conditions(made, "acme/child")
    assert (conditions.licence_class, conditions.commercial_use, conditions.differs) == ("osi_approved", True, False)


def test_an_ancestor_that_the_registry_does_not_hold_is_unknown():
    made = registry(model("acme/child", lineage=[edge("else/where", outside=True)]))
    conditions = lineage_conditions(made, "acme/child")
    assert (conditions.licence_class, conditions.commercial_use) == ("unknown", None)
    assert licence_differences(made) == []  # nobody declares anything else


def test_a_ban_is_a_ban_however_little_is_known_of_the_others():
    made = registry(
        child("beta/parent", licence={"license": "cc-by-nc-4.0"}),
        model("beta/parent", lineage=[edge("else/where", outside=True)]),
    )
    assert lineage_conditions(made, "acme/child").licence_class == "noncommercial"
    assert lineage_conditions(made, "acme/child").commercial_use is False


@given(st.lists(st.sampled_from([*CLASSES, None]), min_size=1, max_size=5))
def test_a_chain_is_never_more_open_than_any_of_its_links(declared):
    names = [f"acme/m{index}" for index in range(len(declared))]
    entries = [
        model(name, licence={"license": "other", "license_name": tag} if tag == "modified-mit" else {"license": tag})
        | ({"lineage": [edge(names[index + 1])]} if index + 1 < len(names) else {})
        for index, (name, tag) in enumerate(zip(names, declared, strict=True))
    ]
    found = lineage_conditions(registry(*entries), "acme/m0").licence_class
    if "cc-by-nc-4.0" in declared:
        assert found == "noncommercial"
    elif None in declared:
        assert found == "undeclared"
    else:
        assert list(CLASSES.values()).index(found) == max(list(CLASSES).index(tag) for tag in declared)


def test_excluded_territories_add_up_and_an_unread_text_leaves_none_unknown():
    terms = {"excluded_territories": {"value": ["EU", "KR"], "clause": "section 1"}}
    licences = [licence("mit"), licence("llama3.3", terms=terms)]
    made = registry(child("beta/parent"), model("beta/parent", licence={"license": "llama3.3"}), licences=licences)
    assert lineage_conditions(made, "beta/parent").excluded_territories == ("EU", "KR")
    assert lineage_conditions(made, "acme/child").excluded_territories == ("EU", "KR")
    assert lineage_conditions(registry(model("acme/a")), "acme/a").excluded_territories is None


def test_a_circle_is_refused_with_its_way():
    made = registry(model("acme/a", lineage=[edge("acme/b")]), model("acme/b", lineage=[edge("acme/a")]))
    with pytest.raises(ValueError, match="acme/a → acme/b → acme/a"):
        ancestors(made, "acme/a")


def test_a_diamond_is_no_circle():
    made = registry(
        model("acme/a", lineage=[edge("acme/b"), edge("acme/c")]),
        model("acme/b", lineage=[edge("acme/d")]),
        model("acme/c", lineage=[edge("acme/d")]),
        model("acme/d"),
    )
    assert list(ancestors(made, "acme/a")) == ["acme/b", "acme/c", "acme/d"]


def test_origin_base_joins_those_whose_weights_are_carried():
    made = registry(child("beta/parent"), model("beta/parent"))
    assert origin_base(made, "acme/child") == "CN"
    assert origin_base(made, "beta/parent") is None  # no source says that it began from nothing


def test_origin_base_is_its_own_where_a_source_says_that_it_was_pretrained():
    assert origin_base(registry(model(pretrained={})), "acme/a") == "FR"


def test_origin_base_is_unknown_as_soon_as_one_parent_s_is():
    made = registry(
        model("acme/child", lineage=[edge("beta/b"), edge("many/m", "merge")]), model("beta/b"), model("many/m")
    )
    assert origin_base(made, "acme/child") is None


def test_a_parent_outside_the_registry_has_the_origin_of_its_namespace():
    made = registry(model("acme/child", lineage=[edge("beta/unlisted", outside=True)]))
    assert origin_base(made, "acme/child") == "CN"


def test_a_teacher_of_an_ancestor_taught_the_child_as_well():
    made = registry(
        child("acme/middle"), model("acme/middle", lineage=[edge("beta/teacher", "distilled")]), model("beta/teacher")
    )
    assert origin_teacher(made, "acme/child") == "CN"
    assert origin_teacher(made, "beta/teacher") is None


def test_a_teacher_s_terms_on_outputs_are_flagged_with_clause_and_date():
    terms = {"covers_outputs": {"value": True, "clause": "section 1.b.i"}}
    licences = [licence("mit"), licence("llama3.3", terms=terms, dated="2024-12-06")]
    made = registry(
        child("beta/teacher", "distilled"), model("beta/teacher", licence={"license": "llama3.3"}), licences=licences
    )
    (flag,) = teacher_terms(made, "acme/child")
    assert (flag.teacher, flag.licence, flag.clause, flag.dated) == (
        "beta/teacher",
        "llama3.3",
        "section 1.b.i",
        "2024-12-06",
    )
    assert teacher_terms(made, "beta/teacher") == []


def test_the_distilled_llama_declares_mit_and_carries_llama_s_conditions():
    conditions = lineage_conditions(REGISTRY, DISTILL)
    assert (conditions.licence_class, conditions.naming_duty, conditions.covers_outputs) == ("community", True, True)
    assert (origin_base(REGISTRY, DISTILL), origin_teacher(REGISTRY, DISTILL)) == ("US", "CN")


def test_a_licence_difference_is_listed_with_its_chain():
    found = {(item.model, item.ancestor): item for item in licence_differences(REGISTRY)}
    item = found[DISTILL, "meta-llama/Llama-3.1-70B"]
    assert (item.declared, item.ancestor_declares) == ("mit", "llama3.1")
    assert item.chain == (DISTILL, "meta-llama/Llama-3.3-70B-Instruct", "meta-llama/Llama-3.1-70B")
    assert all(item.declared != item.ancestor_declares for item in found.values())
    assert not any(model.startswith("Qwen/Qwen3-8B") for model, _ in found)  # as its base declares
