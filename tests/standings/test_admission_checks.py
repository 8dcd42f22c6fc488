"""What the gate refuses, one fault at a time: each case changes one thing of a run that is admitted."""

import math
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from standings import admission
from standings.facts import table
from tests.tasks import runs


def run_row(**changes: Any) -> dict[str, Any]:
    """Make a run as the gate reads it: every column there, its scores and samples named."""
    named = {"scores_sha256": "0" * 64, "scores_rows": 1, "samples_sha256": "1" * 64, "samples_rows": 4}
    [row] = table("run", [{**runs.run(), **named, **changes}]).to_pylist()
    return dict(row)


def faults(**changes: Any) -> list[str]:
    row = run_row(**changes)
    return admission.run_faults(row, row["job_id"], row["run_id"])


def test_a_right_run_has_no_fault() -> None:
    row = run_row()
    assert admission.run_faults(row, row["job_id"], row["run_id"]) == []
    assert admission.scores_faults(row, runs.scores(row)) == []
    assert admission.samples_faults(row, runs.samples(row)) == []


def test_a_right_failure_has_no_fault() -> None:
    nothing = {"scores_sha256": None, "scores_rows": None, "samples_sha256": None, "samples_rows": None}
    assert faults(status="failed", reason="not_finite", **nothing) == []
    assert faults(status="cancelled", **nothing) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "acme/other"},
        {"revision": "b" * 40},
        {"dtype": "bfloat16"},
        {"quantisation": "Q4_K_M"},
        {"engine": "vllm"},
        {"reasoning": "on"},
        {"weights": "c" * 64},
        {"lock": "d" * 64},
        {"document_limit": 10},
        {"epoch": 2},
        {"protocol": '{"output":"generate"}'},
    ],
)
def test_an_identity_that_does_not_hash_to_the_ids_is_refused(changes: dict[str, Any]) -> None:
    """The ids are of the unchanged run: the columns say another question than the key."""
    assert "its columns hash to" in "; ".join(faults(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"revision": None}, "without a pinned revision"),
        ({"protocol": '{"output": "multiple_choice"}'}, "canonical JSON"),
        ({"protocol": "chat"}, "canonical JSON"),
        ({"run_id": "one"}, "no UUIDv7"),
        ({"run_id": "6f1c2b54-7d8e-4d8e-9d8e-000000000001"}, "no UUIDv7"),
        ({"status": "done"}, "run.status is done"),
        ({"purpose": "fun"}, "run.purpose is fun"),
        ({"status": "failed", "reason": "bad luck"}, "run.reason is bad luck"),
        ({"status": "failed", "reason": "gated"}, "names scores or samples, and it failed"),
        ({"scores_sha256": None, "scores_rows": None}, "a run that succeeded has scores"),
        ({"scores_sha256": None, "scores_rows": 1}, "a run that succeeded has scores"),
        ({"finished_at": runs.NOON - timedelta(1)}, "before started_at"),
        ({"attempt": 0}, "run.attempt is 0"),
        ({"seconds": math.nan}, "run.seconds is nan"),
        ({"load_seconds": -1.0}, "run.load_seconds is -1.0"),
        ({"tokens_out": -1}, "run.tokens_out is -1"),
        ({"documents_scored": 5}, "5 of 4 attempted"),
    ],
)
def test_a_run_that_cannot_be_is_refused_by_column(changes: dict[str, Any], message: str) -> None:
    assert message in "; ".join(faults(**changes))


def test_a_run_is_refused_under_another_key() -> None:
    row = run_row()
    found = admission.run_faults(row, "f" * 64, runs.new_run_id())
    assert [fault.partition(" is ")[0] for fault in found] == ["run.run_id", "run.job_id"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": math.nan}, "value is nan"),
        ({"value": math.inf, "n_correct": None}, "value is inf"),
        ({"metric": "bypass"}, "measured nothing"),
        ({"value": 999.0, "n_correct": None}, "measured nothing"),
        ({"stderr": -0.1}, "stderr is -0.1"),
        ({"stderr": math.nan}, "stderr is nan"),
        ({"n_correct": 5}, "n_correct is 5 of 4"),
        ({"n_correct": -1}, "n_correct is -1 of 4"),
        ({"value": 1.5}, "value is 1.5"),
        ({"n": 3}, "n is 3 for 4 documents"),
        ({"n": 0, "n_docs": 0, "n_correct": 0}, "n is 0 for 0 documents"),
        ({"run_id": "another"}, "scores.run_id is another run's: another"),
    ],
)
def test_a_score_that_cannot_be_is_refused_by_its_row(changes: dict[str, Any], message: str) -> None:
    row = run_row()
    assert message in "; ".join(admission.scores_faults(row, runs.scores(row, **changes)))


def test_a_score_without_an_error_or_counts_is_right() -> None:
    row = run_row()
    assert admission.scores_faults(row, runs.scores(row, stderr=None, n_correct=None, value=-12.5)) == []


def test_rows_missing_or_twice_are_refused() -> None:
    row = run_row()
    scores, samples = runs.scores(row), runs.samples(row)
    twice = admission.scores_faults(row, pa.concat_tables([scores, scores]))
    assert twice[0] == "scores has 2 rows, and run names 1"
    assert "1 rows twice, the first is (quick_sums, acc, none)" in twice[1]
    assert admission.samples_faults(row, samples.slice(1)) == ["samples has 3 rows, and run names 4"]
    nothing = {**row, "samples_rows": 0}
    assert admission.samples_faults(nothing, samples.slice(0, 0)) == []
    same = pa.concat_tables([samples.slice(0, 2), samples.slice(0, 2)])
    assert "2 rows twice" in admission.samples_faults(row, same)[0]


def test_an_outcome_that_is_not_finite_is_refused() -> None:
    row = run_row()
    [fault] = admission.samples_faults(row, runs.samples(row, outcomes=[("acc", 1.0), ("ppl", math.inf)]))
    assert fault == "samples.outcomes holds 4 numbers that are not finite"
