"""A suite says how a kind is asked; how a model marks its thought, and its template's switches, are the variant's."""

from typing import Any

import pytest

from standings.suite import Protocol, Thinking
from standings.variants import Variant

CHAT = Protocol(output="generate_until", chat_template=True)
OWN = Thinking(start="[THINK]", end="[/THINK]")


def asked(protocol: Protocol, **fields: Any) -> Protocol:
    return Variant.model_validate({"name": "v", "kind": "reasoning", "dtype": "bfloat16"} | fields).asked(protocol)


THINK = CHAT.model_copy(update={"thinking": Thinking()})


def test_a_variants_own_marks_stand_for_the_suites():
    assert asked(THINK) == THINK
    assert asked(THINK, thinking=OWN.model_dump()).thinking == OWN


@pytest.mark.parametrize(
    "protocol", [CHAT, Protocol(output="multiple_choice"), Protocol(output="multiple_choice", chat_template=True)]
)
def test_only_where_the_suite_says_so_is_a_thought_stripped(protocol):
    assert asked(protocol, reasoning="on", thinking=OWN.model_dump()) == protocol


def test_a_completion_has_no_switches():
    protocol = Protocol(output="generate_until")
    assert asked(protocol, template={"thinking": True}) == protocol


def test_an_api_gives_its_thought_apart_unless_its_entry_names_marks():
    api = {"kind": "api", "engine": "api", "dtype": None, "reasoning": "on"}
    assert asked(THINK, **api) == CHAT
    assert asked(THINK, **api, thinking=OWN.model_dump()).thinking == OWN


def test_switches_of_the_template_are_added_to_the_suites():
    protocol = CHAT.model_copy(update={"template": {"effort": "low", "dated": False}})
    assert asked(protocol, reasoning="off", template={"effort": "high"}).template == {"effort": "high", "dated": False}
