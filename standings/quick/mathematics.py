"""Generate arithmetic whose wrong choices are the near misses: a last digit off, a carry forgotten, or both."""

from random import Random

from standings.quick.draw import MultipleChoice, choose, corners


def addition(rng: Random) -> MultipleChoice:
    """Ask for the sum of two two-digit numbers; every choice has two digits."""
    total = rng.randint(32, 88)
    first = rng.randint(11, total - 11)
    return choose(rng, f"{first} + {total - first} =", str(total), [str(wrong) for wrong in corners(rng, total)])


def sequence(rng: Random) -> MultipleChoice:
    """Ask for the next number of an arithmetic sequence; every choice has two digits."""
    step = rng.randint(2, 9)
    following = rng.randint(max(21, 4 * step + 1), 88)
    shown = [following - step * back for back in (4, 3, 2, 1)]
    wrong = [str(number) for number in corners(rng, following)]
    return choose(rng, f"{', '.join(map(str, shown))},", str(following), wrong)


def largest(rng: Random) -> MultipleChoice:
    """Ask for the largest or the smallest of four numbers, all of which are the choices."""
    numbers = rng.sample(range(100, 1000), 4)
    word, right = rng.choice((("largest", max(numbers)), ("smallest", min(numbers))))
    query = f"Numbers: {', '.join(map(str, numbers))}. The {word} is"
    return choose(rng, query, str(right), [str(number) for number in numbers if number != right])
