"""Score log-likelihoods with shared contexts: the harness's own backend, several times faster, checked against it."""

from collections import Counter
from collections.abc import Iterator
from math import isfinite
from typing import Any, Literal

import torch
from lm_eval.api.registry import register_model
from lm_eval.models.huggingface import HFLM

from standings.suite import Thinking
from tasks.harness import generations, running, sharing, thought
from tasks.harness.errors import NotFinite
from tasks.harness.gate import Answer, Gate
from tasks.harness.generations import Generation
from tasks.harness.packing import Forest, Row
from tasks.harness.progress import Progress, Report, hear_stock_bars

Encoded = tuple[Any, list[int], list[int]]  # lm-eval's: (texts, context, continuation)

# Rows fill the machine: longer ones only spend memory. On accelerators unmeasured.
ROW_TOKENS = {"cpu": 384}
ROW_TOKENS_ELSEWHERE = 2048
LOGIT_BYTES = {"cpu": 128 * 2**20}
LOGIT_BYTES_ELSEWHERE = 1024 * 2**20

PROMPT_TAIL = 32  # tokens at a prompt's end: enough to see whether the template opens the thought

# What an unsupported architecture raises when it is given a mask or a cache of ours.
UNFIT = (RuntimeError, TypeError, ValueError, LookupError, AttributeError)


@register_model("standings-hf")
class SharedContextLM(HFLM):  # type: ignore[misc]  # lm-eval ships no types
    """Answer as lm-eval's `hf` does; log-likelihood requests run every common token once.

    What it can't do exactly goes the stock way: single requests (longer than the model), rolling log-likelihoods,
    generation, or all of a model. The first log-likelihood requests, and longer ones later, it compares with the
    stock path on a few of them, and where they differ it steps back for good.
    """

    def __init__(self, *args: Any, on_progress: Report | None = None, row_tokens: int | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.on_progress = on_progress
        self.scorer_reason = sharing.obstacle(self.model, self.backend)  # why it is the stock path; None if not
        self.requests_by_scorer: Counter[str] = Counter()  # answered log-likelihood requests
        self.thinking: Thinking | None = None  # how it marks its thought, where it is asked to think
        self.generations: list[Generation] = []  # of the last generate_until, in the order of its requests
        self.forwards = 0  # passes through the model: all paths, the gate and generation included
        self.tokens_run = 0  # tokens in them, padding included
        self._row_tokens = row_tokens or ROW_TOKENS.get(self.device.type, ROW_TOKENS_ELSEWHERE)
        self._recorder: generations.Recorder | None = None
        if self.scorer_reason is None:
            self._attention = sharing.attention(self.model)
            self._runner = running.RowRunner(self.model, self._attention, self.mixed_precision_dtype)
            precision = str(self.mixed_precision_dtype or self.model.dtype).removeprefix("torch.")
            self._gate = Gate(precision, self._attention.window)
        self.model.register_forward_pre_hook(self._count, with_kwargs=True)

    @property
    def scorer(self) -> Literal["shared", "stock"]:
        """Say which path answers log-likelihood requests."""
        return "shared" if self.scorer_reason is None else "stock"

    def _loglikelihood_tokens(
        self, requests: list[Encoded], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[Answer]:
        """Answer in the order of the requests. Raises NotFinite."""
        progress = Progress(len(requests), None if override_bs else self.on_progress)
        # Only rolling log-likelihoods set a batch size: disjoint windows, nothing in common.
        shared = [] if override_bs else [place for place, one in enumerate(requests) if self._can_share(one)]
        answers = self._answer_shared({place: requests[place] for place in shared}, progress)
        rest = [place for place in range(len(requests)) if place not in answers]
        with hear_stock_bars(progress.advance):
            stock = self._stock([requests[place] for place in rest], disable_tqdm, override_bs)
        answers |= zip(rest, stock, strict=True)
        self.requests_by_scorer["stock"] += len(rest)
        self.requests_by_scorer["shared"] += len(requests) - len(rest)
        return [answers[place] for place in range(len(requests))]

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Generate the stock way, and fill `generations`; what ends within its thought gives an empty text."""
        progress = Progress(len(requests), self.on_progress)
        requests = generations.within_context(requests, self)
        with hear_stock_bars(progress.advance), generations.recording(self) as self._recorder:
            texts: list[str] = super().generate_until(requests, disable_tqdm)
            self.generations = self._recorder.in_order(requests)
        return ["" if one.unfinished else text for text, one in zip(texts, self.generations, strict=True)]

    def _logits(self, forest: Forest, row: Row) -> torch.Tensor:
        """Return what follows each of `row.scored`: [scored, vocabulary]. All of the shared path goes through here."""
        return self._runner.logits(forest, row)

    def _can_share(self, request: Encoded) -> bool:
        _, context, continuation = request
        length = len(context) + len(continuation) - 1  # the last token is predicted, not run
        longest = min(self.max_length, self._attention.reach or self.max_length) if self.scorer == "shared" else 0
        return length <= longest

    def _answer_shared(self, requests: dict[int, Encoded], progress: Progress) -> dict[int, Answer]:
        """Answer requests by their places; none of them where the gate does not agree."""
        answers = self._check(requests) if requests else {}
        if self.scorer == "stock":
            # Not one shared answer is used: the stock path's own batches give its own answers, bit for bit.
            return {}
        progress.advance(len(answers))
        for place, answer in self._share({place: one for place, one in requests.items() if place not in answers}):
            answers[place] = answer
            progress.advance()
        return answers

    def _check(self, requests: dict[int, Encoded]) -> dict[int, Answer]:
        """Answer a few requests both ways if the gate asks for it; where the answers differ, step back for good."""
        places = list(requests)
        chosen = self._gate.choose([requests[place][1:] for place in places])
        some = {places[one]: requests[places[one]] for one in chosen}
        stock = self._stock(list(some.values()), disable_tqdm=True)
        # Short rows, so that what one row keeps for the next is compared too.
        length = sum(len(context) + len(continuation) for _, context, continuation in some.values())
        try:
            shared = dict(self._share(some, row_tokens=max(1, length // 8)))
        except UNFIT as unfit:
            self.scorer_reason = f"the shared path raised {type(unfit).__name__}: {str(unfit)[:200]}"
            return {}
        self.scorer_reason = self._gate.difference([shared[place] for place in some], stock)
        return shared

    def _share(self, requests: dict[int, Encoded], row_tokens: int | None = None) -> Iterator[tuple[int, Answer]]:
        """Yield place and answer of each request, the shared way."""
        places = list(requests)
        numbered = running.answers(
            [requests[place][1:] for place in places],
            self._logits,
            row_tokens=row_tokens or self._row_tokens,
            row_scored=self._most_scored,
            softmax_dtype=self.softmax_dtype,
        )
        for number, answer in numbered:
            place = places[number]
            self.cache_hook.add_partial("loglikelihood", requests[place][0], finite(answer))
            yield place, answer

    def _stock(self, requests: list[Encoded], disable_tqdm: bool, override_bs: int | None = None) -> list[Answer]:
        """Answer requests the harness's own way, in their order."""
        if not requests:
            return []
        return [finite(Answer(*one)) for one in super()._loglikelihood_tokens(requests, disable_tqdm, override_bs)]

    def _model_generate(self, context: torch.Tensor, max_length: int, stop: list[str], **kwargs: Any) -> torch.Tensor:
        stops = stop if self.thinking is None else [self.tok_decode(self.eot_token_id, skip_special_tokens=False)]
        output = super()._model_generate(context, max_length, stops, **kwargs)
        if self._recorder is not None:
            prompt = context.shape[1] if self.backend == "causal" else 1  # a decoder's start token
            ends = generations.end_tokens(self.model, self.tokenizer)
            for asked, sequence in zip(context.tolist(), output.tolist(), strict=True):
                measure = generations.measure(sequence[prompt:], ends, stops, self.tokenizer)
                if self.thinking is not None:
                    written = self.tokenizer.decode(sequence[prompt:][: measure.tokens])
                    tail = self.tokenizer.decode(asked[-PROMPT_TAIL:])
                    measure = thought.measure(measure, written, tail, self.thinking, stop)
                self._recorder.measured(measure)
        return output

    @property
    def _most_scored(self) -> int:
        """Bound the logits of a row: a vocabulary of 262 k takes a megabyte a position."""
        bytes_each: int = 4 * sharing.text_config(self.model).vocab_size
        return max(1, LOGIT_BYTES.get(self.device.type, LOGIT_BYTES_ELSEWHERE) // bytes_each)

    def _count(self, _model: Any, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
        tokens = named.get("input_ids", positional[0] if positional else None)
        self.forwards += 1
        self.tokens_run += 0 if tokens is None else tokens.numel()


def finite(answer: Answer) -> Answer:
    """Return the answer. Raises NotFinite: one NaN among the weights otherwise gives a score that looks valid."""
    if not isfinite(answer.log_likelihood):
        raise NotFinite(
            f"a log-likelihood came out as {answer.log_likelihood}: the weights hold NaN or overflow in it. "
            "Verify the weights file's sha256; if it is right, evaluate a variant of higher precision."
        )
    return answer
