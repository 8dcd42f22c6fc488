"""Run rows of a forest through a transformers model and read log-probabilities off them."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch.nn.functional import log_softmax
from transformers.cache_utils import Cache, DynamicLayer

from tasks.harness.gate import Answer
from tasks.harness.packing import Forest, Request, Row, plant, rows
from tasks.harness.sharing import Attention


class Reading(NamedTuple):
    """Hold one wanted log-probability."""

    request: int
    log_probability: float
    is_greedy: bool  # the token was the likeliest


class PathLayer(DynamicLayer):  # type: ignore[misc]  # transformers ships no types
    """Keep all keys and values of a layer, sliding or not: the mask alone decides who sees whom."""

    keys: torch.Tensor | None
    values: torch.Tensor | None

    def select(self, columns: torch.Tensor) -> None:
        """Keep the given columns only."""
        assert self.keys is not None, "a layer is filled before columns are chosen"
        assert self.values is not None, "a layer is filled before columns are chosen"
        self.keys = self.keys.index_select(-2, columns)
        self.values = self.values.index_select(-2, columns)


class RowRunner:
    """Run the rows of a forest in their order, holding the keys and values that the next row needs."""

    def __init__(self, model: Any, attention: Attention, autocast: torch.dtype | None = None) -> None:
        self._model = model
        self._attention = attention
        self._autocast = autocast
        self._cache: Cache | None = None

    @torch.inference_mode()  # type: ignore[untyped-decorator]  # torch's types are skipped
    def logits(self, forest: Forest, row: Row) -> torch.Tensor:
        """Return what follows each scored node: [scored, vocabulary]."""
        device = self._model.device
        if not row.path:
            self._cache = Cache(layer_class_to_replicate=PathLayer)
        with torch.autocast(device.type, dtype=self._autocast, enabled=self._autocast is not None):
            output = self._model(
                input_ids=torch.tensor([forest.tokens[row.start : row.stop]], device=device),
                position_ids=torch.tensor([forest.depths[row.start : row.stop]], device=device),
                attention_mask=self._masks(forest, row, device),
                # A row without scored nodes (the middle of a long prompt) still runs the head on one.
                logits_to_keep=torch.tensor([node - row.start for node in row.scored] or [0], device=device),
                past_key_values=self._cache if row.path or row.keep else None,
                use_cache=bool(row.path or row.keep),
            )
        self._keep(row, device)
        return output.logits[0, : len(row.scored)]

    def _keep(self, row: Row, device: torch.device) -> None:
        if not row.keep:
            self._cache = None
            return
        assert self._cache is not None, "a row with a path follows one that kept it"
        columns = torch.tensor(row.keep, device=device)
        for layer in self._cache.layers:
            # A layer that reads another one's keys and values holds none.
            if layer.is_initialized:
                layer.select(columns)

    def _masks(self, forest: Forest, row: Row, device: torch.device) -> torch.Tensor | dict[str, torch.Tensor]:
        """Return the mask [1, 1, row, columns], or one per kind of layer where a window cuts into it."""
        window, kinds = self._attention.window, self._attention.kinds
        visible = visible_columns(forest, row, device)
        if window is None or max(forest.depths[row.start : row.stop]) < window:
            return self._as_mask(visible)
        near = visible & within_window(forest, row, window, device)
        if not kinds:
            return self._as_mask(near)
        return {kind: self._as_mask(near if kind == "sliding_attention" else visible) for kind in kinds}

    def _as_mask(self, allowed: torch.Tensor) -> torch.Tensor:
        if self._attention.additive:
            dtype = self._autocast or self._model.dtype
            allowed = torch.zeros_like(allowed, dtype=dtype).masked_fill(~allowed, torch.finfo(dtype).min)
        return allowed[None, None]


def visible_columns(forest: Forest, row: Row, device: torch.device) -> torch.Tensor:
    """Mark which columns lie above each node of the row, itself included: [row, columns]."""
    node = torch.arange(row.start, row.stop, device=device)[:, None]
    column = torch.tensor(row.columns, device=device)
    end = torch.tensor([forest.ends[one] for one in row.columns], device=device)
    return (column <= node) & (node < end)


def within_window(forest: Forest, row: Row, window: int, device: torch.device) -> torch.Tensor:
    """Mark which columns are fewer than `window` positions back: [row, columns]."""
    here = torch.tensor(forest.depths[row.start : row.stop], device=device)[:, None]
    there = torch.tensor([forest.depths[one] for one in row.columns], device=device)
    return here - there < window


def answers(
    requests: Sequence[Request],
    logits: Callable[[Forest, Row], torch.Tensor],  # RowRunner.logits, or what stands before it
    *,
    row_tokens: int,
    row_scored: int,
    softmax_dtype: torch.dtype | None = None,
) -> Iterator[tuple[int, Answer]]:
    """Yield each request's place and answer as soon as its last token is read.

    Softmax and sum are taken in the precision in which the stock path takes them.
    """
    forest = plant(requests)
    pending: dict[int, list[Reading]] = defaultdict(list)
    for row in rows(forest, row_tokens, row_scored):
        distributions = log_softmax(logits(forest, row), dim=-1, dtype=softmax_dtype)
        for reading in read(row, distributions):
            so_far = pending[reading.request]
            so_far.append(reading)
            if len(so_far) == len(requests[reading.request][1]):
                values = torch.tensor([one.log_probability for one in so_far], dtype=distributions.dtype)
                yield reading.request, Answer(float(values.sum()), all(one.is_greedy for one in so_far))
                del pending[reading.request]
    assert not pending, f"requests left unanswered: {sorted(pending)}"


def read(row: Row, distributions: torch.Tensor) -> list[Reading]:
    """Read what the row was run for off its log-probabilities [scored, vocabulary]."""
    if not row.wanted:
        return []
    device = distributions.device
    place = {node: at for at, node in enumerate(row.scored)}
    places = torch.tensor([place[one.node] for one in row.wanted], device=device)
    tokens = torch.tensor([one.token for one in row.wanted], device=device)
    values = distributions[places, tokens].tolist()
    hits = (distributions.argmax(-1)[places] == tokens).tolist()
    return [Reading(one.request, value, hit) for one, value, hit in zip(row.wanted, values, hits, strict=True)]
