"""Name the points at which a test may kill this process, to prove that nothing is lost, doubled or torn."""

import os
import signal
from collections import Counter

POINTS: dict[str, str] = {
    "put.before_samples": "before the first object of a run is put",
    "put.after_samples": "after samples.parquet, before scores.parquet",
    "put.after_scores": "after scores.parquet, before run.parquet, the commit record",
    "put.after_run": "after run.parquet, before the caller hears of it",
    "admit.before_log": "after new runs were judged, before the log has them",
    "admit.after_log": "after the log has them, before the caller hears of it",
    "sync.after_models": "after sync wrote the models, before the benchmarks and what is wanted",
    "publish.before_board": "before the first object of a snapshot is put",
    "publish.after_board": "after the board's file is put, before its tables",
    "publish.after_table": "after one table's file is put",
    "publish.after_manifest": "after the manifest, before the pointer is swapped",
    "publish.after_pointer": "after the pointer is swapped, before the caller hears of it",
    "hold.after_pointer": "after a rollback or release moved the pointer, before the lake has why",
    "gc.after_mark": "after old snapshots were named for deletion, before the first object goes",
    "gc.in_deletion": "after one object of an old snapshot is deleted",
    "compact.after_shard": "after one shard's files are put, before the next or the manifest",
    "compact.before_manifest": "after all files are put and read back, before the manifest names them",
    "compact.after_manifest": "after the manifest is there, before the caller hears of it",
    "collect.in_originals": "after the first object of a compacted run is deleted, before its others",
    "collect.after_originals": "after the originals are deleted, before superseded files are",
    "collect.in_files": "after the first superseded file is deleted, before the others and their manifest",
    "child.loaded": "after the child has loaded the model",
    "child.before_job": "before the child begins a job",
    "child.in_job": "while the model answers",
    "child.after_job": "after the job's answers are scored, before they are stored",
}
_VARIABLE = "STANDINGS_FAULT"  # "put.after_scores", or "put.after_scores#3" for the third time
_reached: Counter[str] = Counter()


def reach(point: str) -> None:
    """Kill this process, as `kill -9` does, if the environment names this point."""
    assert point in POINTS, f"{point} is not in POINTS"
    wanted = os.environ.get(_VARIABLE)
    if wanted is None:
        return
    _reached[point] += 1
    name, _, times = wanted.partition("#")
    if name == point and _reached[point] == int(times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
