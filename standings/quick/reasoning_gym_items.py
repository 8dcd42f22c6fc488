"""Take items from reasoning-gym's generators (apache-2.0) and give them choices.

Only generators whose items depend on their seed alone are taken: codeio, isomorphic_strings, knight_swap,
polynomial_multiplication, ransom_note and word_ladder of 0.1.25 change with PYTHONHASHSEED, and futoshiki hangs.
"""

from functools import cache
from random import Random
from typing import Any

from standings.quick.draw import MultipleChoice, choose, corners

SETTINGS: dict[str, dict[str, int]] = {
    "chain_sum": {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 2},
    "spell_backward": {"min_word_len": 4, "max_word_len": 4},
}


@cache
def _generator(name: str) -> Any:
    # Imported here because only the worker has it, and because it brings matplotlib along.
    from reasoning_gym import create_dataset

    return create_dataset(name, seed=0, size=1, **SETTINGS[name])


def _item(rng: Random, name: str) -> Any:
    # An index beyond the size is fine: an item is made from seed + index whenever it is asked for.
    return _generator(name)[rng.randrange(2**31)]


def chain_sum(rng: Random) -> MultipleChoice:
    """Ask for the value of a sum or a difference of two numbers; every choice has two digits."""
    while True:
        item = _item(rng, "chain_sum")
        value = int(item["answer"])
        if 21 <= value <= 88:
            expression = item["metadata"]["expression"]
            return choose(rng, f"{expression} =", str(value), [str(wrong) for wrong in corners(rng, value)])


def spell_backward(rng: Random) -> MultipleChoice:
    """Ask for a word of four letters in reverse; the wrong choices are other such words in reverse."""
    words: dict[str, None] = {}  # in the order drawn, each once
    while len(words) < 4:
        words[_item(rng, "spell_backward")["metadata"]["word"].lower()] = None
    right, *wrong = (word[::-1] for word in words)
    return choose(rng, f"{next(iter(words))} backwards:", right, wrong)
