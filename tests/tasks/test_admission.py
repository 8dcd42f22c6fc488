"""The gate: each run is looked at once, what is faulty is set aside, and the log's order is the only clock."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from standings import facts
from tasks import admission
from tasks.lake import Lake
from tasks.parquet import Faulty, encode
from tasks.store import FolderStore
from tests.tasks import runs
from tests.tasks.runs import NOON

ROOT = Path(__file__).parents[2]


def put(lake: Lake, **changes: Any) -> dict[str, Any]:
    run = runs.run(**changes)
    lake.put_run(run, runs.scores(run), runs.samples(run))
    return run


def test_runs_of_one_pass_are_numbered_by_the_time_they_finished(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    late = put(lake, finished_at=NOON + timedelta(hours=2))
    early = put(lake, finished_at=NOON + timedelta(hours=1))
    assert admission.admit(lake, NOON).count == 2
    slow_clock = put(lake, finished_at=NOON)
    assert admission.admit(lake, NOON + timedelta(days=1)).count == 1

    log = lake.admissions()
    assert log["run_id"].to_pylist() == [early["run_id"], late["run_id"], slow_clock["run_id"]]
    assert log["admitted_seq"].to_pylist() == [1, 2, 3]
    assert log["admitted_at"].to_pylist() == [NOON, NOON, NOON + timedelta(days=1)]
    assert admission.pending(lake) == []


def test_a_pass_that_finds_nothing_new_writes_nothing(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    put(lake)
    admission.admit(lake, NOON)
    before = list(lake.store.list(""))
    assert admission.admit(lake, NOON + timedelta(days=1)) == admission.Admitted(0, {})
    assert list(lake.store.list("")) == before


def test_a_preview_is_what_the_gate_would_log_and_writes_nothing(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    put(lake)
    admission.admit(lake, NOON)
    put(lake, attempt=2)
    put(lake, variant_id="0" * 64)
    before = list(lake.store.list(""))
    shown = admission.preview(lake, NOON)
    assert list(lake.store.list("")) == before
    assert lake.facts("run", admissions=shown)["run"]["attempt"].to_pylist() == [1, 2]
    admission.admit(lake, NOON)
    assert lake.admissions().equals(shown)


def test_a_faulty_run_is_set_aside_with_its_reason_and_stops_no_other(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    sound = put(lake)
    wrong_id = put(lake, benchmark_id="0" * 64)
    truncated, swapped, lost, page = put(lake), put(lake), put(lake), put(lake)
    _edit(tmp_path, truncated, "run", lambda body: body[:-20])
    _edit(tmp_path, swapped, "scores", lambda _: encode("scores", runs.scores(swapped, value=1.0, n_correct=4)))
    _edit(tmp_path, page, "run", lambda _: b"<html>502 Bad Gateway</html>")
    _path(tmp_path, lost, "samples").unlink()

    result = admission.admit(lake, NOON)

    assert result.count == 1
    told = {key.run_id: fault for key, fault in result.faults.items()}
    assert "benchmark_id" in told[wrong_id["run_id"]]
    assert "not readable as Parquet" in told[truncated["run_id"]]
    assert told[swapped["run_id"]] == "scores has not the sha256 that run names"
    assert "nothing is there" in told[lost["run_id"]]
    assert "not readable as Parquet" in told[page["run_id"]]
    assert lake.facts("run")["run"]["run_id"].to_pylist() == [sound["run_id"]]
    aside = f"quarantine/{wrong_id['job_id']}/{wrong_id['run_id']}"
    assert json.loads(lake.store.read(f"{aside}/reason.json"))["fault"] == told[wrong_id["run_id"]]
    assert [entry.key for entry in lake.store.list(f"{aside}/")] == [
        f"{aside}/{name}" for name in ("reason.json", "run.parquet", "samples.parquet", "scores.parquet")
    ]
    assert admission.admit(lake, NOON).faults == {}


def test_a_run_under_another_jobs_key_is_refused(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    run = runs.run()
    other = {**run, "job_id": "f" * 64}
    lake.put_run(other, runs.scores(run), runs.samples(run))
    [fault] = admission.admit(lake, NOON).faults.values()
    assert "its columns hash to" in fault


def test_a_run_id_that_serves_two_jobs_is_admitted_for_one(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    first = put(lake, model="acme/a")
    put(lake, model="acme/b", run_id=first["run_id"], finished_at=NOON + timedelta(hours=1))
    result = admission.admit(lake, NOON)
    assert result.count == 1
    assert list(result.faults.values()) == [f"run_id {first['run_id']} is another job's run"]
    assert lake.facts("run")["run"]["model"].to_pylist() == ["acme/a"]


@pytest.mark.parametrize(
    "changes", [{"protocol": '{"temperature":1e400}'}, {"protocol": '{"seed":99999999999999999999}'}, {"epoch": 2**60}]
)
def test_a_run_whose_identity_can_not_be_hashed_is_set_aside_and_stops_no_other(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    lake = Lake(FolderStore(tmp_path))
    right, wrong = put(lake), runs.run()
    lake.put_run({**wrong, **changes}, runs.scores(wrong), runs.samples(wrong))
    passed = admission.admit(lake, NOON)
    assert (passed.count, [key.run_id for key in passed.faults]) == (1, [wrong["run_id"]])
    assert lake.run(right["run_id"])["status"] == "succeeded"


def test_an_object_without_its_commit_record_waits_and_is_no_fault(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    run = runs.run()
    lake.store.create(f"inbox/v1/{run['job_id']}/{run['run_id']}/scores.parquet", encode("scores", runs.scores(run)))
    assert admission.pending(lake) == []
    assert admission.admit(lake, NOON) == admission.Admitted(0, {})


def test_gates_that_race_in_threads_admit_each_run_once(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    wanted = {put(lake, model=f"acme/{number}")["run_id"] for number in range(12)}
    extra: list[dict[str, Any]] = []

    def gate(number: int) -> int:
        if number % 2:
            extra.append(put(lake, model=f"late/{number}"))
        # Each gate has its own time, so that no two write the same bytes.
        return admission.admit(lake, NOON + timedelta(seconds=number)).count

    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(gate, range(6)))
    counts.append(admission.admit(lake, NOON + timedelta(days=1)).count)

    log = lake.admissions()
    assert sorted(log["run_id"].to_pylist()) == sorted(wanted | {run["run_id"] for run in extra})
    assert log["admitted_seq"].to_pylist() == list(range(1, 16))
    assert sum(counts) == 15


def test_gates_that_race_in_processes_admit_each_run_once(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    wanted = {put(lake, model=f"acme/{number}")["run_id"] for number in range(20)}
    script = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from tasks.admission import admit; from tasks.lake import Lake; from tasks.store import FolderStore\n"
        "print(admit(Lake(FolderStore(Path(sys.argv[1]))), datetime.now(UTC)).count)"
    )
    gates = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    counts = [int(gate.communicate(timeout=60)[0]) for gate in gates]
    assert sorted(counts) == [0, 0, 20]
    assert set(lake.admissions()["run_id"].to_pylist()) == wanted
    assert lake.facts("run", "scores")["scores"].num_rows == 20


def test_a_gap_in_the_log_is_an_error_and_not_a_renumbering(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    for number in range(2):
        put(lake, model=f"acme/{number}")
        admission.admit(lake, NOON)
    (tmp_path / "admissions/v1/000000000001.parquet").unlink()
    with pytest.raises(Faulty, match="gap"):
        admission.admit(lake, NOON)


def test_the_rows_of_a_run_are_one(tmp_path: Path) -> None:
    lake = Lake(FolderStore(tmp_path))
    run = runs.run(status="failed", reason="too_large")
    two = facts.table("run", [run, run])
    lake.store.create(f"inbox/v1/{run['job_id']}/{run['run_id']}/run.parquet", encode("run", two))
    assert list(admission.admit(lake, NOON).faults.values()) == ["run has 2 rows, and must have one"]


def _path(root: Path, run: dict[str, Any], name: str) -> Path:
    return root / f"inbox/v1/{run['job_id']}/{run['run_id']}/{name}.parquet"


def _edit(root: Path, run: dict[str, Any], name: str, change: Callable[[bytes], bytes]) -> None:
    path = _path(root, run, name)
    path.write_bytes(change(path.read_bytes()))
