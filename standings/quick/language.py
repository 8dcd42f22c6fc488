"""Generate questions about words: their translation, and the verb that agrees with its subject."""

from random import Random

from standings.quick.draw import MultipleChoice, choose
from standings.quick.words import LANGUAGES, VOCABULARY

SUBJECTS = (
    ("The child", "The children"),
    ("My friend", "My friends"),
    ("The teacher", "The teachers"),
    ("The old man", "The old men"),
    ("This woman", "These women"),
    ("The doctor", "The doctors"),
    ("Our neighbour", "Our neighbours"),
    ("The student", "The students"),
    ("That girl", "Those girls"),
    ("The king", "The kings"),
)
# (what follows a singular subject, what follows a plural one); the noun nearest to the verb pulls the other way.
BETWEEN = (
    ("near the tall trees", "near the tall tree"),
    ("behind the big houses", "behind the big house"),
    ("with the red hats", "with the red hat"),
    ("next to the cars", "next to the car"),
    ("in the old towns", "in the old town"),
    ("who knows the players", "who know the player"),
    ("that the boys like", "that the boy likes"),
    ("from the small villages", "from the small village"),
)
VERBS = (
    ("is", "are"),
    ("was", "were"),
    ("has", "have"),
    ("walks", "walk"),
    ("sings", "sing"),
    ("lives", "live"),
    ("knows", "know"),
    ("goes", "go"),
)


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


def agreement(rng: Random) -> MultipleChoice:
    """Ask for the singular or the plural verb after a subject with a noun of the other number in between."""
    number = rng.randrange(2)
    subject, between, verbs = rng.choice(SUBJECTS)[number], rng.choice(BETWEEN)[number], rng.choice(VERBS)
    return choose(rng, f"{subject} {between}", verbs[number], [verbs[1 - number]])
