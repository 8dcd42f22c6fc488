"""Generate instructions on the form of a reply. The four replies are fixed by the words; the instruction picks one.

So whoever prefers the shortest, the plainest or the likeliest reply without reading the instruction is right by chance.
"""

from collections.abc import Callable
from random import Random

from standings.quick.draw import MultipleChoice, Written, choose
from standings.quick.words import THINGS

Replies = dict[str, str]  # instruction → the reply that follows it


def _separator(rng: Random) -> Replies:
    first, second = rng.sample(THINGS, 2)
    signs = {"a hyphen": "-", "a plus sign": "+", "a slash": "/", "an underscore": "_"}
    return {f"Join {first} and {second} with {name}": f"{first}{sign}{second}" for name, sign in signs.items()}


def _brackets(rng: Random) -> Replies:
    word = rng.choice(THINGS)
    return {
        f"Put {word} in square brackets": f"[{word}]",
        f"Put {word} in round brackets": f"({word})",
        f"Put {word} in curly brackets": "{" + word + "}",
        f"Put {word} in double quotes": f'"{word}"',
    }


def _letters(rng: Random) -> Replies:
    word = rng.choice(THINGS)
    return {
        f"Write {word} in capital letters": word.upper(),
        f"Write {word} in small letters": word,
        f"Write {word} with a capital first letter": word.capitalize(),
        f"Spell {word} with hyphens": "-".join(word),
    }


def _position(rng: Random) -> Replies:
    words = rng.sample(THINGS, 4)
    listed = ", ".join(words)
    return {
        f"Write only the {place} word of {listed}": word
        for place, word in zip(("first", "second", "third", "last"), words, strict=True)
    }


def _repeats(rng: Random) -> Replies:
    word = rng.choice(THINGS)
    times = ("once", "twice", "three times", "four times")
    return {f"Write {word} {name}": ", ".join([word] * count) for count, name in enumerate(times, 1)}


KINDS: tuple[Callable[[Random], Replies], ...] = (_separator, _brackets, _letters, _position, _repeats)
# A written reply has no space in it, so that a filter can tell it from the words around it.
WRITTEN_KINDS: tuple[Callable[[Random], Replies], ...] = (_separator, _brackets, _letters, _position)


def follow(rng: Random) -> MultipleChoice:
    """Ask which of four replies an instruction wants."""
    replies = rng.choice(KINDS)(rng)
    instruction = rng.choice(list(replies))
    wrong = [reply for other, reply in replies.items() if other != instruction]
    return choose(rng, f"{instruction}:", replies[instruction], wrong)


def write(rng: Random) -> Written:
    """Ask for the reply itself: nothing but it is accepted."""
    replies = rng.choice(WRITTEN_KINDS)(rng)
    instruction = rng.choice(list(replies))
    return Written(f"{instruction}:", replies[instruction])
