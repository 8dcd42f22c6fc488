"""Run the gate: look once at each run in the inbox, admit what is right and set aside what is faulty.

The gate's own log is the only clock that decides which of a job's runs counts: a worker's may be hours off.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings import admission
from standings.facts import table as fact_table
from tasks.faults import reach
from tasks.lake import INBOX, Lake, RunKey, log_key
from tasks.parallel import each
from tasks.parquet import Faulty, Newer, decode, encode
from tasks.store import Conflict, Missing

_FAULTS_TOLD = 5  # of one run; one wrong column makes as many faults as there are rows


@dataclass(frozen=True, slots=True)
class Admitted:
    """Report one pass of the gate."""

    count: int  # runs admitted
    faults: dict[RunKey, str]  # why each of the others was set aside


@dataclass(frozen=True, slots=True)
class _Judged:
    key: RunKey
    run_sha256: str
    fault: str | None
    finished_at: datetime | None  # None where the commit record could not be read
    newer: bool = False  # it has a column that this version does not know: it waits for one that does


def pending(lake: Lake) -> list[RunKey]:
    """List the runs that have their commit record and are not in the gate's log."""
    return _pending(lake, lake.admissions())


def admit(lake: Lake, now: datetime) -> Admitted:
    """Look at each pending run and append the verdicts to the log as one object.

    Gates may race: the log's next number can be created once, and who loses reads the log again.
    """
    judged: dict[RunKey, _Judged] = {}
    while True:
        number, log = lake.log(hashes=False)
        _judge(lake, log, judged)
        new = _rows(judged, log, now)
        if not new:
            return Admitted(0, {})
        faults = {RunKey(row["job_id"], row["run_id"]): row["fault"] for row in new if row["fault"]}
        for key, fault in faults.items():
            _quarantine(lake, key, fault)
        reach("admit.before_log")
        try:
            lake.store.create(log_key(number + 1), encode("admissions", fact_table("admissions", new)))
        except Conflict:
            continue
        reach("admit.after_log")
        return Admitted(len(new) - len(faults), faults)


def preview(lake: Lake, now: datetime) -> pa.Table:
    """Return the log as `admit` would leave it, and write nothing."""
    _, log = lake.log()
    return pa.concat_tables([log, foreseen(lake, log, now)]).combine_chunks()


def foreseen(lake: Lake, log: pa.Table, now: datetime) -> pa.Table:
    """Return the rows that `admit` would append to the log, and write nothing."""
    judged: dict[RunKey, _Judged] = {}
    _judge(lake, log, judged)
    return fact_table("admissions", _rows(judged, log, now))


def not_readable_yet(lake: Lake) -> dict[str, str]:
    """Look at each pending run; return by run_id those that only a newer version can read, and why."""
    judged: dict[RunKey, _Judged] = {}
    _judge(lake, lake.admissions(), judged)
    return {key.run_id: str(run.fault) for key, run in judged.items() if run.newer}


def changed(lake: Lake, row: dict[str, Any]) -> str | None:
    """Read and check an admitted run's own objects again; return what is wrong with them now."""
    try:
        judged = _look(lake, RunKey(row["job_id"], row["run_id"]))
    except Missing as error:
        return str(error)
    if judged.run_sha256 != row["run_sha256"]:
        return f"run's sha256 is {judged.run_sha256}, and was {row['run_sha256']} when it was admitted"
    return judged.fault


def _pending(lake: Lake, log: pa.Table) -> list[RunKey]:
    there = list(_committed(lake))
    near = _of(log, [key.run_id for key in there])
    seen = {RunKey(row["job_id"], row["run_id"]) for row in near.select(["job_id", "run_id"]).to_pylist()}
    return [key for key in there if key not in seen]


def _of(log: pa.Table, ids: list[str]) -> pa.Table:
    """Cut down a log, which can have a million rows, to those of a few runs."""
    if not ids:
        return log.slice(0, 0)
    return log.filter(pc.is_in(log["run_id"], value_set=pa.array(ids, pa.string())))


def _committed(lake: Lake) -> Iterator[RunKey]:
    for entry in lake.store.list(INBOX):
        key = RunKey.named_by(entry.key)
        if key is not None and entry.key == key.of("run"):
            yield key


def _judge(lake: Lake, log: pa.Table, judged: dict[RunKey, _Judged]) -> None:
    """Bring `judged` up to what is pending now; what was judged before is not read again."""
    waiting = _pending(lake, log)
    new = [key for key in waiting if key not in judged]
    looked = zip(new, each(lambda key: _look_if_there(lake, key), new), strict=True)
    judged.update((key, run) for key, run in looked if run is not None)
    for key in set(judged) - set(waiting):
        del judged[key]


def _rows(judged: dict[RunKey, _Judged], log: pa.Table, now: datetime) -> list[dict[str, Any]]:
    """Number what was judged; a run_id that the log has under another job is a fault of its own."""
    # Among runs of one pass the workers' clocks decide; those that can't be read come last.
    known = [run for run in judged.values() if not run.newer]
    order = sorted(known, key=lambda run: (run.finished_at is None, run.finished_at or now, run.key.run_id))
    taken = set(_of(log, [key.run_id for key in judged])["run_id"].to_pylist())
    rows: list[dict[str, Any]] = []
    for run in order:
        twice = f"run_id {run.key.run_id} is another job's run" if run.key.run_id in taken else None
        taken.add(run.key.run_id)
        rows.append(
            {
                "admitted_seq": log.num_rows + len(rows) + 1,
                "admitted_at": now,
                "job_id": run.key.job_id,
                "run_id": run.key.run_id,
                "run_sha256": run.run_sha256,
                "fault": run.fault or twice,
            }
        )
    return rows


def _look_if_there(lake: Lake, key: RunKey) -> _Judged | None:
    """Check one run, unless it left the inbox: another gate has admitted it, and it was compacted."""
    try:
        return _look(lake, key)
    except Missing:
        return None


def _look(lake: Lake, key: RunKey) -> _Judged:
    """Check one run and all that it names."""
    body = lake.store.read(key.of("run"))
    sha256 = hashlib.sha256(body).hexdigest()
    try:
        table = decode("run", body)
    except Newer as error:
        return _Judged(key, sha256, str(error), None, newer=True)
    except Faulty as error:
        return _Judged(key, sha256, str(error), None)
    if table.num_rows != 1:
        return _Judged(key, sha256, f"run has {table.num_rows} rows, and must have one", None)
    try:
        [run] = table.to_pylist()
        faults = [*admission.run_faults(run, key.job_id, key.run_id), *_sibling_faults(lake, key, run)]
    except Newer as error:
        return _Judged(key, sha256, str(error), run["finished_at"], newer=True)
    except (ValueError, OverflowError) as error:  # a number or a year beyond what can be hashed or told
        return _Judged(key, sha256, f"run can't be checked: {error}", None)
    told = "; ".join(faults[:_FAULTS_TOLD]) + (
        f"; and {len(faults) - _FAULTS_TOLD} more" * (len(faults) > _FAULTS_TOLD)
    )
    return _Judged(key, sha256, told or None, run["finished_at"])


def _sibling_faults(lake: Lake, key: RunKey, run: dict[str, Any]) -> Iterator[str]:
    for name, check in (("scores", admission.scores_faults), ("samples", admission.samples_faults)):
        if run[f"{name}_sha256"] is None:
            continue
        try:
            body = lake.store.read(key.of(name))
            if hashlib.sha256(body).hexdigest() != run[f"{name}_sha256"]:
                yield f"{name} has not the sha256 that run names"
                continue
            yield from check(run, decode(name, body))
        except Newer:
            raise
        except (Faulty, Missing) as error:
            yield str(error)


def _quarantine(lake: Lake, key: RunKey, fault: str) -> None:
    """Copy a faulty run aside with the reason. The original stays: facts are never edited."""
    folder = f"quarantine/{key.job_id}/{key.run_id}"
    for name in ("samples", "scores", "run"):
        with contextlib.suppress(Missing):
            lake.store.create(f"{folder}/{name}.parquet", lake.store.read(key.of(name)))
    reason = {"job_id": key.job_id, "run_id": key.run_id, "fault": fault}
    with contextlib.suppress(Conflict):  # another gate, of another version, said it in other words
        lake.store.create(f"{folder}/reason.json", json.dumps(reason, indent=2, sort_keys=True).encode())
