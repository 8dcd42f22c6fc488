"""Generate requests to an assistant that has tools: which tool is meant, and with which arguments.

Tools come in families whose members are easily confused, and no request names its tool. The catalogue is the same in
all documents, so that a scorer which keeps the common beginning computes it once.
"""

from itertools import permutations
from random import Random

from standings.quick.draw import MultipleChoice, choose
from standings.quick.words import CITIES, NAMES

# family → tool → (what it does, requests that mean it)
FAMILIES: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "time": {
        "set_alarm": (
            "ring at a time of day",
            (
                "Get me out of bed at {hour}",
                "I must be up by {hour} tomorrow",
                "Wake me at {hour}",
                "Don't let me sleep past {hour}",
            ),
        ),
        "start_timer": (
            "ring after some minutes",
            (
                "Tell me when {minutes} minutes are over",
                "The eggs need {minutes} minutes from now",
                "Count down from {minutes} minutes",
                "Beep once {minutes} minutes have passed",
            ),
        ),
        "add_reminder": (
            "keep a task in mind",
            (
                "Don't let me forget to pay {name}",
                "I keep forgetting to water {name}'s plants",
                "Make sure I remember {name}'s birthday present",
                "Nudge me to return {name}'s book",
            ),
        ),
        "add_event": (
            "put a meeting in the calendar",
            (
                "Lunch with {name} on {day}, please block it",
                "{name} and I are meeting on {day}, put it down",
                "Keep {day} free for my talk with {name}",
                "Pencil in dinner with {name} for {day}",
            ),
        ),
    },
    "contact": {
        "send_text": (
            "short message to a phone",
            (
                "Drop {name} a line on her phone that I'm late",
                "Let {name} know by SMS that I'm outside",
                "Ping {name}'s mobile: running late",
                "Write to {name}'s phone that I'm on my way",
            ),
        ),
        "send_email": (
            "letter to an inbox",
            (
                "Put the report in {name}'s inbox",
                "Write {name} a long letter with the contract attached",
                "Mail {name} the invoice as an attachment",
                "Forward the newsletter to {name}'s inbox",
            ),
        ),
        "call_person": (
            "speak on the phone",
            (
                "I want to talk to {name} right now",
                "Get {name} on the line",
                "Dial {name}'s number",
                "Ring {name}, I want to hear her voice",
            ),
        ),
        "find_contact": (
            "look up a number or address",
            (
                "What is {name}'s phone number?",
                "Where does {name} live?",
                "I lost {name}'s address",
                "Which number do I have for {name}?",
            ),
        ),
    },
    "travel": {
        "find_flight": (
            "plane tickets",
            (
                "I want to fly to {city} on {day}",
                "Get me on a plane to {city}",
                "What does it cost to fly to {city}?",
                "Which airline goes to {city} on {day}?",
            ),
        ),
        "find_train": (
            "rail tickets",
            (
                "Get me to {city} by rail",
                "When does the next express leave the station for {city}?",
                "I want to be on the tracks to {city} on {day}",
                "A rail ticket to {city} for {day}",
            ),
        ),
        "find_hotel": (
            "a room for the night",
            (
                "I need somewhere to sleep in {city}",
                "Where can I stay in {city} on {day}?",
                "A double room in {city}, please",
                "I need a bed for two nights in {city}",
            ),
        ),
        "get_weather": (
            "rain, sun and temperature",
            (
                "Will I need an umbrella in {city}?",
                "How warm is it in {city} on {day}?",
                "Is it going to snow in {city}?",
                "Is {city} sunny on {day}?",
            ),
        ),
    },
}
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
SELECT_CATALOGUE = "Tools:\n" + "\n".join(
    f"{tool}: {purpose}" for family in FAMILIES.values() for tool, (purpose, _) in family.items()
)

# call → (its two parameters, where their values come from, requests with a third value that must not be passed)
CALLS: dict[str, tuple[tuple[str, str], list[str], tuple[str, ...]]] = {
    "book_trip": (
        ("from", "to"),
        CITIES,
        (
            "I must get to {to}. I'm in {from}, no longer in {other}.",
            "From {from} take me to {to}, not to {other}.",
            "Not {other}: I want to see {to}, and I leave {from} today.",
            "I live in {other}, but I'm in {from} and want to go to {to}.",
        ),
    ),
    "swap_player": (
        ("out", "in"),
        NAMES,
        (
            "Bring on {in} for {out}, {other} stays.",
            "{out} is tired, let {in} play, not {other}.",
            "{other} stays. Take off {out} and send on {in}.",
            "Let {in} play instead of {out}, {other} can wait.",
        ),
    ),
    "pay_back": (
        ("debtor", "creditor"),
        NAMES,
        (
            "{creditor} lent {debtor} ten euros, {other} saw it.",
            "{debtor} owes money to {creditor}, not to {other}.",
            "{debtor}, a friend of {other}, borrowed from {creditor}.",
            "{creditor} wants ten euros back from {debtor}, none from {other}.",
        ),
    ),
}
ARGUMENTS_CATALOGUE = "Tools:\n" + "\n".join(f"{call}({', '.join(names)})" for call, (names, *_) in CALLS.items())


def select(rng: Random) -> MultipleChoice:
    """Ask for the tool that a paraphrased request means; the other choices are the rest of its family."""
    family = rng.choice(list(FAMILIES.values()))
    right = rng.choice(list(family))
    request = rng.choice(family[right][1]).format(
        hour=f"{rng.randint(5, 11)} o'clock",
        minutes=rng.randint(3, 40),
        name=rng.choice(NAMES),
        day=rng.choice(DAYS),
        city=rng.choice(CITIES),
    )
    others = [tool for tool in family if tool != right]
    return choose(rng, f"User: {request}\nTool:", right, others, SELECT_CATALOGUE)


def arguments(rng: Random) -> MultipleChoice:
    """Ask for a call's two arguments out of three values named; wrong choices swap them or pass the third."""
    call = rng.choice(list(CALLS))
    (first, second), values, requests = CALLS[call]
    right = rng.sample(values, 2)
    other = rng.choice([value for value in values if value not in right])
    request = rng.choice(requests).format(**{first: right[0], second: right[1], "other": other})
    wrong = [list(pair) for pair in permutations((*right, other), 2) if list(pair) != right]
    chosen = [f"{first}={one} {second}={two}" for one, two in [right, *rng.sample(wrong, 3)]]
    return choose(rng, f"User: {request}\nCall: {call}", chosen[0], chosen[1:], ARGUMENTS_CATALOGUE)
