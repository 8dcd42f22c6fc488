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
                "Drop {name} a line on the phone that I'm late",
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
                "Ring {name}, I want to hear a voice",
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
CURRENCIES = ["euros", "dollars", "pounds", "yen", "francs", "rupees", "pesos", "kroner"]
TONGUES = ["French", "German", "Spanish", "Italian", "Chinese", "Greek", "Polish", "Dutch"]
SELECT_CATALOGUE = "Tools:\n" + "\n".join(
    f"{tool}: {purpose}" for family in FAMILIES.values() for tool, (purpose, _) in family.items()
)

# call → (values, requests that name where from, where to, and a third value that must not be passed)
CALLS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "book_trip": (
        CITIES,
        (
            "I must get to {to}. I'm in {start}, no longer in {other}.",
            "From {start} take me to {to}, not to {other}.",
            "Not {other}: I want to see {to}, and I leave {start} today.",
            "I live in {other}, but I'm in {start} and want to go to {to}.",
            "My next stop after {start} is {to}, {other} can wait.",
        ),
    ),
    "change_money": (
        CURRENCIES,
        (
            "I have {start} and no {other}, and need {to}.",
            "How many {to} do I get for my {start}? I don't want {other}.",
            "I sold my {other}, now turn these {start} into {to}.",
            "They take {to} there, not {other}, and I only carry {start}.",
            "Give me {to} for these {start}, keep your {other}.",
        ),
    ),
    "translate_text": (
        TONGUES,
        (
            "This letter is in {start}. I read {to}, but no {other}.",
            "Put the {start} poem into {to}, not into {other}.",
            "I want to read it in {to}. It is written in {start}, not in {other}.",
            "My {other} is poor, so let me have this {start} text in {to}.",
            "How do they say this {start} word in {to}? I know it in {other}.",
        ),
    ),
}
ARGUMENTS_CATALOGUE = "Tools:\n" + "\n".join(f"{call}(from, to)" for call in CALLS)


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
    values, requests = CALLS[call]
    start, to, other = rng.sample(values, 3)
    request = rng.choice(requests).format(start=start, to=to, other=other)
    wrong = [pair for pair in permutations((start, to, other), 2) if pair != (start, to)]
    right, *others = (f"from={one} to={two}" for one, two in [(start, to), *rng.sample(wrong, 3)])
    return choose(rng, f"User: {request}\nCall: {call}", right, others, ARGUMENTS_CATALOGUE)
