"""Read every admitted run again, as it lies in the store, and check it as the gate did."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from standings.admission import run_faults, samples_faults, scores_faults
from standings.compacted import outcomes_of
from tasks.admission import changed
from tasks.cache import behind
from tasks.lake import Lake
from tasks.parallel import each
from tasks.parquet import Faulty
from tasks.segments import Compacted, Shard, read_file
from tasks.store import Missing

Row = dict[str, Any]


def rotten(lake: Lake) -> dict[str, str]:
    """Return by run_id what is wrong with an admitted run now. Writes nothing."""
    lake = Lake(behind(lake.store))
    view = lake.view()
    left = view.compacted.not_held(view.log).to_pylist()
    found = {row["run_id"]: fault for row, fault in zip(left, each(lambda row: changed(lake, row), left), strict=True)}
    for shard, rows in _by_shard(view.compacted):
        found |= _in_shard(shard, rows)
        shard.release()
    return {run_id: fault for run_id, fault in found.items() if fault}


def _by_shard(compacted: Compacted) -> Iterator[tuple[Shard, list[Row]]]:
    rows: dict[int, list[Row]] = defaultdict(list)
    shards: dict[int, Shard] = {}
    for row in compacted.held():
        shard = compacted.shard(row)
        assert shard is not None, f"{row['run_id']} is held and in no shard"
        rows[id(shard)].append(row)
        shards[id(shard)] = shard
    yield from ((shards[number], found) for number, found in rows.items())


def _in_shard(shard: Shard, rows: list[Row]) -> dict[str, str | None]:
    """Check the runs of one shard; what is wrong with a file is wrong with each."""
    try:
        derived = outcomes_of(read_file(shard.store, "samples", shard.files["samples"]))
        if not derived.equals(read_file(shard.store, "outcomes", shard.files["outcomes"])):
            raise Faulty(f"{shard.files['outcomes'].key}: it is not what follows from the samples")
        return {row["run_id"]: "; ".join(_faults(shard, row)) for row in rows}
    except (Faulty, Missing) as error:
        return {row["run_id"]: str(error) for row in rows}


def _faults(shard: Shard, row: Row) -> Iterator[str]:
    [run] = shard.one(row["run_id"]).to_pylist()
    yield from run_faults(run, row["job_id"], row["run_id"])
    for name, check in (("scores", scores_faults), ("samples", samples_faults)):
        if run[f"{name}_sha256"]:
            yield from check(run, shard.sibling(name, row["run_id"]))
