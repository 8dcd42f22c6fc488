"""Hold what the board shows while the registry, the suites and the rulings change."""

from typing import Any

import pytest

from standings.paths import folder
from tasks.materialise import one_table
from tests.lake_rows import LakeRows, Row, day

Rows = list[dict[str, Any]]


def shown(lake: LakeRows, view: str = "leaderboard.results") -> Rows:
    """Return a view's rows."""
    return one_table(lake.facts(), view, folder("sql"), now=day(100), snapshot="s").to_pylist()


def scores(lake: LakeRows) -> dict[str, float]:
    """Return benchmark to score, of a lake with one model."""
    return {row["benchmark"]: row["score"] for row in shown(lake)}


@pytest.fixture
def lake() -> LakeRows:
    return LakeRows()


def counted(lake: LakeRows, benchmark: Row, model: Row, right: int, at: float = 1) -> Row:
    """Ask and answer."""
    return lake.run(lake.want(benchmark, model, known=at), right=right, at=at)


def test_an_old_revision_is_shown_and_marked_until_the_new_one_covers_it(lake: LakeRows) -> None:
    arc, gsm = lake.benchmark("s", "arc"), lake.benchmark("s", "gsm")
    old = lake.model("m", revision="r1")
    counted(lake, arc, old, 50)
    counted(lake, gsm, old, 40)
    new = lake.model("m", revision="r2", known=10)
    counted(lake, arc, new, 60, at=11)
    asked = lake.want(gsm, new, known=11)
    assert scores(lake) == {"arc": 0.5, "gsm": 0.4}
    assert {(row["superseded"], row["variant_id"]) for row in shown(lake)} == {(True, old["variant_id"])}
    [empty] = [row for row in shown(lake, "model.job_state") if row["wanted"] and row["state"] == "missing"]
    assert (empty["benchmark"], empty["why"]) == ("gsm", "new revision")
    lake.run(asked, right=30, at=12)
    assert scores(lake) == {"arc": 0.6, "gsm": 0.3}
    assert {(row["superseded"], row["variant_id"]) for row in shown(lake)} == {(False, new["variant_id"])}


def test_a_benchmark_flips_for_all_at_once_and_a_later_ruling_does_not_flip_it_back(lake: LakeRows) -> None:
    one, two = lake.model("one"), lake.model("two")
    first = lake.benchmark("s", "arc")
    counted(lake, first, one, 50)
    counted(lake, first, two, 60)
    second = lake.benchmark("s", "arc", epoch=2, known=10)
    counted(lake, second, one, 51, at=11)
    asked = lake.want(second, two, known=11)
    assert {(row["model"], row["epoch"], row["score"]) for row in shown(lake)} == {("one", 1, 0.5), ("two", 1, 0.6)}
    run = lake.run(asked, right=61, at=12)
    assert {(row["model"], row["epoch"], row["score"]) for row in shown(lake)} == {("one", 2, 0.51), ("two", 2, 0.61)}
    lake.rule(run, "withdrawn", at=13, reason="wrong documents")
    lake.model("three", known=14)
    assert {(row["model"], row["epoch"], row["score"]) for row in shown(lake)} == {("one", 2, 0.51)}
    [empty] = [row for row in shown(lake, "leaderboard.coverage") if row["model"] == "two"]
    assert empty["why"] == "withdrawn: wrong documents"


def test_a_lock_that_changes_without_an_epoch_is_a_version_of_its_own_and_never_mixed(lake: LakeRows) -> None:
    one, two = lake.model("one"), lake.model("two")
    old = lake.benchmark("s", "arc")
    counted(lake, old, one, 50)
    counted(lake, old, two, 60)
    relocked = lake.benchmark("s", "arc", known=10, benchmark_id="f" * 64)
    counted(lake, relocked, one, 51, at=11)
    lake.want(relocked, two, known=11)
    assert {(row["model"], row["score"]) for row in shown(lake)} == {("one", 0.5), ("two", 0.6)}


def test_a_model_that_leaves_the_registry_leaves_the_board_and_its_numbers_wait_for_it(lake: LakeRows) -> None:
    arc, entry = lake.benchmark("s", "arc"), lake.model("m")
    asked = lake.want(arc, entry)
    lake.run(asked, right=50)
    for known, removed, expected in ((10, True, {}), (20, False, {"arc": 0.5})):
        lake.add("models", {**entry, "removed": removed, "known_from": day(known)})
        lake.add("wanted", {**asked, "removed": removed, "known_from": day(known)})
        assert scores(lake) == expected


def test_a_corrected_licence_and_a_promoted_variant_need_no_new_run(lake: LakeRows) -> None:
    arc = lake.benchmark("s", "arc")
    first, other = lake.model("m"), lake.model("m", "fp32", is_primary=False)
    counted(lake, arc, first, 50)
    counted(lake, arc, other, 90)
    assert [row["index"] for row in shown(lake, "leaderboard.overall")] == [50]
    lake.model("m", known=10, is_primary=False)
    lake.model("m", "fp32", known=10, licence_class="noncommercial")
    [row] = shown(lake, "leaderboard.overall")
    assert (row["index"], row["licence_class"]) == (90, "noncommercial")


def test_another_metric_of_the_same_run_is_shown_without_running_it_again(lake: LakeRows) -> None:
    run = counted(lake, lake.benchmark("s", "arc"), lake.model("m"), 50)
    lake.score(run, right=70, n=100, task="arc", metric="acc_norm")
    assert scores(lake) == {"arc": 0.5}
    lake.benchmark("s", "arc", known=10, metric="acc_norm", title="ARC, lengths taken into account")
    assert scores(lake) == {"arc": 0.7}
    lake.benchmark("s", "arc", known=20, metric="f1")
    assert scores(lake) == {}
    [empty] = shown(lake, "leaderboard.coverage")
    assert empty["why"] == "its run has no share where higher is better as f1 of arc, filter none"


def test_a_run_counts_in_every_suite_that_asks_its_job(lake: LakeRows) -> None:
    model = lake.model("m")
    counted(lake, lake.benchmark("s", "arc"), model, 50)
    lake.want(
        lake.benchmark("t", "the same arc", task="arc", benchmark_id=lake.rows["benchmarks"][0]["benchmark_id"]), model
    )
    assert {(row["suite"], row["score"]) for row in shown(lake)} == {("s", 0.5), ("t", 0.5)}


def test_a_benchmark_that_leaves_the_suite_leaves_the_index(lake: LakeRows) -> None:
    arc, gsm, model = lake.benchmark("s", "arc"), lake.benchmark("s", "gsm", category="mathematics"), lake.model("m")
    counted(lake, arc, model, 50)
    lake.want(gsm, model)
    [before] = shown(lake, "leaderboard.overall")
    assert (before["rank"], before["covered"], before["benchmarks"], before["missing"]) == (None, 1, 2, ["gsm"])
    lake.add("benchmarks", {**gsm, "removed": True, "known_from": day(10)})
    [after] = shown(lake, "leaderboard.overall")
    assert (after["rank"], after["index"], after["benchmarks"]) == (1, 50, 1)


def test_nothing_that_comes_after_a_flip_turns_the_board_back(lake: LakeRows) -> None:
    one, two, other = lake.model("one"), lake.model("two"), lake.model("one", "fp32", is_primary=False)
    first = lake.benchmark("s", "arc")
    counted(lake, first, one, 50)
    late = lake.want(first, two)
    counted(lake, first, other, 70)
    second = lake.benchmark("s", "arc", epoch=2, known=10)
    run = counted(lake, second, one, 51, at=11)
    asked = lake.want(second, two, known=10)
    flipped = {("one", 2, 0.51)}
    assert {(row["model"], row["epoch"], row["score"]) for row in shown(lake)} == flipped
    lake.run(late, right=60, at=12)  # a straggler: planned before the bump
    assert {(row["model"], row["epoch"], row["score"]) for row in shown(lake)} == flipped
    lake.model("one", "fp32", known=13)  # promoted, and only in the old epoch
    lake.model("one", known=13, is_primary=False)
    assert {(row["model"], row["epoch"], row["score"]) for row in shown(lake)} == flipped
    lake.rule(run, "withdrawn", at=14)
    assert shown(lake) == []
    lake.run(asked, right=61, at=15)
    assert {(row["model"], row["epoch"], row["score"]) for row in shown(lake)} == {("two", 2, 0.61)}
