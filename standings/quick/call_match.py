"""Read a written call and compare it with the one that a request wants: what `call` scores.

Tolerant of what stands around the call, strict on the call. The reply holds one JSON object, set in any way: a code
fence, a sentence or brackets around it are passed over, but no other brace. The object has `name` and `arguments` and
nothing else, no key twice. Strings match letter by letter, numbers and booleans by value and by type (4 is not 4.0,
"4" or true), in any order. A parameter with a default that the request does not speak of may be left out or passed at
its default. This file is in the benchmark's lock: whoever edits it moves the lock.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any


class Unreadable(ValueError):
    """The reply is not one well-formed call."""


def process_results(document: Mapping[str, str], results: Sequence[str]) -> dict[str, float]:
    """Score a reply: `call` is tool and arguments, `tool` and `filled` (the arguments) alone, `parsed` that it is one.

    No metric is called `arguments`: lm-eval keeps the prompt of a sample under that name.
    """
    wanted, optional = json.loads(document["answer"]), json.loads(document["optional"])
    try:
        name, arguments = read(results[0])
    except Unreadable:
        return {"call": 0.0, "tool": 0.0, "filled": 0.0, "parsed": 0.0}
    tool, passed = name == wanted["name"], match(arguments, wanted["arguments"], optional)
    return {"call": float(tool and passed), "tool": float(tool), "filled": float(passed), "parsed": 1.0}


def read(reply: str) -> tuple[str, dict[str, Any]]:
    """Return the name and the arguments of the one call in a reply. Raises Unreadable."""
    start = max(reply.find("{"), 0)
    try:
        found, end = _DECODER.raw_decode(reply, start)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON object: {error}") from error
    if {"{", "}"} & {*reply[:start], *reply[end:]}:
        raise Unreadable("not exactly one JSON object")
    if not isinstance(found, dict) or found.keys() != {"name", "arguments"}:
        raise Unreadable(f"a call is an object of name and arguments, not {json.dumps(found)[:80]}")
    name, arguments = found["name"], found["arguments"]
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise Unreadable("a name is a string, arguments are an object")
    return name, arguments


def match(passed: Mapping[str, Any], wanted: Mapping[str, Any], optional: Mapping[str, Any]) -> bool:
    """Say whether the arguments passed are those wanted, but for some of `optional` at their default."""
    allowed = {**optional, **wanted}
    return wanted.keys() <= passed.keys() <= allowed.keys() and all(
        type(value) is type(allowed[name]) and value == allowed[name] for name, value in passed.items()
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object)
