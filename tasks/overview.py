"""Read of a lake's runs what a plan needs: which jobs plainly count, and the runs of the few others.

A job counts plainly where a run of it succeeded and nobody ever ruled on that run: whatever else happened to it, SQL
would say `counted`. A compacted log says so of its runs, so that a million of them need not be read.
"""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from standings.coding import Column, with_rows
from standings.compacted import succeeded
from tasks import reading
from tasks.lake import Lake
from tasks.parallel import each
from tasks.reading import View

NAMED = ("benchmark_id", "suite", "benchmark", "lock")
ASKED = ("model", "revision", "lock", "harness", "engine_version", "worker", "device")  # of what a rule asks


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

    def plain(self, ruled: pa.Array) -> pa.Table:
        """Return the jobs that plainly count; `ruled` are runs that somebody ruled on."""
        places = self.view.compacted.places
        mask, compacted = pc.fill_null(places["succeeded"], False), places.select(["job_id", "run_id"])
        if not pc.all(mask, min_count=0).as_py():
            compacted = compacted.filter(mask)
        rows = self.loose.select(["purpose", "status", "job_id"]).to_pylist()
        loose = self.loose.filter(pa.array(map(succeeded, rows), pa.bool_())).select(["job_id", "run_id"])
        found = pa.concat_tables([compacted, loose], promote_options="permissive")
        if len(ruled):
            found = found.filter(pc.invert(pc.is_in(found["run_id"], value_set=ruled)))
        return found.select(["job_id"])

    def facts(self, jobs: pa.Array, runs: pa.Array) -> dict[str, pa.Table]:
        """Return the runs of these jobs and these runs, and the rows of the log that admit them."""
        loose = self.loose.filter(_either(self.loose, jobs, runs))
        run = pa.concat_tables([self._compacted(jobs, runs), loose])
        log = self.log.filter(pc.is_in(self.log["run_id"], value_set=run["run_id"].combine_chunks()))
        return {"run": run, "admissions": log}

    def ruled(self, rules: pa.Table) -> tuple[pa.Array, pa.Array]:
        """Return the runs that a rule may cover, and one of each name and lock that runs have of a benchmark.

        A rule names a benchmark as any run ever named it, and asks a job without a run for the lock that others had.
        """
        if not rules.num_rows:
            return pa.array([], pa.string()), pa.array([], pa.string())
        asked = tuple(dict.fromkeys(("run_id", *NAMED, *ASKED)))
        parts = [part.select(asked) for part in self.view.compacted.narrow("run", asked)]
        loose = self.loose.select(asked)
        runs = with_rows(pa.concat_tables(parts), loose) if parts else loose
        columns, ids = {name: Column(runs[name]) for name in asked[1:]}, runs["run_id"].combine_chunks()
        covered = pa.repeat(pa.scalar(False), len(ids))
        for rule in rules.select(ASKED).to_pylist():
            mask = pa.repeat(pa.scalar(True), len(ids))
            for name, value in rule.items():
                if value is not None:
                    mask = pc.and_(mask, pc.equal(columns[name].codes, columns[name].code([value])[0]))
            covered = pc.or_(covered, mask)
        codes = pa.table({**{name: columns[name].codes for name in NAMED}, "run_id": ids})
        named = codes.group_by(list(NAMED), use_threads=False).aggregate([("run_id", "min")])
        return ids.filter(covered), named["run_id_min"].combine_chunks()

    def _compacted(self, jobs: pa.Array, runs: pa.Array) -> pa.Table:
        places = self.view.compacted.places
        held = pc.and_(pc.is_valid(places["shard"]), _either(places, jobs, runs))
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


def _either(rows: pa.Table, jobs: pa.Array, runs: pa.Array) -> pa.Array:
    """Say of which rows the job or the run is named."""
    of_jobs = pc.is_in(rows["job_id"], value_set=jobs)
    return pc.or_(of_jobs, pc.is_in(rows["run_id"], value_set=runs)) if len(runs) else of_jobs
