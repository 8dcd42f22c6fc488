"""Read of a lake's runs what a plan needs: which jobs plainly count, and the runs of the few others.

A job counts plainly where a run of it succeeded and nobody ever ruled on that run: whatever else happened to it, SQL
would say `counted`. A compacted log says so of its runs, so that a million of them need not be read.
"""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from standings.compacted import succeeded
from tasks import reading
from tasks.lake import Lake
from tasks.parallel import each
from tasks.reading import View


@dataclass(frozen=True)
class Overview:
    """The runs of a lake as a log has them."""

    view: View
    log: pa.Table  # the gate's, with what it would append
    loose: pa.Table  # runs that lie in no compacted file

    @classmethod
    def read(cls, lake: Lake, view: View, foreseen: pa.Table) -> "Overview":
        """Read what is not compacted."""
        log = pa.concat_tables([view.log, foreseen])
        return cls(view=view, log=log, loose=lake.loose_runs(view, log))

    def plain(self, ruled: pa.ChunkedArray) -> pa.Table:
        """Return the jobs that plainly count; `ruled` are runs that somebody ruled on."""
        places = self.view.compacted.places
        mask, compacted = pc.fill_null(places["succeeded"], False), places.select(["job_id", "run_id"])
        if not pc.all(mask, min_count=0).as_py():
            compacted = compacted.filter(mask)
        rows = self.loose.select(["purpose", "status", "job_id"]).to_pylist()
        loose = self.loose.filter(pa.array(map(succeeded, rows), pa.bool_())).select(["job_id", "run_id"])
        found = pa.concat_tables([compacted, loose], promote_options="permissive")
        if len(ruled):
            found = found.filter(pc.invert(pc.is_in(found["run_id"], value_set=ruled.combine_chunks())))
        return found.select(["job_id"])

    def facts(self, jobs: pa.Array | None) -> dict[str, pa.Table]:
        """Return the runs of these jobs, or of all, and the rows of the log that admit them."""
        if jobs is None:
            return {"run": pa.concat_tables([*self.view.compacted.whole("run"), self.loose]), "admissions": self.log}
        run = pa.concat_tables(
            [self._compacted(jobs), self.loose.filter(pc.is_in(self.loose["job_id"], value_set=jobs))]
        )
        log = self.log.filter(pc.is_in(self.log["run_id"], value_set=run["run_id"].combine_chunks()))
        return {"run": run, "admissions": log}

    def _compacted(self, jobs: pa.Array) -> pa.Table:
        places = self.view.compacted.places
        held = pc.and_(pc.is_valid(places["shard"]), pc.is_in(places["job_id"], value_set=jobs))
        ends = [segment.to for segment in self.view.compacted.manifest.segments]
        wanted: dict[tuple[int, int], list[str]] = defaultdict(list)
        for row in places.filter(held).select(["admitted_seq", "shard", "run_id"]).to_pylist():
            wanted[bisect_left(ends, row["admitted_seq"]), row["shard"]].append(row["run_id"])

        def read(item: tuple[tuple[int, int], list[str]]) -> pa.Table:
            (segment, number), ids = item
            shard = self.view.compacted.shards[segment][number]
            rows = shard.run.filter(pc.is_in(shard.run["run_id"], value_set=pa.array(ids, pa.string())))
            shard.release()
            return rows

        return reading.joined("run", each(read, wanted.items()))
