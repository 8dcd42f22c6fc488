"""Versions meet in one lake: an older one's facts are read for ever, a newer one's wait for who can read them.

`tests/data/lake-2026-11` was written before `run.peak_memory` was a column: three runs compacted, one in the inbox.
"""

import hashlib
import io
import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from standings.compacted import outcomes_of
from standings.facts import SCHEMAS
from tasks import admission
from tasks.collection import collect
from tasks.compaction import compact
from tasks.inspection import inspect
from tasks.lake import Lake, RunKey
from tasks.parquet import Faulty, Newer, decode, encode
from tasks.refresh import refresh
from tasks.segments import MANIFESTS, newest
from tasks.store import FolderStore
from tests.tasks.lakes import everything, inbox, put, same
from tests.tasks.runs import NOON

OLD = Path(__file__).parents[1] / "data" / "lake-2026-11"


@pytest.fixture
def old(tmp_path: Path) -> Lake:
    """A copy of the old lake."""
    return Lake(FolderStore(Path(shutil.copytree(OLD, tmp_path / "lake"))))


def with_column(body: bytes, name: str) -> bytes:
    """Write a file again as a version would that has one more column."""
    table = pq.read_table(io.BytesIO(body))
    sink = io.BytesIO()
    wider = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    pq.write_table(wider, sink, store_schema=False, write_page_checksum=True)
    return sink.getvalue()


def test_a_lake_of_an_older_version_is_read_with_what_it_lacks_as_null(old: Lake) -> None:
    found = everything(old)
    assert found["run"]["model"].to_pylist() == ["acme/model-0", "acme/model-1", "acme/model-4", "acme/model-2"]
    assert found["run"]["status"].to_pylist() == ["succeeded", "succeeded", "failed", "succeeded"]
    assert found["run"]["peak_memory"].null_count == 4
    assert found["scores"]["value"].to_pylist() == [0.75] * 3
    assert found["samples by run"]["prompt"].to_pylist() == [
        *(f"What is {place} + {place}? quick_0" for place in range(4)),
        *("What is 0 + 0? quick_1", None, "What is 2 + 2? quick_1", None),
        *(f"What is {place} + {place}? quick_2" for place in range(4)),
    ]
    assert found["outcomes"].equals(outcomes_of(found["samples by run"]))
    assert inspect(old, NOON, deep=True).rotten == {}


def test_a_lake_of_an_older_version_is_compacted_on_and_loses_nothing(old: Lake, tmp_path: Path) -> None:
    before = everything(old)
    for number in range(4):
        put(old, number, peak_memory=2**30)
    admission.admit(old, NOON)
    refresh(old, tmp_path / "boards", NOON)
    assert compact(old, NOON).runs == 5
    collect(old, NOON)
    assert inbox(old) == set()
    assert len(newest(old.store).segments) == 1
    found = everything(old)
    assert found["run"].slice(0, 4).equals(before["run"])
    assert found["run"]["peak_memory"].to_pylist() == [None] * 4 + [2**30] * 4
    assert old.samples(*before["run"]["run_id"].to_pylist()).equals(before["samples by run"])


@pytest.mark.parametrize("name", ["run", "scores", "samples"])
def test_a_run_that_a_newer_version_wrote_waits_and_is_no_fault(tmp_path: Path, name: str) -> None:
    lake = Lake(FolderStore(tmp_path))
    newer, known = put(lake, 0), put(lake, 1)
    path = tmp_path / RunKey(newer["job_id"], newer["run_id"]).of(name)
    path.write_bytes(with_column(path.read_bytes(), "temperature"))
    if name != "run":  # its commit record names the bytes
        run = lake.store.root / RunKey(newer["job_id"], newer["run_id"]).of("run")  # type: ignore[attr-defined]
        renamed(run, name, path.read_bytes())

    passed = admission.admit(lake, NOON)

    assert (passed.count, passed.faults) == (1, {})
    assert lake.admissions()["run_id"].to_pylist() == [known["run_id"]]
    found = inspect(lake, NOON + timedelta(days=30))
    assert found.waiting == (newer["run_id"],)
    assert f"{name}.temperature" in found.newer[newer["run_id"]]
    assert "newer version" in found.newer[newer["run_id"]]
    assert (found.set_aside, found.orphaned) == ({}, ())
    assert admission.admit(lake, NOON).count == 0  # and is looked at again in each pass


def test_a_run_that_a_newer_gate_admitted_stops_an_older_reader_rather_than_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(FolderStore(tmp_path))
    run = put(lake, 0)
    path = tmp_path / RunKey(run["job_id"], run["run_id"]).of("run")
    path.write_bytes(with_column(path.read_bytes(), "temperature"))
    with monkeypatch.context() as newer:
        columns = SCHEMAS["run"].append(pa.field("temperature", pa.string()))
        newer.setitem(SCHEMAS, "run", columns)
        assert admission.admit(lake, NOON).count == 1
    with pytest.raises(Newer, match=r"run\.temperature.*newer version\? Install that one"):
        lake.facts("run")
    assert list(compact(lake, NOON).left_out) == [run["run_id"]]  # and an older compactor leaves it alone


def renamed(run: Path, name: str, body: bytes) -> None:
    """Have a commit record name other bytes."""
    table = decode("run", run.read_bytes())
    place = table.schema.get_field_index(f"{name}_sha256")
    sha256 = pa.array([hashlib.sha256(body).hexdigest()])
    run.write_bytes(encode("run", table.set_column(place, table.schema.field(place), sha256)))


def test_compacted_files_of_a_newer_version_are_refused_and_not_read_in_part(old: Lake, tmp_path: Path) -> None:
    manifest = tmp_path / "lake" / MANIFESTS / "000000000001.json"
    manifest.write_text(manifest.read_text().replace('"made_at"', '"format":2,"made_at"'))
    with pytest.raises(Faulty, match="use the version that wrote it"):
        old.facts("run")


def test_the_kept_lake_is_as_it_was_written(old: Lake) -> None:
    assert same(everything(old), everything(Lake(FolderStore(OLD))))
    names = {pq.read_schema(path).get_field_index("peak_memory") for path in OLD.rglob("run*.parquet")}
    names |= {pq.read_schema(path).get_field_index("peak_memory") for path in OLD.glob("compacted/v1/run/*")}
    assert names == {-1}
