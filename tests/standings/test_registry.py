"""The records: what they refuse, what they fill in, and where a resolved field came from."""

import pytest
from pydantic import ValidationError

from standings.registry import Model, Organisation
from standings.variants import Api
from tests.standings.entries import model, organisation

SHA = "b" * 40
SAID = {"source": "its own card"}


def entry(**fields):
    given = model(**fields) | {"organisation": "acme", "licence": {"license": "mit"} | SAID}
    given.pop("source")
    return Model.model_validate(given)


@pytest.mark.parametrize("revision", ["main", "v1.0", "a" * 39, "A" * 40, "sha256:" + "a" * 40, "refs/pr/1", ""])
def test_a_branch_name_or_a_short_sha_is_refused_as_revision(revision):
    with pytest.raises(ValidationError, match="full commit sha"):
        entry(revision=revision)


@pytest.mark.parametrize("revision", ["0" * 40, "sha256:" + "f" * 64, None])
def test_a_full_sha_a_file_s_hash_or_nothing_is_a_revision(revision):
    made = entry(revision=revision)
    assert made.pinned == revision
    assert made.blocked == (None if revision else "no pinned revision")


@pytest.mark.parametrize("name", ["gpt-5", "claude-haiku-latest", "gemini-2.5-pro"])
def test_an_api_s_moving_alias_is_refused(name):
    with pytest.raises(ValidationError, match="dated id"):
        Api(id=name, asked="2026-11")


@pytest.mark.parametrize("name", ["gpt-5-2025-08-07", "claude-haiku-4-5-20251001", "gemini-2.0-flash-001"])
def test_an_api_is_pinned_by_its_dated_id_and_the_month_it_was_asked(name):
    made = entry(revision=None, access="api", kind="api", api={"id": name, "asked": "2026-11"})
    assert made.pinned == f"{name}@2026-11"
    assert (made.primary.engine, made.primary.dtype) == ("api", None)


def test_an_api_without_a_dated_id_is_listed_and_blocked():
    assert entry(revision=None, access="api", kind="api").blocked == "no dated id and asked month"


def test_weights_have_no_dated_id_and_an_api_has_no_revision():
    with pytest.raises(ValidationError, match="for access: api"):
        entry(api={"id": "gpt-5-2025-08-07", "asked": "2026-11"})
    with pytest.raises(ValidationError, match="has no revision"):
        entry(access="api", kind="api")


@pytest.mark.parametrize(("kind", "reasoning"), [("base", "off"), ("instruct", "off"), ("reasoning", "on")])
def test_an_entry_without_variants_is_run_in_bfloat16_by_transformers(kind, reasoning):
    primary = entry(kind=kind).primary
    assert (primary.name, primary.dtype, primary.engine, primary.kind) == ("bfloat16", "bfloat16", "hf", kind)
    assert primary.reasoning == reasoning


def test_a_single_variant_is_primary_and_takes_the_model_s_kind():
    primary = entry(kind="instruct", variants=[{"name": "fp8", "quantisation": "FP8"}]).primary
    assert (primary.name, primary.primary, primary.kind) == ("fp8", True, "instruct")


@pytest.mark.parametrize("flags", [(False, False), (True, True)])
def test_of_several_variants_exactly_one_is_primary(flags):
    variants = [{"name": f"v{index}", "primary": flag} for index, flag in enumerate(flags)]
    with pytest.raises(ValidationError, match="exactly one variant is primary"):
        entry(variants=variants)


def test_a_variant_may_be_asked_as_another_kind_than_the_model():
    variants = [{"name": "plain", "primary": True}, {"name": "thinking", "kind": "reasoning", "reasoning": 4096}]
    made = entry(kind="instruct", variants=variants)
    assert [(item.kind, item.reasoning) for item in made.variants] == [("instruct", "off"), ("reasoning", "4096")]


def test_a_dense_model_s_parameters_are_all_active():
    assert entry(parameters={"total_b": 7, "dense": True} | SAID).parameters.active_b == 7
    assert entry(parameters={"total_b": 671} | SAID).parameters.active_b is None
    with pytest.raises(ValidationError, match="does not go with"):
        entry(parameters={"total_b": 7, "active_b": 8} | SAID)


def test_a_joint_origin_is_one_row_in_alphabetical_order():
    made = Organisation.model_validate(organisation(countries=["US", "FR"]))
    assert (made.origin, made.origin_name) == ("FR+US", "France + United States")


def test_taiwan_is_named_by_iso_s_common_name():
    assert Organisation.model_validate(organisation(countries=["TW"])).origin_name == "Taiwan"


def test_no_country_is_no_origin():
    made = Organisation.model_validate(organisation(countries=[]))
    assert (made.origin, made.origin_name) == (None, None)
