"""The written call: tools that are truly confusable, one right answer, and a check that takes no other."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, product
from math import sqrt
from typing import Any

import pytest

from standings.quick import Called, documents
from standings.quick.call_match import Unreadable, process_results, read
from standings.quick.call_tools import DOMAINS
from standings.quick.calls import NUMBERS

SEEDS = [each for epoch in range(1, 51) for each in documents("call", epoch, 40)]  # 2,000 documents
TYPES = {"string": str, "integer": int, "boolean": bool}
VALUES: dict[str, Any] = {"string": "Atlantis", "integer": 999, "boolean": True}
Signature = dict[str, tuple[str, Any]]  # parameter → type, default (None: it must be passed)


def signatures(document: Called) -> dict[str, Signature]:
    """Read the tools as a model must: from the prompt."""
    shown = re.findall(r"^(\w+)\((.*)\): .+$", document.query, re.MULTILINE)
    return {
        name: {
            parameter: (kind, json.loads(default) if default else None)
            for parameter, kind, default in re.findall(r"(\w+): (\w+)(?: = (\w+))?", parameters)
        }
        for name, parameters in shown
    }


def request(document: Called) -> str:
    return re.findall(r"^User: (.+)$", document.query, re.MULTILINE)[-1]


def score(document: Called, call: Any) -> float:
    reply = call if isinstance(call, str) else json.dumps(call)
    return process_results({"answer": document.answer, "optional": document.optional}, [reply])["call"]


def test_three_tools_are_corners_of_a_grid_of_verbs_and_things() -> None:
    for each in SEEDS:
        assert len(signatures(each)) == 3
        purposes = re.findall(r"\): (.+)$", each.query, re.MULTILINE)
        found = [
            (verb.purpose, thing.what)
            for verbs, things in DOMAINS
            for verb, thing in product(verbs, things)
            if verb.purpose.format(it=thing.what) in purposes
        ]
        assert len(set(purposes)) == 3
        assert [len(set(side)) for side in zip(*found, strict=True)] == [2, 2], each.query


def test_a_tool_is_right_wherever_it_stands_and_whatever_it_shares() -> None:
    places = Counter(list(signatures(each)).index(json.loads(each.answer)["name"]) for each in SEEDS)
    lengths = [max(signatures(each), key=len) == json.loads(each.answer)["name"] for each in SEEDS]
    corners = [_shares_with_both(each) for each in SEEDS]
    allowed = 3 * sqrt(1 / 3 * 2 / 3 / len(SEEDS))
    for share in (*(places[place] / len(SEEDS) for place in range(3)), sum(corners) / len(SEEDS)):
        assert abs(share - 1 / 3) <= allowed, (places, sum(corners))
    assert sum(lengths) / len(SEEDS) <= 0.4  # the longest name is no giveaway


def _shares_with_both(document: Called) -> bool:
    """Say whether the right tool is the corner that shares with both others: a chooser who can't read could tell it."""
    lines = dict(re.findall(r"^(\w+)\(.*\): (.+)$", document.query, re.MULTILINE))
    domain = {
        verb.purpose.format(it=thing.what): (verb.purpose, thing.what)
        for verbs, things in DOMAINS
        for verb, thing in product(verbs, things)
    }
    mine = domain[lines.pop(json.loads(document.answer)["name"])]
    return all(sum(one == other for one, other in zip(mine, domain[line], strict=True)) == 1 for line in lines.values())


def test_no_request_says_a_word_of_any_tools_name() -> None:
    for each in SEEDS:
        said = set(re.findall(r"[a-z]+", request(each).lower()))
        named = {word for name in signatures(each) for word in name.split("_")}
        assert not said & named, (request(each), said & named)


def test_no_request_could_mean_another_tool() -> None:
    for verbs, things in DOMAINS:
        for part in ([verb.frames for verb in verbs], [thing.phrases for thing in things]):
            for one, other in combinations(part, 2):
                assert not set(one) & set(other)
    for each in SEEDS:
        assert _readings(each) == [json.loads(each.answer)["name"]], request(each)


def _patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for verbs, things in DOMAINS:
        for verb, thing in product(verbs, things):
            sentences = [frame.replace("{thing}", phrase) for frame, phrase in product(verb.frames, thing.phrases)]
            said = "|".join(re.sub(r"\\\{\w+\\\}", r"\\w+", re.escape(sentence)) for sentence in sentences)
            yield verb.purpose.format(it=thing.what), re.compile(f"(?:{said})", re.IGNORECASE)


PATTERNS = list(_patterns())


def _readings(document: Called) -> list[str]:
    """Name each tool of the prompt that one of its sentences makes the request of."""
    names = {shown: name for name, shown in re.findall(r"^(\w+)\(.*\): (.+)$", document.query, re.MULTILINE)}
    return [names[shown] for shown, said in PATTERNS if shown in names and said.match(request(document))]


def test_the_answer_passes_what_its_tool_takes_and_the_request_says() -> None:
    for each in SEEDS:
        call = json.loads(each.answer)
        signature, arguments = signatures(each)[call["name"]], call["arguments"]
        words = set(re.findall(r"\w+", request(each)))
        for parameter, value in arguments.items():
            kind, default = signature[parameter]
            assert type(value) is TYPES[kind]
            assert value != default
            spelt = NUMBERS[value] if kind == "integer" and value < len(NUMBERS) else str(value)
            assert kind == "boolean" or {str(value), spelt, spelt.capitalize()} & words, each
        assert len(set(map(str, arguments.values()))) == len(arguments)  # or a swap would change nothing
        left_out = signature.keys() - arguments.keys()
        assert {parameter: signature[parameter][1] for parameter in left_out} == json.loads(each.optional)
        assert None not in json.loads(each.optional).values()


def test_every_true_call_is_accepted_however_it_is_set() -> None:
    for each in SEEDS:
        call = json.loads(each.answer)
        backwards = {"arguments": dict(reversed(call["arguments"].items())), "name": call["name"]}
        with_defaults = {**call, "arguments": {**json.loads(each.optional), **call["arguments"]}}
        for told in (each.answer, f" {each.answer}\n", f"```json\n{json.dumps(call, indent=2)}\n```"):
            assert score(each, told) == 1
        assert score(each, backwards) == score(each, with_defaults) == 1


def mutations(document: Called) -> Iterator[Any]:
    """Yield calls that differ from the true one in one respect, or that another tool's signature makes of it."""
    call, tools = json.loads(document.answer), signatures(document)
    name, arguments = call["name"], call["arguments"]
    for other in tools.keys() - {name}:
        yield {"name": other, "arguments": arguments}
        yield {"name": other, "arguments": {each: VALUES[kind] for each, (kind, _) in tools[other].items()}}
    for wrong in (name.upper(), name + "s", name.replace("_", "-"), f" {name}", "", None):
        yield {"name": wrong, "arguments": arguments}
    for parameter, value in arguments.items():
        yield {"name": name, "arguments": {key: kept for key, kept in arguments.items() if key != parameter}}
        yield {"name": name, "arguments": {f"{key}_" if key == parameter else key: arguments[key] for key in arguments}}
        for wrong in wrong_values(value):
            yield {"name": name, "arguments": {**arguments, parameter: wrong}}
    for parameter, default in json.loads(document.optional).items():
        for wrong in (*wrong_values(default), None):
            yield {"name": name, "arguments": {**arguments, parameter: wrong}}
    for one, other in combinations(arguments, 2):
        yield {"name": name, "arguments": {**arguments, one: arguments[other], other: arguments[one]}}
    yield {"name": name, "arguments": {**arguments, "extra": 1}}
    yield {"name": name, "arguments": {}}
    yield {"name": name, "arguments": list(arguments.values())}
    yield {"name": name, "arguments": json.dumps(arguments)}
    yield {"name": name, "parameters": arguments}
    yield {"name": name, **arguments}
    yield {**call, "id": 1}
    yield {name: arguments}
    yield [call, call]
    yield f"{document.answer}\n{document.answer}"
    yield document.answer + "}"
    yield document.answer[:-1]
    yield document.answer.replace('"', "'")
    yield f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
    yield ""


def wrong_values(value: Any) -> list[Any]:
    wrong: list[Any] = [str(value).lower() if isinstance(value, bool) else str(value), [value], {"value": value}, None]
    if isinstance(value, bool):
        return [*wrong, not value, int(value)]
    if isinstance(value, int):
        return [*wrong, value + 1, -value - 1, value + 0.5, float(value), value == 1]
    return [value.upper(), f"{value}.", f" {value}", value[:-1], "", [value], {"value": value}, None, 1]


def test_every_mutated_call_is_refused() -> None:
    refused = 0
    for each in SEEDS:
        for wrong in mutations(each):
            assert score(each, wrong) == 0, (wrong, each)
            refused += 1
    assert refused > 50_000


CALL = '{"name": "book_table", "arguments": {"guests": 4}}'
DOCUMENT = {"answer": CALL, "optional": '{"outside": false}'}
REPLIES = [
    # reply, the metrics that are 1
    (CALL, "call tool filled parsed"),
    (f"Sure: {CALL} That is it.", "call tool filled parsed"),
    (f"[{CALL}]", "call tool filled parsed"),
    (f"```\n{CALL}\n```", "call tool filled parsed"),
    (CALL.replace("4}", '4, "outside": false}'), "call tool filled parsed"),
    (CALL.replace("4}", '4, "outside": true}'), "tool parsed"),
    (CALL.replace("4}", '4, "outside": 0}'), "tool parsed"),
    (CALL.replace("4}", '"4"}'), "tool parsed"),
    (CALL.replace("4}", "4.0}"), "tool parsed"),
    (CALL.replace("table", "room"), "filled parsed"),
    (CALL.replace("4}", '5, "guests": 4}'), ""),
    (CALL.replace("4}", "NaN}"), "tool parsed"),
    (f"{CALL} or {CALL}", ""),
    (f"I use {{braces}}: {CALL}", ""),
    (f":}} {CALL}", ""),
    ("4", ""),
    ("book_table(guests=4)", ""),
    ("[" * 100_000 + "{", ""),
    ('{"a":' * 100_000, ""),
    ("", ""),
]


@pytest.mark.parametrize(("reply", "right"), REPLIES, ids=range(len(REPLIES)))
def test_each_metric_says_what_it_says(reply: str, right: str) -> None:
    found = process_results(DOCUMENT, [reply])
    assert {metric for metric, value in found.items() if value} == set(right.split())
    assert set(found.values()) <= {0.0, 1.0}


def test_what_is_no_call_says_why() -> None:
    with pytest.raises(Unreadable, match="a call is an object of name and arguments, not"):
        read('{"tool": "book_table"}')
    with pytest.raises(Unreadable, match="a key comes twice"):
        read('{"name": "a", "name": "b", "arguments": {}}')
