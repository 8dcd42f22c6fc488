"""Say of each generated answer how long it was and why it ended, which lm-eval throws away."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

Finish = Literal["stop", "length", "empty"]


@dataclass(frozen=True)
class Generation:
    """Describe one generated answer."""

    tokens: int  # generated up to the end or the stop sequence, these included
    finish: Finish  # stopped by itself; cut off at its token budget; or no text was left, however it ended


def measure(generated: Sequence[int], ends: set[int], stops: Sequence[str], tokenizer: Any) -> tuple[int, bool]:
    """Count the tokens until the answer ended and say whether it ended by itself.

    Exact, as it counts the tokens that the model wrote; what it wrote after its stop sequence, while others of the
    batch were not done, is left out.
    """
    first_end = next((place for place, token in enumerate(generated) if token in ends), None)
    written = generated if first_end is None else generated[: first_end + 1]
    if not any(stop and stop in tokenizer.decode(written) for stop in stops):
        return len(written), first_end is not None
    low, high = 1, len(written)
    while low < high:  # the shortest beginning that holds a stop sequence
        middle = (low + high) // 2
        text = tokenizer.decode(written[:middle])
        low, high = (low, middle) if any(stop and stop in text for stop in stops) else (middle + 1, high)
    return low, True


def end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """List the tokens that end an answer."""
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list | tuple | set) else [ends]
    return {one for one in (*ends, tokenizer.eos_token_id) if one is not None}


class Recorder:
    """Stand in for lm-eval's cache hook while it generates: it hears each answer's request in turn."""

    def __init__(self, hook: Any) -> None:
        self._hook = hook
        self._measured: deque[tuple[int, bool]] = deque()
        self._generations: dict[str, deque[Generation]] = defaultdict(deque)

    def measured(self, tokens: int, stopped: bool) -> None:
        """Take note of the next answer, before lm-eval turns it into text."""
        self._measured.append((tokens, stopped))

    def add_partial(self, attribute: str, request: Sequence[Any], text: str) -> None:
        """Join the answer's text to its measure, and pass it on."""
        tokens, stopped = self._measured.popleft()
        finish: Finish = "empty" if not text.strip() else "stop" if stopped else "length"
        self._generations[_key(request)].append(Generation(tokens, finish))
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
