"""Generate requests that one of three generated tools answers, with the call that answers it.

The tools are three corners of a grid of two verbs and two things, so that each shares its verb or its thing with
another, and which of the three is meant is drawn uniformly: nothing but the request tells it from the rest.
"""

import json
from dataclasses import dataclass
from random import Random

from standings.quick.call_tools import DOMAINS, Option, Parameter, Thing, Value, Verb
from standings.quick.draw import Called

TYPES: dict[type, str] = {str: "string", int: "integer", bool: "boolean"}
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
SHOWN = 2  # requests that are answered in the prompt, of the document's own tools: those of another lead astray


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    purpose: str
    parameters: dict[str, tuple[str, Parameter]]  # slot in the templates → name, and what it may be
    option: Option | None

    def shown(self) -> str:
        """Return the line of the prompt that describes the tool."""
        listed = [f"{name}: {TYPES[type(one.values[0])]}" for name, one in self.parameters.values()]
        if self.option:
            listed.append(f"{self.option.name}: {TYPES[type(self.option.default)]} = {json.dumps(self.option.default)}")
        return f"{self.name}({', '.join(listed)}): {self.purpose}"


def call(rng: Random) -> Called:
    """Ask for a call as JSON: its tool and its arguments."""
    verbs, things = rng.choice(DOMAINS)
    two_verbs, two_things = rng.sample(verbs, 2), rng.sample(things, 2)
    corners = [(verb, thing) for verb in two_verbs for thing in two_things]
    listed = [(verb, thing, _tool(rng, verb, thing)) for verb, thing in rng.sample(corners, 3)]
    lines = ["Tools:", *(tool.shown() for _, _, tool in listed)]
    used: set[Value] = set()
    for _ in range(SHOWN):
        request, answer, _ = _ask(rng, *rng.choice(listed), used)
        lines += [f"User: {request}", f"Call: {json.dumps(answer)}"]
    request, answer, optional = _ask(rng, *rng.choice(listed), used)
    lines += [f"User: {request}", "Call:"]
    return Called("\n".join(lines), json.dumps(answer), json.dumps(optional))


def _tool(rng: Random, verb: Verb, thing: Thing) -> Tool:
    slots = list({**thing.parameters, **verb.parameters}.items())
    rng.shuffle(slots)
    parameters = {slot: (rng.choice(one.names), one) for slot, one in slots}
    name = f"{rng.choice(verb.names)}_{rng.choice(thing.names)}"
    return Tool(name, verb.purpose.format(it=thing.what), parameters, verb.option)


def _ask(
    rng: Random, verb: Verb, thing: Thing, tool: Tool, used: set[Value]
) -> tuple[str, dict[str, object], dict[str, Value]]:
    """Return a request, the call that it wants, and the arguments that may be passed at their default.

    No value comes twice in a document, so that whoever swaps two or copies another request's is wrong.
    """
    values = {slot: _unused(rng, parameter.values, used) for slot, (_, parameter) in tool.parameters.items()}
    said = {slot: _said(rng, value) for slot, value in values.items()}
    said["thing"] = rng.choice(thing.phrases).format(**said)
    request = rng.choice(verb.frames).format(**said)
    arguments = {tool.parameters[slot][0]: value for slot, value in values.items()}
    optional: dict[str, Value] = {}
    if tool.option and rng.random() < 0.5:
        wanted = _unused(rng, tool.option.values, used)
        request += " " + tool.option.clause.format(option=_said(rng, wanted))
        arguments[tool.option.name] = wanted
    elif tool.option:
        optional[tool.option.name] = tool.option.default
    return request[0].upper() + request[1:], {"name": tool.name, "arguments": arguments}, optional


def _unused(rng: Random, values: tuple[Value, ...], used: set[Value]) -> Value:
    drawn = rng.choice([value for value in values if value is True or value not in used])
    used.add(drawn)
    return drawn


def _said(rng: Random, value: Value) -> str:
    """Say a small number in letters half of the time."""
    small = isinstance(value, int) and not isinstance(value, bool) and value < len(NUMBERS)
    return NUMBERS[int(value)] if small and rng.random() < 0.5 else str(value)
