"""Joining the files with what was accepted of a hub: what fills a gap, what becomes an entry, where it came from."""

from datetime import date

from standings.checking import check, check_joined
from standings.lineage import lineage_conditions
from standings.parsing import parse
from standings.resolving import Observation, readable, resolve
from tests.standings.entries import documents, edge, model, registry

SHA = "b" * 40
SAID = {"source": "its own card"}


def observed(day=1, **fields):
    return Observation(model="acme/a", day=date(2026, 11, day), **fields)


def test_the_files_win_over_observations_field_by_field():
    yaml = registry(model("acme/a", revision=None))
    seen = observed(revision=SHA, licence={"license": "gemma"} | SAID)
    resolved = resolve(yaml, [seen])
    found = resolved.registry.models["acme/a"]
    assert (found.revision, found.licence.license) == (SHA, "mit")
    came_from = resolved.came_from["acme/a"]
    assert came_from["revision"] == "observation of 2026-11-01"
    assert came_from["licence"] == "registry/models/acme.yaml"
    assert "released" not in came_from  # nobody says


def test_the_latest_observation_fills_a_gap_and_an_earlier_one_what_it_leaves_out():
    yaml = registry(model("acme/a", revision=None), model("acme/b"))
    older = observed(1, revision="c" * 40, lineage=[edge("acme/b") | SAID])
    found = resolve(yaml, [observed(2, revision=SHA), older]).registry.models["acme/a"]
    assert (found.revision, found.lineage[0].parent) == (SHA, "acme/b")


def test_without_observations_the_registry_stays_as_it_is():
    yaml = registry(model("acme/a"))
    assert resolve(yaml).registry == yaml


def test_an_observed_commit_never_becomes_an_api_s_revision():
    yaml = registry(model("acme/a", revision=None, access="api", kind="api"))
    assert resolve(yaml, [observed(revision=SHA)]).registry.models["acme/a"].pinned is None


def seen(name="acme/new", **fields):
    given = {"revision": SHA, "kind": "instruct", "licence": {"license": "mit"} | SAID}
    return Observation(model=name, day=date(2026, 11, 1), **given | fields)


def hubs(parent, relation="finetune"):
    return edge(parent, relation, curated=False) | SAID


def test_a_model_that_no_file_names_becomes_an_entry_beside_those_that_are_written():
    yaml = registry(model("acme/a"))
    resolved = resolve(yaml, [seen(lineage=[hubs("acme/a")])])
    entry = resolved.registry.models["acme/new"]
    assert (entry.organisation, entry.kind, entry.lineage[0].outside) == ("acme", "instruct", False)
    assert resolved.registry.models["acme/a"] == yaml.models["acme/a"]
    assert resolved.filled == {"acme/new": ("id", "access", "revision", "kind", "licence", "lineage")}
    assert check(resolved.registry) == []


def test_a_parent_that_is_no_entry_is_outside_and_its_terms_are_not_known():
    found = resolve(registry(), [seen(lineage=[hubs("else/a")])]).registry
    assert found.models["acme/new"].lineage[0].outside
    assert lineage_conditions(found, "acme/new").licence_class == "unknown"


def test_a_hub_s_circle_of_parents_is_not_drawn():
    found = resolve(
        registry(),
        [seen("acme/a", lineage=[hubs("acme/b"), hubs("acme/a")]), seen("acme/b", lineage=[hubs("acme/a")])],
    ).registry
    drawn = [(name, edge.parent) for name, entry in found.models.items() for edge in entry.lineage]
    assert len(drawn) == 1, "each of the two says that it came from the other"
    assert not [fault for fault in check(found) if fault.severity == "error"]


def test_what_only_a_hub_says_is_never_a_fault_of_a_file():
    yaml = registry(model("acme/a", revision=None, licence=None))
    odd = {"license": "homebrew"} | SAID
    joined = resolve(yaml, [seen(licence=odd), seen("acme/a", licence=odd), seen("else/x")])
    faults = check_joined(yaml, joined)
    assert {fault.severity for fault in faults} == {"notice"}
    assert sum("licence 'homebrew' is not known" in fault.wrong for fault in faults) == 2
    assert sum("stays out" in fault.wrong for fault in faults) == 1


def test_an_entry_that_is_written_with_a_fault_is_not_made_again_from_a_hub():
    files = documents(model("acme/a", kind="wrong"))
    yaml, faults = parse(files)
    assert faults
    assert resolve(yaml, [seen("acme/a")]).registry.models == {}


def test_a_name_is_made_readable_and_never_empty():
    assert readable("acme/Big-8B_v2") == "Big 8B v2"
    assert readable("acme/___") == "___"
