"""Read from the lake what became of an assignment that a worker elsewhere took: a server's word is never asked."""

from standings.failure import Reason
from standings.plan import Assignment, Job
from standings.work import Purpose
from tasks.evaluate import Outcome
from tasks.inbox import INBOX, RunKey
from tasks.lake import Lake
from tasks.parallel import each
from tasks.parquet import decode
from tasks.store import Missing


def outcome_of(lake: Lake, assignment: Assignment, purpose: Purpose = "board") -> Outcome:
    """Collect how each job's planned attempt ended; one that has none is neither stored nor failed."""
    outcome = Outcome()
    for job, row in zip(assignment.jobs, each(lambda job: _attempt(lake, job, purpose), assignment.jobs), strict=True):
        if row is None:
            continue
        if row["status"] == "succeeded":
            outcome.stored.append(job.job_id)
            outcome.runs.append(row["run_id"])
        else:
            outcome.failed[job.job_id] = Reason(row["reason"])
    return outcome


def _attempt(lake: Lake, job: Job, purpose: Purpose) -> dict[str, str] | None:
    """Return the newest run of a job that is the attempt that was planned, or a later one."""
    keys = {RunKey.named_by(entry.key) for entry in lake.store.list(f"{INBOX}{job.job_id}/")}
    for key in sorted((key for key in keys if key), key=lambda key: key.run_id, reverse=True):
        try:
            [row] = decode("run", lake.store.read(key.of("run"))).to_pylist()
        except Missing:  # its worker is at it, or died; or it was compacted, and then it is an old one
            continue
        if row["purpose"] == purpose and row["attempt"] >= job.attempt and row["status"] in ("succeeded", "failed"):
            return dict(row)
    return None
