"""Joining the files with what was accepted of a hub: what fills a gap, what becomes an entry, where it came from."""

from datetime import date

from standings.resolving import Observation, resolve
from tests.standings.entries import edge, model, registry

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
