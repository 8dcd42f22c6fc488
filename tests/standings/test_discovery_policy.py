"""The policy: who comes in, who waits and who stays out, each branch with its reason, and how a model can be asked."""

import gzip
import hashlib
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from standings.discovery import Names, Pipelines, Policy, judge, kind_of
from standings.hub import HubRecord, parse_record
from standings.paths import folder
from tasks.registry_files import read, read_policy
from tests.standings.entries import model, registry
from tests.standings.hub_records import record

INDEX = Path(__file__).parents[3] / "shared" / "data" / "hub" / "model_index.jsonl.gz"
needs_index = pytest.mark.skipif(not INDEX.exists(), reason="../shared/data, the hub's model index, is not here")
POLICY = Policy(
    pipelines=Pipelines(review=("image-text-to-text",)),
    parameters_at_most_b=100,
    created_from=datetime(2026, 1, 1).date(),
    names=Names(reject={"guard": "it judges what others write"}, review={"sft": "it is a step of a training"}),
)
EARLIER = datetime(2025, 6, 1, tzinfo=UTC)
ADAPTED, MERGED, QUANTISED = (((relation, "acme/a"),) for relation in ("adapter", "merge", "quantized"))


def judged(known: Any = None, policy: Policy = POLICY, **fields: Any) -> tuple[str, str]:
    """Judge a record as a registry that knows acme does."""
    found = judge(policy, known or registry(), record(**fields))
    return found.outcome, found.reason


def test_a_release_of_a_known_organisation_that_meets_the_policy_is_accepted_with_its_kind():
    found = judge(POLICY, registry(), record())
    assert (found.outcome, found.kind) == ("accepted", "instruct")
    assert found.reason == (
        "It meets the policy, and is asked as instruct: its name says 'instruct', and it has a chat template."
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"private": True}, "It is private: what no reader can fetch is not evaluated."),
        ({"disabled": True}, "The hub has disabled it."),
        ({"model": "else/big-Instruct"}, "'else' is no namespace of an organisation that the registry knows."),
        ({"parents": ADAPTED}, "It is an adapter of acme/a."),
        ({"library": "peft"}, "It is an adapter."),
        ({"parents": MERGED}, "It is a merge of acme/a."),
        ({"tags": ("mergekit", "conversational")}, "It is a merge."),
        ({"model": "acme/big-Instruct-AWQ", "parents": QUANTISED}, "It is a quantisation of acme/a."),
        ({"model": "acme/big-Instruct-GPTQ-Int4"}, "It is a quantisation."),
        ({"model": "acme/big-Instruct-q4_0-gguf"}, "It is a quantisation."),
        ({"pipeline": "text-classification"}, "The hub's task is text-classification, not text-generation."),
        ({"model": "acme/big-Guard"}, "Its name says 'guard': it judges what others write."),
        ({"created": EARLIER}, "It was made in 2025, before 2026-01-01: it would need an entry of its own."),
        ({"safetensors": False}, "It has no safetensors: pickled weights can run code when they are loaded."),
    ],
)
def test_a_release_stays_out_for_one_reason(fields: dict[str, Any], reason: str):
    assert judged(**fields) == ("rejected", reason)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"pipeline": None}, "The hub names no task for it."),
        ({"pipeline": "image-text-to-text"}, "The hub's task is image-text-to-text: it may be asked in text alone."),
        ({"library": "vllm"}, "Its library is vllm, not transformers."),
        ({"library": None}, "Its library is not named, not transformers."),
        ({"tags": ("custom_code", "conversational")}, "It needs code of its own, which an entry must allow."),
        ({"gated": True}, "It is gated: a person must accept its terms on the hub."),
        ({"tags": ("fp8", "conversational")}, "Its weights are kept in fp8: a person declares what is run."),
        ({"parents": QUANTISED}, "The hub calls it a quantisation, and neither its name nor a tag says in what."),
        ({"model": "acme/big-Instruct-SFT"}, "Its name says 'sft': it is a step of a training."),
        ({"parameters": None}, "The hub does not say how many parameters it has."),
        ({"parameters": 123_456_000_000}, "It has 123.5 billion parameters, more than 100."),
        ({"tags": ()}, "Its name says 'instruct', and the hub sees no chat template to ask it by."),
    ],
)  # fmt: skip
def test_a_release_waits_for_a_person_for_a_reason(fields: dict[str, Any], reason: str):
    assert judged(**fields) == ("review", reason)


def test_all_reasons_to_wait_are_told_as_a_person_answers_them_together():
    assert judged(gated=True, library=None) == (
        "review",
        "Its library is not named, not transformers. It is gated: a person must accept its terms on the hub.",
    )


def test_an_older_or_derived_model_comes_in_where_a_person_asked_for_just_it():
    fields = {"model": "acme/big-Instruct-AWQ", "created": EARLIER, "parents": QUANTISED}
    assert judged(**fields)[0] == "rejected"
    assert judged(policy=POLICY.model_copy(update={"asked": ("acme/big-Instruct-AWQ",)}), **fields)[0] == "accepted"
    known = registry(model("acme/big-Instruct-AWQ", revision=None, kind="instruct"))
    assert judged(known, **fields)[0] == "accepted"
    assert judged(known, **fields, gated=True)[0] == "review", "an entry accepts no terms"


def test_what_the_policy_allows_as_data_is_no_reason():
    policy = POLICY.model_copy(update={"derivatives": ("merge",), "gated": "accept", "parameters_at_most_b": None})
    assert judged(policy=policy, parents=MERGED, gated=True, parameters=10**12)[0] == "accepted"
    assert judged(policy=POLICY.model_copy(update={"gated": "reject"}), gated=True)[0] == "rejected"


@pytest.mark.parametrize(
    ("name", "template", "kind"),
    [
        ("Big-8B-Base", False, "base"),
        ("Big-8B-Base", True, "base"),  # many base models come with a chat template
        ("gemma-9-9b-pt", False, "base"),
        ("Big-8B-Instruct-2507", True, "instruct"),
        ("gemma-9-9b-it", True, "instruct"),
        ("Big-8B-Chat-hf", True, "instruct"),
        ("Big-8B-Thinking-2507", True, "reasoning"),
        ("Big-R1-Distill-Qwen-7B", True, "reasoning"),
        ("Big-4-mini-reasoning", True, "reasoning"),
        ("QwQ-32B", True, "reasoning"),
        ("Big-8B-Instruct", False, None),
        ("Big-8B", True, None),  # instruct, both, or a base model with a template
        ("Big-8B", False, None),  # base, or tuned before there were templates
        ("Big-8B-Base-Instruct", True, None),
        ("Italic-8B", True, None),  # a word, and not how a word begins
        ("Baseline-8B", False, None),
    ],
)
def test_how_a_model_is_asked_is_derived_only_where_name_and_template_agree(
    name: str, template: bool, kind: str | None
):
    tags = ("conversational",) if template else ()
    assert kind_of(record(f"acme/{name}", tags=tags))[0] == kind


@pytest.fixture(scope="module")
def hub() -> list[HubRecord]:
    """The real records; their commits are made up, as the index has none."""
    with gzip.open(INDEX) as lines:
        found = [parse_record(json.loads(line) | {"sha": hashlib.sha1(line).hexdigest()}) for line in lines]
    return [one for one in found if one]


@needs_index
def test_of_4167_real_records_each_has_an_outcome_and_what_is_surprising_is_known(hub: list[HubRecord]):
    known, policy = read(folder("registry"))[0], read_policy(folder("registry"))[0]
    found = {one.model: judge(policy, known, one) for one in hub}
    counts = Counter(one.outcome for one in found.values())
    assert sum(counts.values()) == 4167
    assert all(one.reason.endswith(".") for one in found.values())
    assert counts["rejected"] > 3617, "most belong to nobody that the registry knows"
    strangers = sum("is no namespace" in one.reason for one in found.values())
    assert (strangers, counts["accepted"] + counts["review"] + counts["rejected"] - strangers) == (3617, 550)
    outcomes = {
        "Qwen/Qwen2.5-7B-Instruct": "accepted",
        "HuggingFaceTB/SmolLM2-135M-Instruct": "accepted",  # which the hub calls a quantisation
        "openai/gpt-oss-20b": "review",  # kept in 4 bits by its publisher
        "mistralai/Mistral-7B-Instruct-v0.3": "review",  # for want of a library that loads it
        "nvidia/AceMath-72B-RM": "rejected",  # generates text by its task, and gives rewards
        "zai-org/GLM-5.1-FP8": "rejected",
    }
    assert {name: found[name].outcome for name in outcomes} == outcomes


@needs_index
def test_where_a_kind_is_derived_it_is_the_one_that_people_wrote_down(hub: list[HubRecord]):
    entries = read(folder("registry"))[0].models
    told = {one.model: kind_of(one)[0] for one in hub if one.model in entries}
    derived = {name: kind for name, kind in told.items() if kind}
    assert len(derived) > 150
    assert {name: kind for name, kind in derived.items() if kind != entries[name].kind} == {}
