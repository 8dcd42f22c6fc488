"""What changed among cells is found a column at a time, and is what a look at each cell by itself finds."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from standings import sync
from standings.cells import Cells
from standings.facts import KEYS, SCHEMAS, table
from standings.identity import digest, job_id, job_id_of
from standings.registry import Registry
from standings.suite import Protocol, Suite
from tests.standings.entries import model, registry

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
PROTOCOLS = {
    "completion": {"output": "multiple_choice"},
    "chat": {"output": "generate_until", "chat_template": True, "thinking": {}},
    "chat-long": {"output": "generate_until", "chat_template": True, "max_tokens": 512, "thinking": {}},
}
VARIANTS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["v", "w"]), "dtype": st.sampled_from(["float32", "bfloat16"])},
        optional={
            "kind": st.sampled_from(["base", "instruct", "reasoning"]),
            "template": st.just({"effort": "high"}),
            "thinking": st.just({"start": "[", "end": "]"}),
        },
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda variant: variant["name"],
)
MODELS = st.dictionaries(
    st.sampled_from(["acme/a", "acme/b", "beta/c"]),
    st.tuples(st.sampled_from(["a" * 40, "b" * 40, None]), VARIANTS),
    min_size=1,
    max_size=2,
)
BENCHMARKS = st.dictionaries(
    st.sampled_from(["x", "y"]),
    st.tuples(st.integers(1, 2), st.sampled_from(["chat", "chat-long"]), st.booleans()),
    min_size=1,
    max_size=2,
)
SUITES = st.dictionaries(st.sampled_from(["s", "t"]), BENCHMARKS, min_size=1, max_size=2)
NIGHTS = st.lists(st.tuples(*[st.integers(0, 1)] * 3, st.booleans()), max_size=2)


def of_kind(kind: str) -> dict[str, Any]:
    return {"acme/a": ("a" * 40, [{"name": "v", "dtype": "float32", "kind": kind}])}


@settings(max_examples=40, deadline=None)
@example((of_kind("instruct"), of_kind("reasoning")), ({"s": {"x": (1, "chat", True)}},) * 2, [])  # kind alone differs
@given(st.tuples(MODELS, MODELS), st.tuples(SUITES, SUITES), NIGHTS)
def test_what_is_appended_night_after_night_is_what_a_look_at_each_cell_finds(registries, boards, nights):
    known, day = {name: SCHEMAS[name].empty_table() for name in ("models", "benchmarks", "wanted")}, 0
    for number, place, later, whole in [
        (0, 0, 1, True),
        (1, 1, 1, True),
        (0, 0, 1, True),
        *nights,
    ]:  # what goes, returns
        models, suites = registries[number], boards[place]
        day += later
        now = NOW + timedelta(days=day)
        held, asked = held_by(models), [suite_of(name, benchmarks) for name, benchmarks in suites.items()]
        current, names = sync.rows(held, asked, now.date(), now), [suite.suite for suite in asked]
        new = sync.changes(current, known, Cells(known["wanted"]), names, now, whole)
        one_by_one = found_one_by_one(held, asked, known, now, whole)
        assert written(new["wanted"]) == written(table("wanted", list(one_by_one)))
        known = {name: pa.concat_tables([known[name], new[name]]) for name in known}
        again = sync.changes(current, known, Cells(known["wanted"]), names, now, whole)
        assert not any(rows.num_rows for rows in again.values())


def held_by(models: dict[str, Any]) -> Registry:
    return registry(
        *(
            model(name, revision=revision, variants=[{**it, "primary": not n} for n, it in enumerate(variants)])
            for name, (revision, variants) in models.items()
        )
    )


def suite_of(name: str, benchmarks: dict[str, Any]) -> Suite:
    task = {"version": "1", "config": "c", "functions": "f", "documents": 9, "fingerprint": "p", "examples": "e"}
    items = [
        {
            **{"id": id, "task": id, "title": id, "category": "language", "score": {"metric": "acc"}, "chance": 0},
            **{"source": "s", "epoch": epoch, "protocols": {"base": "completion", "reasoning": way}},
            **({"protocols": {"base": "completion", "instruct": way, "reasoning": way}} if instruct else {}),
        }
        for id, (epoch, way, instruct) in benchmarks.items()
    ]
    locks = {id: {"tasks": {id: task}} for id in benchmarks}
    return Suite.model_validate(
        {"suite": name, "title": name, "protocols": PROTOCOLS, "benchmarks": items, "locks": locks}
    )


def found_one_by_one(held: Registry, suites: list[Suite], known: dict[str, pa.Table], now: datetime, whole: bool):
    """Compare cell by cell, as plainly as can be."""
    compared = {suite.suite for suite in suites}
    compared |= set(known["benchmarks"]["suite"].to_pylist()) if whole else set()
    ordered = sorted(known["wanted"].to_pylist(), key=lambda row: row["known_from"])
    latest = {tuple(row[name] for name in KEYS["wanted"]): row for row in ordered}
    stamp = {"removed": False, "valid_from": now.date(), "known_from": now}
    here = {}
    for suite in suites:
        for item in suite.benchmarks:
            for one in held.models.values():
                for variant in one.variants:
                    row = plainly(suite, item, one, variant) | stamp
                    here[suite.suite, item.id, one.id, variant.name] = row
    for key, row in here.items():
        if key not in latest or any(latest[key][it] != row[it] for it in row if it not in sync.VERSIONED):
            yield row
    for key, row in latest.items():
        if key not in here and not row["removed"] and row["suite"] in compared:
            yield {**row, **stamp, "removed": True}


def plainly(suite, item, one, variant) -> dict[str, Any]:
    protocol = variant.asked(suite.protocols[item.protocols[variant.kind]]) if variant.kind in item.protocols else None
    names = {"variant_id": sync.identify(one, variant), "benchmark_id": suite.benchmark_id(item)}
    no = None if protocol else f"the benchmark has no protocol for kind {variant.kind}"
    job = None
    if protocol and names["variant_id"]:
        named = {"variant": names["variant_id"], "benchmark": names["benchmark_id"]}
        job = job_id(**named, protocol=protocol.identity())
    return {
        **{"suite": suite.suite, "benchmark": item.id, "model": one.id, "variant": variant.name, "kind": variant.kind},
        **{"job_id": job, "protocol": protocol and protocol.canonical(), "blocked": one.blocked or no, **names},
    }


def written(rows: pa.Table) -> list[str]:
    return sorted(repr(row) for row in rows.to_pylist())


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=150, deadline=None)
@given(TEXT, st.dictionaries(TEXT, st.integers(-(2**50), 2**50) | TEXT | st.booleans(), max_size=3))
def test_a_job_s_id_is_the_same_whichever_way_it_is_hashed(system_prompt, template):
    given = {"output": "generate_until", "chat_template": True, "system_prompt": system_prompt, "template": template}
    protocol = Protocol.model_validate(given)
    named = {"variant": "0a" * 32, "benchmark": "1b" * 32}
    assert job_id_of(**named, protocol=protocol.canonical()) == job_id(**named, protocol=protocol.identity())


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="ascii"), max_size=5), TEXT, max_size=5))
def test_texts_by_plain_keys_hash_as_canonical_json_whatever_they_say(fields):
    assert digest(fields) == hashlib.sha256(rfc8785.dumps(fields)).hexdigest()
