"""The lake: a run is there whole or not at all, whatever is killed when."""

import hashlib
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from standings import facts
from tasks import admission
from tasks.faults import POINTS
from tasks.lake import Lake
from tasks.parquet import Faulty
from tasks.store import Conflict, FolderStore, Missing
from tests.tasks import runs
from tests.tasks.runs import NOON

ROOT = Path(__file__).parents[2]
# One process puts the runs that its command line numbers, then opens the gate.
_PUT = """
import sys
from pathlib import Path
from tasks.admission import admit
from tasks.lake import Lake
from tasks.store import FolderStore
from tests.tasks import runs
lake = Lake(FolderStore(Path(sys.argv[1])))
for number in sys.argv[2:]:
    run = runs.run(model=f"acme/model-{number}")
    lake.put_run(run, runs.scores(run), runs.samples(run))
admit(lake, runs.NOON)
"""


def put(root: Path, *numbers: int, fault: str = "") -> int:
    """Put runs in a process of their own and return its exit status."""
    command = [sys.executable, "-c", _PUT, str(root), *map(str, numbers)]
    variables = {**os.environ, "STANDINGS_FAULT": fault}
    return subprocess.run(command, cwd=ROOT, env=variables, timeout=60, check=False).returncode


def test_a_run_is_read_back_once_the_gate_has_admitted_it(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    run = runs.run()
    lake.put_run(run, runs.scores(run), runs.samples(run))
    assert lake.facts("run", "scores")["run"].num_rows == 0
    with pytest.raises(Missing, match="not admitted"):
        lake.run(run["run_id"])

    admission.admit(lake, NOON)

    found = lake.facts("run", "scores", "admissions")
    assert list(found) == ["run", "scores", "admissions"]
    assert found["scores"].equals(runs.scores(run))
    assert lake.run(run["run_id"])["scores_rows"] == 1
    assert lake.samples(run["run_id"]).equals(runs.samples(run))
    assert lake.samples(run["job_id"]).equals(runs.samples(run))


def test_a_failed_run_has_one_object_and_does_not_block_the_next_attempt(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    failed = runs.run(status="failed", reason="infrastructure", detail="killed by signal 9")
    lake.put_run(failed)
    again = runs.run(attempt=2)
    assert again["job_id"] == failed["job_id"]
    lake.put_run(again, runs.scores(again), runs.samples(again))
    admission.admit(lake, NOON)
    found = lake.facts("run", "scores")
    assert found["run"]["status"].to_pylist() == ["failed", "succeeded"]
    assert found["scores"]["run_id"].to_pylist() == [again["run_id"]]
    folder = f"inbox/v1/{failed['job_id']}/{failed['run_id']}/"
    assert [entry.key for entry in lake.store.list(folder)] == [f"{folder}run.parquet"]


def test_a_run_is_put_again_after_a_lost_reply_and_never_with_other_numbers(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    run = runs.run()
    for _ in range(2):
        lake.put_run(run, runs.scores(run), runs.samples(run))
    with pytest.raises(Conflict):
        lake.put_run(run, runs.scores(run, value=0.5, n_correct=2), runs.samples(run))


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith(("put.", "admit."))])
def test_killed_at_a_fault_point_it_loses_the_run_in_hand_and_counts_none_twice(tmp_path: Path, point: str) -> None:
    stops_at_second = f"{point}#2" if point.startswith("put.") else point
    assert put(tmp_path, 1, 2, fault=stops_at_second) == -signal.SIGKILL
    lake = Lake(FolderStore(tmp_path))
    if point.startswith("put."):
        assert [key.run_id for key in admission.pending(lake)] != []
    before = lake.facts("run", admissions=admission.preview(lake, NOON))["run"]["model"].to_pylist()
    killed_late = point in ("put.after_run", "admit.before_log", "admit.after_log")
    assert sorted(before) == ["acme/model-1", "acme/model-2"] if killed_late else ["acme/model-1"]

    again = [number for number in (1, 2) if f"acme/model-{number}" not in before]
    assert put(tmp_path, *again) == 0

    found = lake.facts("run", "scores", "admissions")
    assert sorted(found["run"]["model"].to_pylist()) == ["acme/model-1", "acme/model-2"]
    assert found["scores"].num_rows == 2
    assert found["admissions"]["admitted_seq"].to_pylist() == [1, 2]
    assert found["admissions"]["fault"].null_count == 2


def test_appended_rows_are_read_in_the_order_of_their_clock_and_the_same_rows_once(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    later = {"run_id": "1", "verdict": "cleared", "reason": "a slip", "who": "ada", "decided_at": NOON + timedelta(1)}
    earlier = {**later, "verdict": "withdrawn", "decided_at": NOON}
    for row in (later, earlier, later):
        lake.append("verdicts", facts.table("verdicts", [row]))
    lake.append("verdicts", facts.table("verdicts", []))
    assert lake.facts("verdicts")["verdicts"]["verdict"].to_pylist() == ["withdrawn", "cleared"]


def test_the_revision_moves_with_what_is_appended_and_not_with_runs(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    empty = lake.revision()
    run = runs.run()
    lake.put_run(run, runs.scores(run), runs.samples(run))
    admission.admit(lake, NOON)
    assert lake.revision() == empty
    ruling = {"run_id": run["run_id"], "verdict": "suspect", "reason": "slow", "who": "ada", "decided_at": NOON}
    lake.append("verdicts", facts.table("verdicts", [ruling]))
    assert lake.revision() != empty


def test_reading_a_lake_that_is_not_there_gives_empty_tables_and_creates_nothing(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path / "lake"))
    found = lake.facts("run", "scores", "models", "benchmarks", "wanted", "admissions", "verdicts", "decisions")
    assert {name: table.num_rows for name, table in found.items()} == dict.fromkeys(found, 0)
    assert all(table.schema.equals(facts.SCHEMAS[name]) for name, table in found.items())
    assert admission.preview(lake, NOON).num_rows == 0
    assert admission.admit(lake, NOON).count == 0
    assert not (tmp_path / "lake").exists()


def test_an_admitted_run_whose_bytes_rot_is_left_out_and_the_rest_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lake = Lake(FolderStore(tmp_path))
    rotten, gone, sound = (runs.run(model=f"acme/{name}") for name in ("rotten", "gone", "sound"))
    for run in (rotten, gone, sound):
        lake.put_run(run, runs.scores(run), runs.samples(run))
    admission.admit(lake, NOON)
    scores = next(tmp_path.glob(f"inbox/v1/*/{rotten['run_id']}/scores.parquet"))
    scores.write_bytes(scores.read_bytes()[:-1])
    next(tmp_path.glob(f"inbox/v1/*/{gone['run_id']}/run.parquet")).unlink()

    found = lake.facts("run", "scores")

    assert found["run"]["model"].to_pylist() == ["acme/sound"]
    assert found["scores"]["run_id"].to_pylist() == [sound["run_id"]]
    assert rotten["run_id"] in caplog.text
    assert gone["run_id"] in caplog.text


def test_a_rotten_registry_fact_stops_the_reader_by_name(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    row = {"decision": "retry", "target": "1", "reason": "disk was full", "who": "ada", "decided_at": NOON}
    lake.append("decisions", facts.table("decisions", [row]))
    [entry] = lake.store.list("facts/v1/decisions/")
    (tmp_path / entry.key).write_bytes(b"<html>")
    with pytest.raises(Faulty, match=r"facts/v1/decisions/20260801T120000000000Z-.*sha256"):
        lake.facts("decisions")


def test_a_table_that_is_not_read_whole_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="samples"):
        Lake(FolderStore(tmp_path)).facts("samples")


def test_the_commit_record_names_what_its_siblings_are(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    run = runs.run()
    lake.put_run(run, runs.scores(run), runs.samples(run))
    admission.admit(lake, NOON)
    stored = lake.run(run["run_id"])
    for name, rows in (("scores", 1), ("samples", 4)):
        body = lake.store.read(f"inbox/v1/{run['job_id']}/{run['run_id']}/{name}.parquet")
        assert stored[f"{name}_sha256"] == hashlib.sha256(body).hexdigest()
        assert stored[f"{name}_rows"] == rows
