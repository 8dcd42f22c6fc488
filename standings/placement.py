"""Place orders on the machines of one pool: the longest first, and room kept for those that take several GPUs.

An order takes its GPUs on one machine. Were the longest simply taken first, those that take eight would wait until
eight happen to be free on one machine, which short orders never let be; were they served first, a long order of one GPU
would start last and end last. So of each width (1, 2, 4, 8) as many blocks of GPUs as its share of the work left are
kept for it and for wider ones, and narrower orders go elsewhere: all widths are done at about the same time.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import NamedTuple

SLACK = 0.75  # of a block: a smaller part is not worth to empty a machine for


class Wish(NamedTuple):
    """What the placement must know of an order."""

    urgent: bool  # goes before all that are not
    seconds: float  # estimated
    width: int  # slots that it takes of one machine
    name: str


class Room:
    """What the machines of a pool hold, and what is free on them."""

    def __init__(self, machines: Sequence[int], width: int) -> None:
        self.width = width
        self.held: dict[int, dict[int, int]] = {machine: {} for machine in machines}  # width to slots

    def used(self, machine: int, least: int = 1) -> int:
        """Count the slots that orders of at least some width take of a machine."""
        return sum(slots for width, slots in self.held[machine].items() if width >= least)

    def take(self, machine: int, width: int) -> None:
        """Put an order on a machine."""
        held = self.held[machine]
        held[width] = held.get(width, 0) + width

    def best(self, width: int, kept: Mapping[int, Mapping[int, int]]) -> int | None:
        """Return the fullest machine that has room for a width, beside what is kept on it for wider ones."""
        found, least = None, self.width + 1
        for machine in self.held:
            reserved = max((slots.get(machine, 0) for wider, slots in kept.items() if wider > width), default=0)
            free = self.width - self.used(machine) - reserved
            if width <= free < least:
                found, least = machine, free
        return found

    def keep(self, width: int, blocks: int) -> dict[int, int]:
        """Choose the machines on which so many blocks of a width are kept free or emptied: slots by machine.

        Those that orders of the width or wider ones have already are among the blocks. The others come where the
        fewest narrower orders are in the way.
        """
        wide = {machine: self.used(machine, width) for machine in self.held}
        blocks -= sum(slots // width for slots in wide.values())
        kept = dict.fromkeys(self.held, 0)
        for _ in range(blocks):
            able = [it for it in self.held if wide[it] + kept[it] + width <= self.width]
            if not able:
                break
            kept[min(able, key=lambda it: (max(0, self.used(it) + kept[it] + width - self.width), -kept[it], it))] += (
                width
            )
        return kept


def place(waiting: Sequence[Wish], running: Sequence[Wish], room: Room) -> list[tuple[Wish, int]]:
    """Choose which orders go to which machine now. `room` holds what runs already, and is filled further."""
    lines: dict[tuple[bool, int], list[Wish]] = {}  # of those that are alike the longest goes first, so heads suffice
    for wish in sorted(waiting, key=lambda it: (-it.seconds, it.name), reverse=True):
        lines.setdefault((wish.urgent, wish.width), []).append(wish)
    shares = {width: share(waiting, running, room, width) for width in {it.width for it in waiting} if width > 1}
    placed = []
    while lines:
        # What is urgent waits for no more than what runs: a block each, and nothing is kept from it for what is not.
        hasty = {
            width: sum(it.width for (urgent, w), line in lines.items() if urgent and w >= width for it in line) // width
            for width in shares
        }
        begun = {width: sum(room.used(it, width) for it in room.held) // width for width in shares}
        awaited = {width for width in shares if any(w >= width for _, w in lines)}
        kept = {
            True: {width: room.keep(width, begun[width] + hasty[width]) for width in awaited if hasty[width]},
            False: {width: room.keep(width, max(shares[width], begun[width] + hasty[width])) for width in awaited},
        }
        heads = sorted((line[-1] for line in lines.values()), key=lambda it: (not it.urgent, -it.seconds, it.name))
        found = next(((it, at) for it in heads if (at := room.best(it.width, kept[it.urgent])) is not None), None)
        if found is None:
            break
        wish, machine = found
        room.take(machine, wish.width)
        placed.append(found)
        line = lines[wish.urgent, wish.width]
        line.pop()
        if not line:
            del lines[wish.urgent, wish.width]
    return placed


def share(waiting: Sequence[Wish], running: Sequence[Wish], room: Room, width: int) -> int:
    """Return how many blocks of a width are its and wider orders' part, if all is to end together; at least one."""

    def work(least: int) -> float:
        # Nobody knows how far what runs has come: half, on average.
        left = [(it, 1.0) for it in waiting] + [(it, 0.5) for it in running]
        return sum(it.seconds * it.width * part for it, part in left if it.width >= least)

    slots = len(room.held) * room.width
    end = max(work(1) / max(1, slots), max((it.seconds for it in waiting), default=0.0), 1.0)
    return max(1, ceil(work(width) / end / width - SLACK))
