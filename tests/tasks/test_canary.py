"""The canary is asked once a night, held against its baseline, and never counts on the board."""

import json
from pathlib import Path

import pytest

from standings.drift import Document
from standings.facts import table
from standings.failure import Reason
from tasks import canary, canary_past, refresh, steps
from tasks.canary_past import documents
from tasks.materialise import query
from tests.canaries import Canaries
from tests.workplaces import MODEL, reopen, tiny_workplace


@pytest.fixture
def canaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Canaries:
    """A registry with a canary, and an empty lake."""
    return Canaries(tmp_path, monkeypatch)


def test_a_first_night_begins_the_history_and_the_next_keeps_to_it(canaries: Canaries) -> None:
    first, second = canaries.ask(0), canaries.ask(1)
    assert (first.state, first.begun, first.asked) == ("begun", ("sums", "order"), 2)
    assert (second.state, second.drift, second.asked) == ("kept", None, 2)
    assert [(row.benchmark, row.documents, row.flips) for row in second.rows] == [("sums", 40, 0), ("order", 40, 0)]
    assert second.scores == {"sums": 0.75, "order": 0.5}


def test_a_changed_engine_that_moves_the_answers_is_a_drift_and_named(canaries: Canaries) -> None:
    canaries.columns = {"engine_version": "transformers 5.1"}
    canaries.ask(0)
    canaries.columns = {"engine_version": "transformers 5.2"}
    canaries.right["sums"] = 29
    assert canaries.ask(1).drift is None
    canaries.right["sums"] = 20
    drift = str(canaries.ask(2).drift)
    assert "sums: 10 lost and 0 gained of 40" in drift
    assert "engine transformers 5.1 → transformers 5.2 (2026-03-02)" in drift


def test_a_drift_stays_one_until_the_answers_are_back(canaries: Canaries) -> None:
    canaries.ask(0)
    canaries.right["order"] = 5
    assert [canaries.ask(night).state for night in (1, 2, 3)] == ["drifted"] * 3
    canaries.right["order"] = 20
    assert canaries.ask(4).state == "kept"


def test_a_drift_lasts_while_what_drifted_can_not_be_asked(canaries: Canaries) -> None:
    canaries.ask(0)
    canaries.right["order"] = 5
    canaries.ask(1)
    canaries.fails = {"order": Reason.INFRASTRUCTURE}
    said = canaries.ask(2)
    assert (said.state, said.failed) == ("drifted", {"order": "infrastructure"})
    assert "order: 15 lost" in str(said.drift)
    assert canary.standing_drift(canaries.settings) == said.drift
    canaries.fails = {"sums": Reason.INFRASTRUCTURE}
    canaries.right["order"] = 20
    assert canaries.ask(3).state == "failed", "nothing is known of sums, which was as ever when it was asked last"


def test_a_night_that_begins_again_asks_only_what_it_has_not_stored(canaries: Canaries) -> None:
    canaries.fails = {"order": Reason.INFRASTRUCTURE}
    broken = canaries.ask(0)
    assert (broken.state, broken.failed, broken.drift) == ("failed", {"order": "infrastructure"}, None)
    canaries.fails = {}
    assert canaries.ask(0, hours=1).state == "begun"
    assert canaries.ask(0, hours=2).asked == 0
    assert sorted(canaries.asked) == ["order", "order", "sums"]
    assert canaries.ask(1).asked == 2


def test_a_withdrawn_run_is_no_baseline(canaries: Canaries) -> None:
    canaries.right["sums"] = 1  # on a machine whose memory is bad
    canaries.ask(0)
    perch = canary_past.perch(canaries.settings)
    assert perch is not None
    past = canary_past.read_past(perch, canaries.at(0, 1))
    ruling = {"verdict": "withdrawn", "reason": "bad memory", "who": "me", "decided_at": canaries.at(0, 2)}
    perch.workplace.lake.append(
        "verdicts", table("verdicts", [{"run_id": run["run_id"], **ruling} for run in past.runs])
    )
    canaries.right["sums"] = 30
    assert canaries.ask(1).state == "begun"


def test_the_nights_of_the_history_are_judged_by_todays_baseline(canaries: Canaries) -> None:
    canaries.ask(0)
    canaries.right["sums"] = 3
    canaries.ask(1)
    canaries.fails = {"sums": Reason.TOO_LARGE}
    canaries.ask(2)
    perch = canary_past.perch(canaries.settings)
    assert perch is not None
    nights = canary.nights(perch, canary_past.read_past(perch, canaries.at(3), write=False))
    assert [night.state for night in nights] == ["begun", "drifted", "drifted"], "until it can be asked again"
    assert nights[2].failed == {"sums": "too_large"}


def test_a_registry_without_a_canary_asks_nobody(canaries: Canaries) -> None:
    (canaries.root / "registry" / "canary.yaml").unlink()
    assert canaries.ask(0) == canary.Canary()
    assert canaries.asked == []


def test_a_real_canary_is_the_same_twice_and_never_counts_on_the_board(tmp_path: Path) -> None:
    workplace = tiny_workplace(tmp_path)
    benchmarks = ["pattern", "addition", "follow"]
    text = json.dumps({"model": MODEL, "suite": "tiny", "benchmarks": benchmarks, "flips": {"float32": 0.01}})
    (tmp_path / "registry" / "canary.yaml").write_text(text)
    steps.planning.write_pending(workplace.lake, workplace.registry, workplace.suites, steps.attempt.now())

    def evaluate(place, planned, limit):  # type: ignore[no-untyped-def]
        return [steps.evaluate_assignment.fn(place, one, "canary") for one in planned]

    settings = reopen(tmp_path).settings
    said, again = canary.ask(settings, evaluate), canary.ask(settings, evaluate)
    assert (said.state, said.failed, list(said.scores)) == ("begun", {}, ["pattern", "addition", "follow"])
    assert (again.state, again.asked, again.scores) == ("begun", 0, said.scores)
    board = refresh.refresh(workplace.lake, settings.boards, steps.attempt.now()).board
    assert query(board, "FROM leaderboard.results").to_pylist() == []
    assert {row["state"] for row in query(board, "FROM leaderboard.coverage").to_pylist()} == {"missing"}
    planned = {job.job_id for assignment in reopen(tmp_path).plan().assignments for job in assignment.jobs}
    assert planned == {row["job_id"] for row in workplace.lake.facts("run")["run"].to_pylist()}  # the very same jobs


def test_repeats_are_the_same_in_whichever_order_they_are_read():
    rows = [
        {"task": "t", "doc_id": 1, "repeat": repeat, "filter": "none", "outcomes": [("acc", outcome)], "answer": answer,
         "prompt_hash": f"hash {repeat}"}
        for repeat, (answer, outcome) in enumerate([("no", 0.0), ("yes", 1.0)])
    ]  # fmt: skip
    assert documents(rows, "acc", "none") == documents(rows[::-1], "acc", "none")
    assert documents(rows, "acc", "none")["t/1"] == Document(0.5, "no\nyes", "hash 0")
