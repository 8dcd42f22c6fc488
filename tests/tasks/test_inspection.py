"""A look over the lake tells what is admitted, set aside, waiting, orphaned or rotten."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks import admission
from tasks.attempt import run_id
from tasks.inspection import inspect, started
from tasks.lake import Lake, RunKey
from tasks.parquet import encode
from tasks.store import FolderStore
from tests.tasks import runs

NOW = datetime.now(UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(FolderStore(tmp_path))


def put(lake: Lake, **changes: Any) -> RunKey:
    run = runs.run(run_id=run_id(), **changes)
    lake.put_run(run, runs.scores(run), runs.samples(run))
    return RunKey(run["job_id"], run["run_id"])


def put_without_its_record(lake: Lake, age: timedelta) -> str:
    """Put what a worker leaves that died before the commit record, so long ago."""
    made = uuid.UUID(run_id()).int & ((1 << 80) - 1) | int((time.time() - age.total_seconds()) * 1000) << 80
    run = runs.run(run_id=str(uuid.UUID(int=made)))
    lake.store.create(RunKey(run["job_id"], run["run_id"]).of("scores"), encode("scores", runs.scores(run)))
    return str(run["run_id"])


def test_each_run_is_in_one_state(lake: Lake):
    put(lake)
    faulty = put(lake, variant_id="0" * 64)
    admission.admit(lake, NOW)
    waiting = put(lake)
    unfinished = put_without_its_record(lake, timedelta(days=6))
    orphan = put_without_its_record(lake, timedelta(days=8))
    found = inspect(lake, NOW)
    assert (found.admitted, list(found.set_aside)) == (1, [faulty.run_id])
    assert (found.waiting, found.unfinished, found.orphaned) == ((waiting.run_id,), (unfinished,), (orphan,))


def test_a_look_writes_nothing(lake: Lake):
    put(lake)
    before = list(lake.store.list(""))
    inspect(lake, NOW, deep=True)
    assert list(lake.store.list("")) == before


@pytest.mark.parametrize("name", ["run", "scores", "samples"])
def test_a_byte_that_rots_after_admission_is_found_by_a_deep_look_alone(lake: Lake, name: str):
    sound, rotten = put(lake), put(lake, attempt=2)
    admission.admit(lake, NOW)
    assert inspect(lake, NOW, deep=True).rotten == {}
    path = Path(lake.store.root) / rotten.of(name)  # type: ignore[attr-defined]
    body = path.read_bytes()
    path.write_bytes(body[:-9] + bytes([body[-9] ^ 1]) + body[-8:])
    assert inspect(lake, NOW).rotten == {}
    assert "sha256" in inspect(lake, NOW, deep=True).rotten[rotten.run_id]
    path.unlink()
    assert "nothing is there" in inspect(lake, NOW, deep=True).rotten[rotten.run_id]
    assert sound.run_id not in inspect(lake, NOW, deep=True).rotten


def test_a_runs_id_tells_when_it_began():
    assert abs((started(run_id()) - datetime.now(UTC)).total_seconds()) < 5
