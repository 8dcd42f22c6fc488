"""Hold one document, and draw choices of which a chooser who can't read the question gets no more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class MultipleChoice:
    query: str  # the prompt up to where a choice begins; a space follows
    choices: tuple[str, ...]
    gold: int  # index of the right choice
    tools: str = ""  # the catalogue that stands before the examples, the same in all documents of a benchmark


@dataclass(frozen=True, slots=True)
class Written:
    query: str
    answer: str  # the whole of the only line accepted


@dataclass(frozen=True, slots=True)
class Called:
    query: str
    answer: str  # the call as JSON: name and arguments
    optional: str  # JSON: the arguments that may be left out, at the default that they may be passed at


Document = MultipleChoice | Written | Called


def choose(rng: Random, query: str, right: str, wrong: Sequence[str], tools: str = "") -> MultipleChoice:
    """Put the right choice among the wrong ones at a uniformly drawn position."""
    choices = [right, *wrong]
    assert len(set(choices)) == len(choices), f"two equal choices for {query!r}: {choices}"
    rng.shuffle(choices)
    return MultipleChoice(query, tuple(choices), choices.index(right), tools)


def corners(rng: Random, value: int, steps: tuple[int, int] = (1, 10)) -> list[int]:
    """Draw the three other corners of a grid in which `value` is a uniformly drawn corner.

    With steps (1, 10) one wrong number has a wrong last digit, one a carry too many or too few, one both. Numbers
    scattered around `value` would leave it near the middle, where a chooser who reads no question would find it.
    """
    across, up = rng.choice((-1, 1)) * steps[0], rng.choice((-1, 1)) * steps[1]
    return [value + across, value + up, value + across + up]
