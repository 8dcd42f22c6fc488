"""Generate questions about the words of several languages."""

from random import Random

from standings.quick.draw import MultipleChoice, choose
from standings.quick.words import LANGUAGES, VOCABULARY


def translate(rng: Random) -> MultipleChoice:
    """Ask for a word in another language, or for the English of one; the wrong words are of the same language."""
    language = rng.randrange(len(LANGUAGES))
    row = rng.choice(VOCABULARY)
    english, foreign = row[0], row[language + 1]
    if rng.random() < 0.5:
        others = sorted({other[language + 1] for other in VOCABULARY} - {foreign})
        return choose(rng, f"{english} in {LANGUAGES[language]}:", foreign, rng.sample(others, 3))
    # Words that share a spelling in the other language (casa) would both be right.
    others = sorted(other[0] for other in VOCABULARY if other[language + 1] != foreign)
    return choose(rng, f"{foreign} in English:", english, rng.sample(others, 3))
