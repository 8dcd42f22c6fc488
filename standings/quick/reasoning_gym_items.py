"""Take items from reasoning-gym's generators (apache-2.0) and give them choices.

Only generators whose items depend on their seed alone are taken: codeio, isomorphic_strings, knight_swap,
polynomial_multiplication, ransom_note and word_ladder of 0.1.25 change with PYTHONHASHSEED, and futoshiki hangs.
"""

from functools import cache
from itertools import permutations
from random import Random
from typing import Any

from standings.quick.draw import MultipleChoice, choose, corners

SETTINGS: dict[str, dict[str, int]] = {
    "chain_sum": {"min_terms": 3, "max_terms": 3, "min_digits": 1, "max_digits": 2},
    "spell_backward": {"min_word_len": 4, "max_word_len": 5},
    "sentence_reordering": {"min_words_in_sentence": 4, "max_words_in_sentence": 7},
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
    """Ask for the value of a sum and difference of three numbers; every choice has two digits."""
    while True:
        item = _item(rng, "chain_sum")
        value = int(item["answer"])
        if 21 <= value <= 88:
            expression = item["metadata"]["expression"]
            return choose(rng, f"{expression} =", str(value), [str(wrong) for wrong in corners(rng, value)])


def spell_backward(rng: Random) -> MultipleChoice:
    """Ask for a word's letters in reverse; the wrong choices are other orders that end as the right one does."""
    while True:
        word = _item(rng, "spell_backward")["metadata"]["word"].lower()
        right = word[::-1]
        wrong = sorted({"".join(letters) for letters in permutations(word)} - {word, right})
        if len(wrong) >= 3 and right != word:
            return choose(rng, f"{word} backwards:", right, rng.sample(wrong, 3))


def sentence_reordering(rng: Random) -> MultipleChoice:
    """Ask for a sentence made of shuffled words; the wrong choices are other orders of the same words."""
    while True:
        item = _item(rng, "sentence_reordering")
        words = item["answer"].split()
        if not item["answer"].replace(" ", "").rstrip(".").isalpha() or len(set(words)) < 4:
            continue
        shuffled = item["question"].rpartition(": ")[2]
        wrong: set[str] = set()
        while len(wrong) < 3:
            order = words[:]
            first, second = rng.sample(range(len(words)), 2)
            order[first], order[second] = order[second], order[first]
            wrong |= {" ".join(order)} - {item["answer"]}
        return choose(rng, f"{shuffled} ->", item["answer"], sorted(wrong))
