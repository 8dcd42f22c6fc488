"""List what the tools of `call` do and how people ask for it: verbs × things, in domains where every pair makes sense.

No request says a word of a tool's name; a test holds it for every pair.
"""

from dataclasses import dataclass, field

from standings.quick.tools import DAYS, TONGUES
from standings.quick.words import CITIES, NAMES, PLACES

Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Parameter:
    names: tuple[str, ...]  # one of them is drawn, so that no name is learnt by heart
    values: tuple[Value, ...]  # what a request may ask for; all of one type


@dataclass(frozen=True, slots=True)
class Option:
    """A parameter that may be left out."""

    name: str
    default: Value
    values: tuple[Value, ...]  # without the default, so that a request never asks for it
    clause: str  # what a request adds when it asks for a value


@dataclass(frozen=True, slots=True)
class Verb:
    names: tuple[str, ...]
    purpose: str  # {it} stands for the thing
    frames: tuple[str, ...]  # sentences that mean it; {thing} stands for a phrase, other braces for parameters
    parameters: dict[str, Parameter] = field(default_factory=dict)
    option: Option | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    names: tuple[str, ...]
    what: str
    phrases: tuple[str, ...]
    parameters: dict[str, Parameter]


SMALL = tuple(range(2, 13))
DAY = Parameter(("day", "date"), tuple(DAYS))
CITY = Parameter(("city", "place"), tuple(CITIES))
NAME = Parameter(("person", "name"), tuple(NAMES))
ROOM = Parameter(("room", "where"), tuple(PLACES))
PERCENT = Parameter(("percent", "amount"), tuple(range(15, 95, 5)))
LATER = Option("delay", 0, SMALL, "Start in {option} minutes.")

BOOKINGS = (
    (
        Verb(
            ("book", "reserve"),
            "arrange {it}",
            ("We need {thing}.", "Please get us {thing}.", "I would love {thing}."),
            option=Option("insured", False, (True,), "Add insurance, please."),
        ),
        Verb(
            ("cancel", "drop"),
            "give up {it}",
            ("We no longer want {thing}.", "Forget about {thing}, we stay at home.", "Call off {thing}."),
        ),
        Verb(
            ("postpone", "delay"),
            "put off {it}",
            ("Sorry, {thing} must wait {days} more days.", "Push {thing} back by {days} days."),
            {"days": Parameter(("days", "wait_days"), SMALL)},
        ),
    ),
    (
        Thing(
            ("table",),
            "a restaurant table",
            ("dinner for {guests}", "a meal out for {guests}"),
            {"guests": Parameter(("guests", "people"), SMALL)},
        ),
        Thing(
            ("room", "hotel"),
            "a hotel room",
            ("somewhere to sleep in {city}", "a bed for the night in {city}"),
            {"city": CITY},
        ),
        Thing(
            ("flight",),
            "an air journey",
            ("the {day} plane to {city}", "a seat on the plane to {city} on {day}"),
            {"city": CITY, "day": DAY},
        ),
        Thing(
            ("train",),
            "a rail journey",
            ("the {day} rail trip to {city}", "a rail ticket to {city} on {day}"),
            {"day": DAY, "city": CITY},
        ),
    ),
)
HOME = (
    (
        Verb(
            ("raise", "increase"),
            "turn up {it}",
            ("I want {percent} percent more {thing}.", "Too little {thing}! Add {percent} percent."),
            {"percent": PERCENT},
            LATER,
        ),
        Verb(
            ("lower", "reduce"),
            "turn down {it}",
            ("Take away {percent} percent of the {thing}.", "{percent} percent less {thing}, please."),
            {"percent": PERCENT},
            LATER,
        ),
        Verb(
            ("stop", "disable"),
            "turn off {it}",
            ("No {thing} at all, please.", "We can do without any {thing}.", "End the {thing}."),
        ),
    ),
    (
        Thing(("lamp", "lights"), "the lighting", ("light in the {room}", "brightness in the {room}"), {"room": ROOM}),
        Thing(("heater", "radiator"), "the heating", ("warmth in the {room}", "hot air in the {room}"), {"room": ROOM}),
        Thing(("speaker", "radio"), "the sound", ("music in the {room}", "noise in the {room}"), {"room": ROOM}),
    ),
)
ERRANDS = (
    (
        Verb(
            ("send", "give"),
            "pass on {it}",
            ("Let {person} have {thing}.", "{person} should get {thing} from me."),
            {"person": NAME},
            Option("express", False, (True,), "It has to be there today."),
        ),
        Verb(
            ("request", "demand"),
            "ask for {it}",
            ("{person} still owes me {thing}.", "I want {thing} back from {person}."),
            {"person": NAME},
        ),
        Verb(
            ("record", "log"),
            "note the receipt of {it}",
            ("{person} came with {thing}, keep that in mind.", "Write down that {thing} came from {person}."),
            {"person": NAME},
        ),
    ),
    (
        Thing(
            ("money", "cash"),
            "a sum",
            ("{sum} euros", "a bill of {sum} euros"),
            {"sum": Parameter(("amount", "euros"), tuple(range(15, 100)))},
        ),
        Thing(
            ("parcel", "package"),
            "a parcel",
            ("the box of {kilos} kilos", "the {kilos} kilo box"),
            {"kilos": Parameter(("kilos", "weight"), SMALL)},
        ),
        Thing(
            ("book",),
            "a book",
            ("the {tongue} novel", "the novel in {tongue}"),
            {"tongue": Parameter(("language",), tuple(TONGUES))},
        ),
    ),
)
CALENDAR = (
    (
        Verb(
            ("add", "create"),
            "plan {it}",
            ("Write down {thing}.", "Don't let me forget {thing}."),
            option=Option("weekly", False, (True,), "It comes again every week."),
        ),
        Verb(
            ("remove", "delete"),
            "give up {it}",
            ("It turns out that {thing} won't happen.", "Strike {thing} out."),
        ),
        Verb(
            ("move", "shift"),
            "hold {it} later",
            ("Let {thing} begin {hours} hours later.", "Put {thing} back by {hours} hours."),
            {"hours": Parameter(("hours", "later_by"), SMALL)},
        ),
    ),
    (
        Thing(
            ("meeting",),
            "a meeting",
            ("the talk with {person} on {day}", "my {day} talk with {person}"),
            {"person": NAME, "day": DAY},
        ),
        Thing(("party",), "a party", ("the birthday on {day}", "the {day} birthday"), {"day": DAY}),
        Thing(
            ("lesson", "course"),
            "a lesson",
            ("the {tongue} class", "the class in {tongue}"),
            {"tongue": Parameter(("subject", "language"), tuple(TONGUES))},
        ),
    ),
)
DOMAINS: tuple[tuple[tuple[Verb, ...], tuple[Thing, ...]], ...] = (BOOKINGS, HOME, ERRANDS, CALENDAR)
