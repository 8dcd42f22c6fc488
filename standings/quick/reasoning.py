"""Generate short questions that are answered by following what the prompt says, not by knowing things."""

from random import Random

from standings.quick.draw import MultipleChoice, choose, corners
from standings.quick.words import ANIMALS, COLOURS, FRUITS, NAMES, PLACES, VEHICLES


def where(rng: Random) -> MultipleChoice:
    """Put four people in four places and ask for one of them; the four places are the choices."""
    people, places = rng.sample(NAMES, 4), rng.sample(PLACES, 4)
    seat = rng.randrange(4)
    facts = [f"{person} is in the {place}" for person, place in zip(people, places, strict=True)]
    others = [place for place in places if place != places[seat]]
    return choose(rng, f"{'. '.join(facts)}. Where is {people[seat]}? In the", places[seat], others)


def pattern(rng: Random) -> MultipleChoice:
    """Break off a repeating pattern of words; all four choices have been seen in it."""
    words = rng.sample(ANIMALS + FRUITS + COLOURS + VEHICLES, 4)
    shape = rng.choice(("abcd", "aabcd", "abcad", "abbcd", "abcdd", "abacd"))
    asked = rng.choice("abcd")  # drawn before its place, or the letter that comes twice would be right more often
    place = rng.choice([index for index, letter in enumerate(shape) if letter == asked])
    cycle = [words["abcd".index(letter)] for letter in shape]
    rounds = 1 if place > 1 else 2  # one word said again would be no pattern yet
    shown = cycle * rounds + cycle[:place]
    right = cycle[place]
    return choose(rng, f"{', '.join(shown)},", right, [word for word in words if word != right])


def sequence(rng: Random) -> MultipleChoice:
    """Ask for the next number of a rising or falling arithmetic sequence; every choice has two digits."""
    step = rng.choice((-1, 1)) * rng.randint(2, 9)
    following = rng.randint(max(21, 4 * step + 1), 88)
    shown = [following - step * back for back in (4, 3, 2, 1)]
    wrong = [str(number) for number in corners(rng, following)]
    return choose(rng, f"{', '.join(map(str, shown))},", str(following), wrong)
