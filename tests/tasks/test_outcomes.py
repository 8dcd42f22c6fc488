"""What became of an assignment is read from the lake, wherever its runs lie and whatever else was asked before."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from standings.failure import Reason
from standings.plan import Assignment, Job
from tasks import admission, compaction
from tasks.lake import Lake
from tasks.outcomes import outcomes_of
from tasks.store import FolderStore
from tests.tasks import runs
from tests.tasks.lakes import inbox
from tests.tasks.runs import NOON

LATER = NOON + timedelta(hours=1)
Row = dict[str, Any]


def lake_in(folder: Path) -> Lake:
    """Open a lake."""
    return Lake(FolderStore(folder))


def put(lake: Lake, model: str, reason: Reason | None = None, **changes: Any) -> Row:
    """Put a run that succeeded, or failed."""
    if reason is not None:
        run = runs.run(model=model, status="failed", reason=reason.value, detail="as the test says", **changes)
        lake.put_run(run)
        return run
    run = runs.run(model=model, **changes)
    lake.put_run(run, runs.scores(run), runs.samples(run))
    return run


def asked(*of: Row, attempt: int = 1) -> Assignment:
    """Make an assignment of the jobs of runs."""
    what = {"suite": "quick", "benchmark_id": "b", "protocol": "{}", "documents": 4, "why": "new", "seconds": 1.0}
    jobs = tuple(Job(job_id=run["job_id"], benchmark=run["model"], attempt=attempt, **what) for run in of)
    return Assignment(model="acme/tiny", variant="main", variant_id="v", memory=1.0, jobs=jobs)


def test_a_run_that_was_compacted_beside_the_night_is_stored_and_not_unfinished(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    ended = [put(lake, "acme/one"), put(lake, "acme/two", Reason.GATED)]
    never = runs.run(model="acme/three")
    [before] = outcomes_of(lake, [asked(*ended, never)], NOON)
    compaction.compact(lake, NOON)
    for entry in list(lake.store.list("inbox/")):
        (tmp_path / entry.key).unlink()  # as the collector does, once nobody can be reading it there
    assert not inbox(lake)
    [after] = outcomes_of(lake, [asked(*ended, never)], LATER)
    assert before == after
    assert (after.stored, after.runs) == ([ended[0]["job_id"]], [ended[0]["run_id"]])
    assert after.failed == {ended[1]["job_id"]: Reason.GATED}


def test_an_earlier_attempt_is_not_the_end_of_the_one_that_was_planned(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    first = put(lake, "acme/one", Reason.INFRASTRUCTURE)
    assert outcomes_of(lake, [asked(first, attempt=2)], NOON)[0].failed == {}
    put(lake, "acme/one", attempt=2)
    assert outcomes_of(lake, [asked(first, attempt=2)], NOON)[0].stored == [first["job_id"]]


def test_a_job_that_ran_twice_is_stored_where_one_of_both_succeeded(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    right = put(lake, "acme/one")
    put(lake, "acme/one", Reason.INFRASTRUCTURE)
    [outcome] = outcomes_of(lake, [asked(right)], NOON)
    assert (outcome.runs, outcome.failed) == ([right["run_id"]], {})


def test_the_canarys_run_of_an_earlier_night_is_not_tonights(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    old = put(lake, "acme/one", purpose="canary")
    admission.admit(lake, NOON)
    [before] = outcomes_of(lake, [asked(old)], LATER, "canary", since=LATER)
    new = put(lake, "acme/one", purpose="canary")
    [after] = outcomes_of(lake, [asked(old)], LATER, "canary", since=LATER)
    assert (before.runs, after.runs) == ([], [new["run_id"]])


def test_the_canarys_run_is_not_the_boards(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    assert outcomes_of(lake, [asked(put(lake, "acme/one", purpose="canary"))], NOON)[0].stored == []


def test_a_run_that_the_gate_set_aside_or_that_has_rotted_is_no_end(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    faulty, rotten = put(lake, "acme/one", seconds=-1.0), put(lake, "acme/two")
    admission.admit(lake, NOON)
    (tmp_path / f"inbox/v1/{rotten['job_id']}/{rotten['run_id']}/run.parquet").write_bytes(b"rotten")
    [outcome] = outcomes_of(lake, [asked(faulty, rotten)], LATER)
    assert (outcome.stored, outcome.failed) == ([], {})
