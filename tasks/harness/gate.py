"""Compare the shared scorer with the harness's own on a few requests of the work in hand."""

from collections.abc import Sequence
from typing import NamedTuple

from tasks.harness.packing import Request

MOST_REQUESTS = 8
MOST_AGAIN = 4  # the longest two and the shortest two, when longer requests come later
MOST_TOKENS = 800  # of the requests compared: the stock path runs each of them whole

# How far two exact ways may lie apart, in nats of a request's log-likelihood. In fp32 the two paths differ by
# less than 5e-5 and a mistake in a mask or a position by far more than 1e-2. Half precision is no such judge:
# between batch sizes 1 and 8 the stock path itself moves by 0.26 in bfloat16, whose step is 8 times float16's.
# There the gate sees a wrong mask, which moves log-likelihoods by nats, and does not see less.
TOLERANCES = {"float64": 1e-3, "float32": 1e-3, "float16": 0.1, "bfloat16": 0.5}
# A greedy flag flips where two tokens are as likely up to rounding: in half precision that is no mistake.
EXACT = {"float64", "float32"}


class Answer(NamedTuple):
    """Hold what lm-eval wants to know of a request."""

    log_likelihood: float
    is_greedy: bool


class Gate:
    """Decide for one loaded model which requests are compared, and whether the answers agree."""

    def __init__(self, precision: str, window: int | None = None) -> None:
        """Take the dtype's name, and from how many tokens on the model's attention is known to be masked anew."""
        self._precision, self._window = precision, window
        self._longest = 0  # tokens of the longest request compared so far

    def choose(self, requests: Sequence[Request]) -> list[int]:
        """Return the places of the requests to compare now; none if their like was compared before.

        Attention may change with length in ways no configuration tells: what is twice as long is compared again.
        """
        longest = max(map(_length, requests))
        crosses = self._window is not None and self._longest <= self._window < longest
        if longest <= 2 * self._longest and not crosses:
            return []
        most = MOST_AGAIN if self._longest else MOST_REQUESTS
        self._longest = longest
        return sample(requests, most)

    def difference(self, shared: Sequence[Answer], stock: Sequence[Answer]) -> str | None:
        """Say in one sentence how the two paths differ at their worst; None if they agree for this precision."""
        pairs = list(zip(shared, stock, strict=True))
        if not pairs:
            return None
        allowed = TOLERANCES.get(self._precision, TOLERANCES["bfloat16"])
        ours, theirs = max(pairs, key=lambda pair: abs(pair[0].log_likelihood - pair[1].log_likelihood))
        apart = abs(ours.log_likelihood - theirs.log_likelihood)
        compared = f"of {len(pairs)} requests compared with the stock path"
        if apart > allowed:
            return (
                f"{compared}, the largest difference was {apart:.2g} (shared {ours.log_likelihood:.6f}, "
                f"stock {theirs.log_likelihood:.6f}), where {self._precision} allows {allowed:g}"
            )
        flips = sum(ours.is_greedy != theirs.is_greedy for ours, theirs in pairs)
        if flips and self._precision in EXACT:
            return f"{compared}, {flips} had another greedy flag (largest difference {apart:.2g})"
        return None


def sample(requests: Sequence[Request], most: int = MOST_REQUESTS) -> list[int]:
    """Choose requests by their places: longest and shortest, some between, each with who shares most with it.

    With long prompts it takes fewer, so that the comparison stays a small part of the work.
    """
    lengths = list(map(_length, requests))
    by_length = sorted(range(len(requests)), key=lengths.__getitem__)
    neighbour = _neighbours(requests)
    last = len(requests) - 1
    spread = [by_length[place] for place in (last, 0, last // 2, last // 4)]
    chosen: list[int] = []
    for one in dict.fromkeys(one for pick in spread for one in (pick, neighbour[pick])):
        if len(chosen) >= 4 and sum(lengths[other] for other in (*chosen, one)) > MOST_TOKENS:
            break
        chosen.append(one)
    return chosen[:most]


def _length(request: Request) -> int:
    return len(request[0]) + len(request[1])


def _neighbours(requests: Sequence[Request]) -> list[int]:
    """Give each request the one next to it in the order of tokens: nobody shares a longer beginning with it."""
    order = sorted(range(len(requests)), key=lambda one: (tuple(requests[one][0]), tuple(requests[one][1])))
    neighbour = [0] * len(order)
    for place, one in enumerate(order):
        neighbour[one] = order[place - 1] if place == len(order) - 1 else order[place + 1]
    return neighbour
