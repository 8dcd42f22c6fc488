"""An id changes when an answer could, and never else."""

from typing import Any

import pytest

from standings.identity import benchmark_id, canonical, job_id, variant_id
from standings.suite import Benchmark, Lock, Protocol, Score, Suite, TaskLock
from standings.weights import WeightsManifest
from tests.standings.entries import cell, registry
from tests.standings.entries import model as model_entry

TASK = {"version": "1.0", "config": "c", "functions": "f", "documents": 40, "fingerprint": "p", "examples": "e"}
WEIGHTS = {
    "format": "gguf",
    "files": [{"file": "m.gguf", "bytes": 9, "sha256": "a" * 64}],
    "places": [{"folder": "/models/m"}],
}


def test_golden_ids_never_move():
    variant = variant_id(model="Qwen/Qwen3-8B", revision="0" * 40, dtype="bfloat16", engine="hf")
    benchmark = benchmark_id(lock="1" * 64)
    job = job_id(variant=variant, benchmark=benchmark, protocol={"output": "multiple_choice", "shots": 5})
    assert variant == GOLDEN["variant"]
    assert benchmark == GOLDEN["benchmark"]
    assert job == GOLDEN["job"]
    assert Lock(tasks={"t": TaskLock(**TASK)}).sha256 == GOLDEN["lock"]
    assert WeightsManifest.model_validate(WEIGHTS).sha256() == GOLDEN["weights"]


GOLDEN = {
    "variant": "4d78a682afa1373f457504eb48a2dba9bcf0a527a7b36b518ca9846b849acbf5",
    "benchmark": "fbc99f994adb764c6dbb24e7e71b9c9b6294d2f2e871d361358ed0a87b843ec2",
    "job": "6276c305efcd1781c37e1ebc633a3fa1aafbe57492eb1946b5dd5f68759c1e99",
    "lock": "6074c93b76a3b87cefa631bc14e5b891c3c29a0050bcad091b5169e9ff067d0c",
    "weights": "d8e8e5ba90c045b11d43656266dcd73520b779021d6c973a943b52cd6b0355e3",
}


def test_a_golden_protocol_never_moves():
    """A field that is added to Thinking must be left out of this at its default too."""
    fields = {
        "output": "generate_until",
        "chat_template": True,
        "max_tokens": 32768,
        "sampling": {"temperature": 0.6, "top_k": 20},
        "repeats": 4,
        "thinking": {},
        "template": {"thinking": True},
    }
    assert Protocol.model_validate(fields).canonical() == (
        '{"chat_template":true,"max_tokens":32768,"output":"generate_until","repeats":4,'
        '"sampling":{"temperature":0.6,"top_k":20},"template":{"thinking":true},"thinking":{"end":"</think>","start":"<think>"}}'
    )


def test_canonical_json_is_rfc_8785():
    assert canonical({"b": 1.0, "a": "é", "c": [True, None]}) == '{"a":"é","b":1,"c":[true,null]}'


def job(**changed: Any) -> str | None:
    """Return the id of the job of one model on one benchmark, with parts of either changed."""
    variant = {"name": "q4", "dtype": "float32", "quantisation": "Q4_1", "weights": WEIGHTS} | changed.get(
        "variant", {}
    )
    entry = {"id": "acme/a", "kind": "instruct", "variants": [variant]} | changed.get("model", {})
    benchmark = {
        "id": "b",
        "task": "t",
        "title": "B",
        "category": "reasoning",
        "score": {"metric": "acc"},
        "chance": 0.25,
        "protocols": {"instruct": "p"},
        "source": "s",
    } | changed.get("benchmark", {})
    suite = Suite(
        suite=changed.get("suite", "quick"),
        title="S",
        protocols={
            "p": Protocol.model_validate({"output": "multiple_choice", "shots": 3} | changed.get("protocol", {}))
        },
        benchmarks=(Benchmark.model_validate(benchmark),),
        locks={benchmark["task"]: Lock(tasks={"t": TaskLock.model_validate(TASK | changed.get("lock", {}))})},
    )
    if "limit" in changed:
        suite = suite.limited(changed["limit"])
    model = registry(model_entry(**entry)).models[entry["id"]]
    return cell(suite, suite.benchmarks[0], model, model.variants[0])["job_id"]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"model": {"name": "New name", "note": "README edited"}}, id="the README on the hub is edited"),
        pytest.param({"model": {"licence": {"license": "llama3.3"}}}, id="a licence is corrected"),
        pytest.param(
            {"variant": {"weights": WEIGHTS | {"places": [{"folder": "/elsewhere"}]}}},
            id="the same weights lie elsewhere",
        ),
        pytest.param({"variant": {"name": "renamed"}}, id="the variant is renamed"),
        pytest.param({"variant": {"weights_note": "said otherwise"}}, id="the note on the weights is reworded"),
        pytest.param({"benchmark": {"score": {"metric": "acc_norm"}}}, id="another metric is the score"),
        pytest.param({"benchmark": {"id": "renamed", "title": "T"}}, id="the benchmark is renamed"),
        pytest.param({"benchmark": {"category": "language", "chance": 0.5}}, id="category and chance are corrected"),
        pytest.param({"suite": "renamed"}, id="the suite is renamed"),
        pytest.param({"protocol": {"repeats": 1}}, id="a default is written out"),
        pytest.param({"benchmark": {"folder": "elsewhere"}}, id="the harness moved the task, its lock unchanged"),
    ],
)
def test_same_job(changed):
    assert job(**changed) == job()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"model": {"id": "acme/other"}}, id="another model"),
        pytest.param({"model": {"revision": "1" * 40}}, id="another revision"),
        pytest.param({"variant": {"dtype": "bfloat16"}}, id="another dtype"),
        pytest.param({"variant": {"quantisation": "Q8_0"}}, id="another quantisation"),
        pytest.param({"variant": {"engine": "vllm"}}, id="another engine"),
        pytest.param({"variant": {"reasoning": "on"}}, id="thinking switched on"),
        pytest.param({"variant": {"reasoning": "4096"}}, id="a thinking budget"),
        pytest.param(
            {"variant": {"weights": WEIGHTS | {"files": [{"file": "m.gguf", "bytes": 9, "sha256": "b" * 64}]}}},
            id="other bytes of weights",
        ),
        pytest.param({"variant": {"weights": None}}, id="the model's own repository instead of a foreign file"),
        pytest.param({"protocol": {"chat_template": True}}, id="a chat template"),
        pytest.param({"protocol": {"shots": 5}}, id="more shots"),
        pytest.param({"protocol": {"system_prompt": "Be brief."}}, id="a system prompt"),
        pytest.param({"limit": 4}, id="a document limit"),
        pytest.param({"benchmark": {"epoch": 2}}, id="a new epoch"),
        pytest.param({"lock": {"version": "2.0"}}, id="another task version"),
        pytest.param({"lock": {"config": "x"}}, id="another task configuration"),
        pytest.param({"lock": {"functions": "x"}}, id="another function of the task"),
        pytest.param({"lock": {"fingerprint": "x"}}, id="another document"),
        pytest.param({"lock": {"examples": "x"}}, id="another few-shot example"),
    ],
)
def test_different_job(changed):
    assert job(**changed) not in (job(), None)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"max_tokens": 64}, id="another token budget"),
        pytest.param({"sampling": {"temperature": 0.6}}, id="sampling"),
        pytest.param({"repeats": 4}, id="repeats"),
        pytest.param({"thinking": {}}, id="a thought that is stripped"),
        pytest.param({"thinking": {"end": "[/THINK]"}}, id="another mark of its end"),
        pytest.param({"chat_template": True, "template": {"thinking": True}}, id="a switch of the template"),
    ],
)
def test_different_job_of_a_generated_answer(changed):
    generated = {"output": "generate_until"}
    assert job(protocol=generated | changed) not in (job(protocol=generated), None)


def test_a_chat_is_another_job_for_a_model_with_other_marks_of_its_thought_or_switches_of_its_template():
    chat = {"output": "generate_until", "chat_template": True, "thinking": {}}
    thinking = {"name": "q4", "reasoning": "on"}
    own = [{"thinking": {"start": "[THINK]", "end": "[/THINK]"}}, {"template": {"reasoning_effort": "low"}}]
    jobs = [job(protocol=chat, variant=thinking | fields) for fields in ({}, *own)]
    assert len({*jobs, None}) == 4
    completions = [job(protocol={"output": "multiple_choice"}, variant=thinking | fields) for fields in ({}, *own)]
    assert len({*completions}) == 1


@pytest.mark.parametrize("default", [{"repeats": 1}, {"thinking": None}, {"template": {}}, {"sampling": {}}])
def test_a_protocols_field_at_its_default_moves_no_id(default):
    generated = {"output": "generate_until"}
    assert job(protocol=generated | default) == job(protocol=generated)


def test_an_api_is_another_job_when_a_person_bumps_the_month():
    def asked(month: str) -> str | None:
        api = {"id": "gpt-5-2025-08-07", "asked": month}
        variant = {"name": "api", "engine": "api"}
        return job(model={"revision": None, "api": api, "access": "api", "kind": "instruct", "variants": [variant]})

    assert asked("2026-10") != asked("2026-11")
    assert asked("2026-11") == asked("2026-11")


def test_an_entry_that_pins_nothing_has_no_job():
    assert job(model={"revision": None}) is None


def test_a_limited_suite_stands_under_a_name_of_its_own():
    suite = Suite(suite="core", title="Core", protocols={}, benchmarks=())
    assert suite.limited(4).suite == "core-limit-4"
    benchmark = Benchmark(
        id="arc",
        task="arc",
        title="A",
        category="knowledge",
        score=Score(metric="acc"),
        chance=0.25,
        source="s",
        protocols={},
    )
    assert suite.model_copy(update={"benchmarks": (benchmark,)}).limited(4).benchmarks[0].id == "arc-limit-4"
