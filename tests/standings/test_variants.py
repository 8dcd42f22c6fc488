"""A suite says how a kind is asked; how a model marks its thought, and its template's switches, are the variant's."""

from typing import Any

import pytest

from standings.suite import Protocol, Thinking
from standings.variants import Variant

CHAT = Protocol(output="generate_until", chat_template=True)
OWN = Thinking(start="[THINK]", end="[/THINK]")


def asked(protocol: Protocol, **fields: Any) -> Protocol:
    return Variant.model_validate({"name": "v", "kind": "reasoning", "dtype": "bfloat16"} | fields).asked(protocol)


@pytest.mark.parametrize("reasoning", ["on", "4096"])
def test_a_variant_that_thinks_is_read_after_its_thought(reasoning):
    assert asked(CHAT, reasoning=reasoning).thinking == Thinking()
    assert asked(CHAT, reasoning=reasoning, thinking={"start": "[THINK]", "end": "[/THINK]"}).thinking == OWN


@pytest.mark.parametrize(
    "protocol", [CHAT, Protocol(output="multiple_choice"), Protocol(output="multiple_choice", chat_template=True)]
)
def test_a_variant_that_does_not_think_is_asked_as_the_suite_says(protocol):
    assert asked(protocol, kind="instruct", reasoning="off") == protocol


@pytest.mark.parametrize("output", ["multiple_choice", "generate_until"])
def test_a_completion_holds_no_thought(output):
    protocol = Protocol(output=output)
    assert asked(protocol, reasoning="on", template={"thinking": True}) == protocol


def test_a_suite_may_have_the_thought_stripped_of_any_model():
    strict = CHAT.model_copy(update={"thinking": Thinking()})
    assert asked(strict, reasoning="off").thinking == Thinking()
    assert asked(strict, reasoning="off", thinking=OWN.model_dump()).thinking == OWN


def test_an_api_gives_its_thought_apart_unless_its_entry_names_marks():
    api = {"kind": "api", "engine": "api", "dtype": None, "reasoning": "on"}
    assert asked(CHAT, **api) == CHAT
    assert asked(CHAT.model_copy(update={"thinking": Thinking()}), **api) == CHAT
    assert asked(CHAT, **api, thinking=OWN.model_dump()).thinking == OWN


def test_switches_of_the_template_are_added_to_the_suites():
    protocol = CHAT.model_copy(update={"template": {"effort": "low", "dated": False}})
    assert asked(protocol, reasoning="off", template={"effort": "high"}).template == {"effort": "high", "dated": False}
