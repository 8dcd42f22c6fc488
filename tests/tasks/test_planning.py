"""A plan asks SQL about a few cells only, and it is the plan that SQL would make of all of them."""

import hashlib
from collections import Counter
from functools import partial
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from standings.cells import Cells
from standings.coding import decoded
from standings.compacted import SCHEMAS as COMPACTED
from standings.compacted import succeeded
from standings.facts import table
from tasks import planning
from tasks.inbox import RunKey
from tasks.lake import Lake, log_key
from tasks.materialise import job_state
from tasks.parquet import encode
from tasks.planning import looked_up
from tasks.segments import Manifest, Segment, manifest_key
from tasks.sharding import Attempt
from tasks.store import FolderStore
from tests.lake_of_known_truth import NOW, lake_of_known_truth
from tests.lake_rows import LakeRows, day

ALL = ("run", "models", "benchmarks", "wanted", "verdicts", "rules", "decisions", "admissions")


@pytest.mark.parametrize(("seed", "ruled"), [(1, False), (2, True), (3, True)])
def test_what_sql_says_of_the_few_cells_is_what_it_says_of_them_among_all(tmp_path, seed, ruled):
    facts, random = lake_of_known_truth(models=12, seed=seed)[0], Random(seed)
    lake = put(tmp_path, shaken(facts, random, ruled), compacted=random.choice([0.0, 0.5, 1.0]), old=seed == 3)
    for models in (None, ["org-1/model-001", "org-5/model-005"]):
        scope = planning.Scope(suites=("core", "common") if models is None else ("core",), models=models)
        everything = [row for row in job_state(lake.facts(*ALL), now=NOW).to_pylist() if scope.holds(row)]
        known = Cells(lake.coded("wanted"))
        rulings = {name: lake.appended(name) for name in ("verdicts", "rules", "decisions")}
        view = lake.view(hashes=False)
        sorted_out, runs = lake.settled(view, partial(looked_up, lake, known, rulings, scope, NOW))
        others = {name: lake.appended(name) for name in ("models", "benchmarks")}
        states = job_state({**others, **rulings, **runs, "wanted": decoded(sorted_out.open)}, now=NOW).to_pylist()
        few = [row for row in states if scope.holds(row)]
        rest = [row for row in everything if row not in few]
        assert len(few) + len(rest) == len(everything)
        assert {row["state"] for row in rest} <= {"counted"}
        assert Counter(row["variant_id"] for row in rest) == sorted_out.counted
        assert seed == 3 or models or len(few) < len(everything) * 0.7, "few cells are asked about"


RULES: tuple[dict[str, Any], ...] = (
    {"model": "org-1/model-001"},
    {"suite": "core", "benchmark": "arc", "model": "org-3/model-003"},
    {"lock": "lock", "suite": "common", "model": "org-5/model-005"},
    {"harness": "0.4"},
)


def shaken(facts: dict[str, pa.Table], random: Random, ruled: bool) -> dict[str, pa.Table]:
    """Have cells leave the registry, come back, and change twice at once."""
    wanted = facts["wanted"].to_pylist()
    more = []
    for row in random.sample(wanted, 40):
        other = random.choice([row["job_id"], f"{random.getrandbits(256):064x}", None])
        at = random.choice([row["known_from"], day(20), day(21)])
        more.append({**row, "job_id": other, "removed": random.random() < 0.5, "known_from": at})
    retried = [
        {"decision": "retry", "target": row["job_id"], "reason": "r", "who": "w", "decided_at": day(22)}
        for row in random.sample(facts["run"].to_pylist(), 20)
    ]
    wanted = sorted([*wanted, *more], key=lambda row: row["known_from"])
    rules = [
        {
            **{"rule_id": f"rule {number}", "verdict": random.choice(["withdrawn", "suspect"]), "reason": "r"},
            **{"who": "w", "standing": random.random() < 0.5, "decided_at": day(23)},
            "admitted_to": random.randrange(len(facts["admissions"])),
            **conditions,
        }
        for number, conditions in enumerate(RULES if ruled else [])
    ]
    return {**facts, **{n: table(n, r) for n, r in (("wanted", wanted), ("decisions", retried), ("rules", rules))}}


def put(folder, facts: dict[str, pa.Table], compacted: float, old: bool) -> Lake:
    """Write facts as a lake, of whose log so much is compacted; `old` files do not say which runs succeeded."""
    lake = Lake(FolderStore(folder))
    for name in ("models", "benchmarks", "wanted", "verdicts", "rules", "decisions"):
        for moment in pc.unique(facts[name][clock(name)]).sort():
            lake.append(name, facts[name].filter(pc.equal(facts[name][clock(name)], moment)))
    runs = {row["run_id"]: row for row in facts["run"].to_pylist()}
    log, bodies = facts["admissions"].to_pylist(), {}
    for row in log:
        bodies[row["run_id"]] = encode("run", table("run", [runs[row["run_id"]]]))
        row["run_sha256"] = hashlib.sha256(bodies[row["run_id"]]).hexdigest()
    to = int(len(log) * compacted)
    held = [row["run_id"] for row in log[:to] if row["fault"] is None]
    for row in log:
        if row["run_id"] not in held:
            lake.store.create(RunKey(row["job_id"], row["run_id"]).of("run"), bodies[row["run_id"]])
    if to:
        attempt = Attempt(lake.store)
        shards = [held[: len(held) // 2], held[len(held) // 2 :]]
        places = [
            {
                **row,
                "shard": next((number for number, ids in enumerate(shards) if row["run_id"] in ids), None),
                "succeeded": None if old or row["fault"] else succeeded(runs[row["run_id"]]),
            }
            for row in log[:to]
        ]
        files = [{"run": attempt.write("run", table("run", [runs[one] for one in ids]))} for ids in shards]
        written = attempt.write("admissions", pa.Table.from_pylist(places, schema=COMPACTED["admissions"]))
        segment = Segment(after=0, to=to, passes=1, runs=len(held), log=written, shards=tuple(files))
        lake.store.create(manifest_key(1), Manifest(number=1, made_at=day(1), segments=(segment,)).json_bytes())
    lake.store.create(log_key(1), encode("admissions", table("admissions", log[: to or len(log)])))
    if to < len(log) and to:
        lake.store.create(log_key(2), encode("admissions", table("admissions", log[to:])))
    return lake


def clock(name: str) -> str:
    return "known_from" if name in planning.WRITTEN_BY_SYNC else "decided_at"


def test_a_rule_by_a_name_that_only_another_model_s_run_tells_blocks_a_job_all_the_same(tmp_path):
    rows = LakeRows()
    benchmark = rows.benchmark("s", "b")
    jobs = {name: rows.want(benchmark, rows.model(name)) for name in ("early", "late", "missing")}
    rows.run(jobs["early"], right=5)
    rows.run(jobs["late"], right=5, suite="renamed since")
    rows.rule_all("withdrawn", at=2, standing=True, suite="renamed since", model="missing")
    empty = {name: table(name, []) for name in ("verdicts", "decisions")}
    lake = put(tmp_path, {**empty, **rows.facts()}, compacted=1.0, old=False)
    known, scope = Cells(lake.coded("wanted")), planning.Scope(suites=("s",))
    tables = {name: lake.appended(name) for name in ("models", "benchmarks", "verdicts", "rules", "decisions")}
    view = lake.view(hashes=False)
    sorted_out, runs = lake.settled(view, partial(looked_up, lake, known, tables, scope, NOW))
    [row] = job_state({**tables, **runs, "wanted": decoded(sorted_out.open)}, now=NOW).to_pylist()
    assert (row["model"], row["state"]) == ("missing", "blocked")
    assert sum(sorted_out.counted.values()) == 2
