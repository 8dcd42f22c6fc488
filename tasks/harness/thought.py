"""Tell a model's thought from its answer, where lm-eval's own way would read the thought as the answer.

lm-eval keeps what follows the last end of a thought (`think_end_token`), and that is left to it. Ours is what it passes
over: a thought that never ends would be graded as the answer; a mark that decoding drops is never found; a stop
sequence inside a thought, or the line break after it, ends it (its vLLM backend minds that, its Hugging Face backend
does not).
"""

from collections.abc import Sequence
from typing import Any

from standings.suite import Protocol, Thinking
from tasks.harness.errors import Unsupported
from tasks.harness.generations import Measure


def prepare(lm: Any, protocol: Protocol, reasoning: str) -> None:
    """Set an lm-eval model to ask as the protocol says, with the variant's reasoning setting off, on or a budget.

    Raises Unsupported for a budget that the template is not told: no engine here cuts a thought.
    """
    lm.thinking = protocol.thinking
    lm.think_end_token = end_mark(protocol.thinking, lm.tokenizer) if protocol.thinking else None
    lm.chat_template_args = dict(protocol.template)
    if not protocol.chat_template:
        return
    if "enable_thinking" in str(lm.tokenizer.chat_template):  # some tokenizers refuse a word that they don't know
        lm.chat_template_args = {"enable_thinking": reasoning != "off", **protocol.template}
    if reasoning.isdecimal() and int(reasoning) not in protocol.template.values():
        raise Unsupported(
            f"a thinking budget of {reasoning} tokens can't be held: name the switch of the model's own template "
            f"in the variant, such as `template: {{thinking_budget: {reasoning}}}`, if it has one"
        )


def end_mark(thinking: Thinking, tokenizer: Any) -> str | int:
    """Return what lm-eval splits at: the mark's text, or its last token where decoding would drop the text."""
    tokens = tokenizer.encode(thinking.end, add_special_tokens=False)
    is_kept = thinking.end.strip() in tokenizer.decode(tokens, skip_special_tokens=True)
    return thinking.end if is_kept else int(tokens[-1])


def measure(made: Measure, written: str, prompt: str, thinking: Thinking, stops: Sequence[str]) -> Measure:
    """Complete the measure of a generation that may hold a thought; `stops` end an answer, and no thought.

    Both texts are with their special tokens.
    """
    _, end, answer = written.rpartition(thinking.end)
    # lm-eval cuts the answer at its stop sequence afterwards.
    stopped = made.stopped or bool(end and any(stop and stop in answer for stop in stops))
    return Measure(made.tokens, stopped, is_unfinished(written, prompt, thinking, made.stopped))


def is_unfinished(written: str, prompt: str, thinking: Thinking, stopped: bool) -> bool:
    """Tell whether a generation ends within its thought, so that it holds no answer.

    Without any mark, what stopped by itself is an answer without a thought,
    and what was cut may be all thought: it is taken for one.
    """
    start, end = written.rfind(thinking.start), written.rfind(thinking.end)
    if end >= 0 or start >= 0:
        return start > end
    return prompt.rstrip().endswith(thinking.start.rstrip()) or not stopped
