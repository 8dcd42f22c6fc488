"""Read from the lake what became of assignments that workers elsewhere took: a server's word is never asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings.failure import Reason
from standings.plan import Assignment, Job
from standings.work import Purpose
from tasks import admission, reading
from tasks.evaluate import Outcome
from tasks.lake import Lake
from tasks.parallel import each
from tasks.parquet import Faulty
from tasks.reading import View
from tasks.segments import newest
from tasks.store import Missing

Row = Mapping[str, Any]


def outcomes_of(
    lake: Lake,
    assignments: Sequence[Assignment],
    now: datetime,
    purpose: Purpose = "board",
    since: datetime | None = None,
) -> list[Outcome]:
    """Collect how each job's planned attempt, or a later one, ended; one that has none is neither stored nor failed.

    Lets the gate look first, and reads what it has admitted, wherever that lies by now: a refresh beside a night takes
    runs out of the inbox. What the gate set aside is no end: the next plan asks for it again. The canary is asked under
    the same attempt every night: of its runs only those count that the gate saw `since`.
    """
    admission.admit(lake, now)
    view = lake.view()
    jobs = {job.job_id: job for assignment in assignments for job in assignment.jobs}
    log = view.log.filter(
        pc.and_(pc.is_in(view.log["job_id"], pa.array(jobs, pa.string())), _admitted(view.log, since))
    )
    rows: list[Row] = log.to_pylist()
    found: dict[str, Row] = {}
    for run in lake.settled(view, lambda seen: each(lambda row: _run(seen, row), rows)):
        if run is not None and _ended(run, jobs[run["job_id"]], purpose):
            known = found.get(run["job_id"])
            if (
                known is None or known["status"] != "succeeded"
            ):  # as on the board, where the first that succeeded counts
                found[run["job_id"]] = run
    return [_outcome(assignment, found) for assignment in assignments]


def _admitted(log: pa.Table, since: datetime | None) -> pa.Array:
    right = pc.is_null(log["fault"])
    return right if since is None else pc.and_(right, pc.greater_equal(log["admitted_at"], since))


def _run(view: View, row: Row) -> Row | None:
    """Read one run; one whose bytes have rotted or gone is left out, as everywhere: its job is missing again."""
    try:
        return dict(reading.run_of(view, row).to_pylist()[0])
    except Faulty:
        return None
    except Missing:
        if newest(view.store) != view.compacted.manifest:
            raise  # it left the inbox while it was read, and is read again
        return None


def _ended(run: Row, job: Job, purpose: Purpose) -> bool:
    return run["purpose"] == purpose and run["attempt"] >= job.attempt and run["status"] in ("succeeded", "failed")


def _outcome(assignment: Assignment, found: Mapping[str, Row]) -> Outcome:
    outcome = Outcome()
    for run in (found[job.job_id] for job in assignment.jobs if job.job_id in found):
        if run["status"] == "succeeded":
            outcome.stored.append(run["job_id"])
            outcome.runs.append(run["run_id"])
        else:
            outcome.failed[run["job_id"]] = Reason(run["reason"])
    return outcome
