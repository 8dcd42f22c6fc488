"""Say of each generated answer how long it was and why it ended, which lm-eval throws away."""

import copy
import json
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from tasks.harness.errors import Unsupported

Finish = Literal["stop", "length", "empty", "thought"]


@dataclass(frozen=True)
class Generation:
    """Describe one generated answer."""

    tokens: int  # generated up to the end or the stop sequence, these included
    # Stopped by itself; cut off at its token budget; no text was left, however it ended; or cut off in its thought.
    finish: Finish
    unfinished: bool = False  # it ended within its thought: what was written is no answer


@dataclass(frozen=True)
class Measure:
    """Describe a generation before it becomes text."""

    tokens: int
    stopped: bool
    unfinished: bool = False  # it ends within its thought

    def of_text(self, text: str) -> Generation:
        """Return the generation, given the text that lm-eval makes of it."""
        if self.unfinished:
            finish: Finish = "empty" if self.stopped else "thought"
        else:
            finish = "empty" if not text.strip() else "stop" if self.stopped else "length"
        return Generation(self.tokens, finish, self.unfinished)


def measure(generated: Sequence[int], ends: set[int], stops: Sequence[str], tokenizer: Any) -> Measure:
    """Count the tokens until the answer ended and say whether it ended by itself.

    Exact, as it counts the tokens that the model wrote; what it wrote after its stop sequence, while others of the
    batch were not done, is left out.
    """
    first_end = next((place for place, token in enumerate(generated) if token in ends), None)
    written = generated if first_end is None else generated[: first_end + 1]
    if not any(stop and stop in tokenizer.decode(written) for stop in stops):
        return Measure(len(written), first_end is not None)
    low, high = 1, len(written)
    while low < high:  # the shortest beginning that holds a stop sequence
        middle = (low + high) // 2
        text = tokenizer.decode(written[:middle])
        low, high = (low, middle) if any(stop and stop in text for stop in stops) else (middle + 1, high)
    return Measure(low, True)


def end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """List the tokens that end an answer."""
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list | tuple | set) else [ends]
    return {one for one in (*ends, tokenizer.eos_token_id) if one is not None}


def within_context(requests: list[Any], lm: Any) -> list[Any]:
    """Return the requests with a token budget that the model's context has room for, beside the longest prompt.

    lm-eval refuses a budget that fills the context; the same protocol asks models of any context. A smaller budget is
    left as it is. Raises Unsupported where a prompt leaves no room.
    """
    if lm.backend != "causal" or not any(_budget(request) >= lm.max_length for request in requests):
        return requests
    room = lm.max_length - max(len(lm.tok_encode(request.args[0])) for request in requests)
    if room < 1:
        raise Unsupported(f"a prompt fills the model's context of {lm.max_length} tokens: there is no room to answer")
    fitting = []
    for request in requests:
        fitting.append(copy.copy(request))
        context, settings = request.args
        fitting[-1].arguments = (context, {**settings, "max_gen_toks": min(_budget(request), room)})
    return fitting


def _budget(request: Any) -> int:
    return int(request.args[1].get("max_gen_toks") or 0)


class Recorder:
    """Stand in for lm-eval's cache hook while it generates: it hears each answer's request in turn."""

    def __init__(self, hook: Any) -> None:
        self._hook = hook
        self._measured: deque[Measure] = deque()
        self._generations: dict[str, deque[Generation]] = defaultdict(deque)

    def measured(self, measure: Measure) -> None:
        """Take note of the next answer, before lm-eval turns it into text."""
        self._measured.append(measure)

    def add_partial(self, attribute: str, request: Sequence[Any], text: str) -> None:
        """Join the answer's text to its measure, and pass it on."""
        measure = self._measured.popleft()
        self._generations[_key(request)].append(measure.of_text(text))
        self._hook.add_partial(attribute, request, text)

    def in_order(self, requests: Sequence[Any]) -> list[Generation]:
        """Return the generations of the requests; equal requests keep their order, as lm-eval sorts stably."""
        return [self._generations[_key(request.args)].popleft() for request in requests]


@contextmanager
def recording(model: Any) -> Iterator[Recorder]:
    """Hear the answers of one generate_until call of an lm-eval model."""
    hook = model.cache_hook
    recorder = Recorder(hook)
    model.cache_hook = recorder
    try:
        yield recorder
    finally:
        model.cache_hook = hook


def _key(request: Sequence[Any]) -> str:
    return json.dumps(list(request), sort_keys=True, default=str)
