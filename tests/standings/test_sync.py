"""Sync appends what is new, once, and a refresh never needs the registry again."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from standings import sync
from standings.cells import Cells
from standings.facts import SCHEMAS
from standings.suite import Lock, Suite, TaskLock
from tests.standings.entries import edge, model, registry
from tests.standings.test_suite import BENCHMARK, PROTOCOLS

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
TASK = TaskLock(version="1", config="c", functions="f", documents=40, fingerprint="p", examples="e")
SUITE = Suite.model_validate(
    {
        "suite": "s",
        "title": "S",
        "protocols": PROTOCOLS,
        "benchmarks": [BENCHMARK],
        "locks": {"t": Lock(tasks={"t": TASK})},
    }
)


def synced(
    known: dict[str, pa.Table], *models: dict, suite: Suite = SUITE, days: int = 0, whole: bool = False
) -> dict[str, pa.Table]:
    """Return the facts after a sync of these models and one suite, `days` later."""
    now = NOW + timedelta(days=days)
    rows, cells = sync.rows(registry(*models), [suite], now.date(), now), Cells(known["wanted"])
    new = sync.changes(rows, known, cells, [suite.suite], now, whole)
    return {name: pa.concat_tables([known[name], new[name]]) for name in new}


def nothing() -> dict[str, pa.Table]:
    """Return an empty lake."""
    return {name: SCHEMAS[name].empty_table() for name in ("models", "benchmarks", "wanted")}


def counts(facts: dict[str, pa.Table]) -> tuple[int, int, int]:
    """Count the rows of models, benchmarks and wanted."""
    return facts["models"].num_rows, facts["benchmarks"].num_rows, facts["wanted"].num_rows


def test_what_has_not_changed_is_not_appended_again():
    first = synced(nothing(), model())
    assert counts(first) == (1, 1, 1)
    assert counts(synced(first, model(), days=30)) == (1, 1, 1)


def test_a_corrected_licence_is_a_new_row_and_the_job_stays():
    first = synced(nothing(), model())
    second = synced(first, model(licence={"license": "llama3.3"}), days=1)
    assert counts(second) == (2, 1, 1)
    assert second["models"]["licence_class"].to_pylist() == ["osi_approved", "community"]


def test_a_model_that_leaves_the_registry_is_marked_and_not_deleted():
    first = synced(nothing(), model("acme/a"), model("acme/b"))
    second = synced(first, model("acme/a"), days=1)
    [gone] = [row for row in second["models"].to_pylist() if row["removed"]]
    assert gone["model"] == "acme/b"
    assert gone["valid_from"] == gone["known_from"].date(), "it is gone since then, not since it was first seen"


def test_another_suite_keeps_what_it_asked_for():
    first = synced(nothing(), model())
    other = SUITE.model_copy(update={"suite": "other"})
    second = synced(first, model(), suite=other, days=1)
    assert not any(second["wanted"]["removed"].to_pylist())


def test_a_suite_that_leaves_the_registry_stops_asking_and_a_limited_one_was_never_in_it():
    first = synced(synced(nothing(), model()), model(), suite=SUITE.limited(5))
    other = SUITE.model_copy(update={"suite": "renamed"})
    second = synced(first, model(), suite=other, days=1, whole=True)
    for name in ("benchmarks", "wanted"):
        assert {row["suite"] for row in second[name].to_pylist() if row["removed"]} == {"s"}
    assert counts(synced(second, model(), suite=other, days=2, whole=True)) == counts(second)


def test_a_suite_that_comes_back_asks_again():
    first = synced(nothing(), model())
    other = SUITE.model_copy(update={"suite": "other"})
    second = synced(first, model(), suite=other, days=1, whole=True)
    third = synced(second, model(), days=2)
    assert [row["removed"] for row in third["wanted"].to_pylist() if row["suite"] == "s"] == [False, True, False]


def test_an_entry_without_a_revision_is_asked_for_and_blocked():
    facts = synced(nothing(), model(revision=None))
    [wanted] = facts["wanted"].to_pylist()
    assert (wanted["job_id"], wanted["blocked"]) == (None, "no pinned revision")


def test_a_kind_without_a_protocol_is_blocked_and_says_so():
    [wanted] = synced(nothing(), model(kind="instruct"))["wanted"].to_pylist()
    assert wanted["blocked"] == "the benchmark has no protocol for kind instruct"


def test_a_release_of_a_base_under_other_terms_is_marked():
    base = model("beta/base", licence={"license": "llama3.3"})
    facts = synced(nothing(), base, model("acme/a", lineage=[edge("beta/base")]))
    row = next(row for row in facts["models"].to_pylist() if row["model"] == "acme/a")
    assert (row["licence_class"], row["lineage_class"], row["lineage_differs"]) == ("osi_approved", "community", True)
    assert (row["origin"], row["origin_base"]) == ("FR", "CN")


def test_a_benchmark_without_a_lock_is_not_asked_for():
    unlocked = SUITE.model_copy(update={"locks": {}})
    assert counts(synced(nothing(), model(), suite=unlocked)) == (1, 0, 0)


def test_valid_from_is_the_day_it_was_first_seen():
    facts = synced(synced(nothing(), model()), model(), days=3)
    assert facts["models"]["valid_from"].to_pylist() == [date(2026, 11, 24)]
