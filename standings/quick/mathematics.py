"""Generate arithmetic whose wrong choices are the near misses: a last digit off, a carry forgotten, or both."""

from random import Random

from standings.quick.draw import MultipleChoice, choose, corners


def addition(rng: Random) -> MultipleChoice:
    """Ask for the sum of two two-digit numbers; every choice has two digits."""
    total = rng.randint(32, 88)
    first = rng.randint(11, total - 11)
    query = f"Question: What is {first} + {total - first}?\nAnswer:"
    return choose(rng, query, str(total), [str(wrong) for wrong in corners(rng, total)])


def largest(rng: Random) -> MultipleChoice:
    """Ask for the largest or the smallest of four two-digit numbers, which are the choices."""
    numbers = rng.sample(range(10, 100), 4)
    word, right = rng.choice((("largest", max(numbers)), ("smallest", min(numbers))))
    query = f"Question: Which number is the {word}: {', '.join(map(str, numbers))}?\nAnswer:"
    return choose(rng, query, str(right), [str(number) for number in numbers if number != right])
