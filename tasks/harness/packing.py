"""Lay requests out so that every token they have in common is run once.

Requests are pairs (context, continuation) of tokens. Their sequences form a forest: a node is one token after
all the tokens above it, so equal beginnings are the same nodes, be it a few-shot block that a whole benchmark
opens with, the question that four answers follow, or the first words that these answers share. In depth-first
order a node sees exactly the nodes `k <= q < ends[k]`: that is the attention mask. The forest is run in rows,
stretches of that order with no padding; of what came before, a row needs only the nodes above its first one.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Tokens = Sequence[int]
Request = tuple[Tokens, Tokens]  # context and continuation, neither empty


class Wanted(NamedTuple):
    """Ask for one log-probability: that `token` follows `node`, for the continuation of `request`."""

    node: int
    token: int
    request: int  # its place among the requests


@dataclass(frozen=True)
class Forest:
    """Hold the nodes in depth-first order, and what is to be read off them."""

    tokens: list[int]
    depths: list[int]  # a token's position in its own sequence, counted from 0
    parents: list[int]  # -1 for a root
    ends: list[int]  # one past the last node below
    wanted: list[Wanted]  # by node
    scored: list[int]  # the nodes of `wanted`, each once, ascending


@dataclass(frozen=True)
class Row:
    """Hold one forward pass: the nodes from `start` up to `stop`."""

    start: int
    stop: int
    path: tuple[int, ...]  # the nodes above `start`, from the root: keys and values kept from earlier rows
    keep: tuple[int, ...]  # which of the columns `path + (start … stop)` the next row's path consists of
    scored: tuple[int, ...]
    wanted: tuple[Wanted, ...]

    @property
    def columns(self) -> tuple[int, ...]:
        """Return the nodes that can be attended to, in the order in which they lie in memory."""
        return (*self.path, *range(self.start, self.stop))


def plant(requests: Sequence[Request]) -> Forest:
    """Build the forest of all requests; the last token of a continuation is only predicted, never run."""
    documents: dict[tuple[int, ...], list[tuple[tuple[int, ...], int]]] = defaultdict(list)
    for number, (context, continuation) in enumerate(requests):
        assert context, f"request {number}: empty context"
        assert continuation, f"request {number}: empty continuation"
        documents[tuple(context)].append((tuple(continuation), number))
    planter = _Planter()
    # Sorted, so that sequences which begin alike come one after the other. Only the sharing depends on it.
    for context_tokens, continuations in sorted(documents.items()):
        for continuation_tokens, number in sorted(continuations):
            planter.add(context_tokens, continuation_tokens, number)
    return planter.forest()


def rows(forest: Forest, most_tokens: int, most_scored: int) -> Iterator[Row]:
    """Cut the forest into rows of at most `most_tokens` nodes, of which at most `most_scored` are read."""
    start = 0
    path: tuple[int, ...] = ()
    while start < len(forest.tokens):
        stop = _cut(forest, start, most_tokens, most_scored)
        next_path = _above(forest, stop)
        column = {node: place for place, node in enumerate((*path, *range(start, stop)))}
        yield Row(
            start,
            stop,
            path,
            keep=tuple(column[node] for node in next_path),
            scored=tuple(forest.scored[bisect_left(forest.scored, start) : bisect_left(forest.scored, stop)]),
            wanted=tuple(forest.wanted[bisect_left(forest.wanted, (start,)) : bisect_left(forest.wanted, (stop,))]),
        )
        start, path = stop, next_path


def common_length(left: Tokens, right: Tokens) -> int:
    """Count the tokens with which both sequences begin."""
    shortest = min(len(left), len(right))
    if left[:shortest] == right[:shortest]:
        return shortest
    return next(place for place in range(shortest) if left[place] != right[place])


def _cut(forest: Forest, start: int, most_tokens: int, most_scored: int) -> int:
    """Choose where the row from `start` ends: in the last quarter of what fits, where least must be kept."""
    limit = start + most_tokens
    beyond = bisect_left(forest.scored, start) + most_scored
    if beyond < len(forest.scored):
        limit = min(limit, forest.scored[beyond])
    if limit >= len(forest.tokens):
        return len(forest.tokens)
    return min(range(limit, limit - (limit - start) // 4 - 1, -1), key=forest.depths.__getitem__)


def _above(forest: Forest, node: int) -> tuple[int, ...]:
    """List the nodes above a node, from its root down."""
    path = []
    above = forest.parents[node] if node < len(forest.tokens) else -1
    while above >= 0:
        path.append(above)
        above = forest.parents[above]
    return tuple(reversed(path))


class _Planter:
    """Grow a forest one sequence at a time, each from where it parts from the one before."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._depths: list[int] = []
        self._parents: list[int] = []
        self._ends: list[int] = []
        self._wanted: list[Wanted] = []
        self._sequence: tuple[int, ...] = ()
        self._path: list[int] = []  # the nodes of `_sequence`

    def add(self, context: tuple[int, ...], continuation: tuple[int, ...], request: int) -> None:
        sequence = context + continuation[:-1]
        self._climb_to(common_length(self._sequence, sequence))
        for token in sequence[len(self._path) :]:
            self._parents.append(self._path[-1] if self._path else -1)
            self._depths.append(len(self._path))
            self._path.append(len(self._tokens))
            self._tokens.append(token)
            self._ends.append(-1)
        self._sequence = sequence
        predictors = self._path[len(context) - 1 :]
        self._wanted += [Wanted(node, token, request) for node, token in zip(predictors, continuation, strict=True)]

    def forest(self) -> Forest:
        self._climb_to(0)
        wanted = sorted(self._wanted)
        scored = sorted({one.node for one in wanted})
        return Forest(self._tokens, self._depths, self._parents, self._ends, wanted, scored)

    def _climb_to(self, depth: int) -> None:
        for node in self._path[depth:]:
            self._ends[node] = len(self._tokens)
        del self._path[depth:]
