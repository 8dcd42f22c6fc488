"""An answer is what follows a thought, and what was cut within its thought is none."""

from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from standings.suite import Protocol, Thinking
from tasks.harness import thought
from tasks.harness.errors import Unsupported
from tests.scripted import Scripted
from tests.tiny import tiny_model, tiny_tokenizer

END = "<eos>"
THINKING = Protocol(output="generate_until", chat_template=True, thinking=Thinking())
SWITCH = "{% if enable_thinking %}<think>\n{% else %}<think>\n\n</think>\n\n{% endif %}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_model(tmp_path_factory.mktemp("model")))


@pytest.fixture
def lm(folder: str) -> Scripted:
    return load(folder)


def load(folder: str, **named: Any) -> Scripted:
    return Scripted(pretrained=folder, device="cpu", dtype="float32", batch_size=4, **named)


def asks(lm: Any, *texts: str, prompt: str = "Q", tokens: int = 60, until: tuple[str, ...] = ("\n",)) -> list[str]:
    """Return what lm-eval reads of each text that the model writes, asked with a prompt of its own."""
    written = {f"{place} {prompt}": text for place, text in enumerate(texts)}
    lm.script = lambda asked, _: written[asked]
    settings = {"until": list(until), "max_gen_toks": tokens, "do_sample": False}
    requests = [Instance("generate_until", {}, (asked, dict(settings)), place) for place, asked in enumerate(written)]
    return lm.generate_until(requests, disable_tqdm=True)


def finishes(lm: Scripted) -> list[str]:
    return [one.finish for one in lm.generations]


def test_an_answer_is_what_follows_the_thought(lm: Scripted):
    thought.prepare(lm, THINKING, "on")
    assert asks(lm, "<think>2 plus 2</think>\n\n4" + END, "no thought: 5" + END) == ["4", "no thought: 5"]
    assert finishes(lm) == ["stop", "stop"]


def test_a_stop_sequence_ends_an_answer_and_no_thought(lm: Scripted):
    thought.prepare(lm, THINKING, "on")
    assert asks(lm, "<think>a\nb\nc</think>\n\nright\nmore" + END) == ["right"]


def test_a_thought_that_is_cut_is_never_the_answer(lm: Scripted):
    thought.prepare(lm, THINKING, "on")
    long = "is it 7? " * 40
    cut = [f"<think>{long}", f"a</think>4 <think>{long}", long]
    assert asks(lm, *cut) == ["", "", ""]
    assert finishes(lm) == ["thought"] * 3
    assert [one.tokens for one in lm.generations] == [60] * 3


def test_a_thought_that_ends_without_an_answer_is_no_answer(lm: Scripted):
    thought.prepare(lm, THINKING, "on")
    assert asks(lm, "<think>so it is 7" + END, "<think>7</think>" + END) == ["", ""]
    assert finishes(lm) == ["empty", "empty"]


def test_an_answer_that_is_cut_is_still_an_answer(lm: Scripted):
    thought.prepare(lm, THINKING, "on")
    [text] = asks(lm, "<think>a</think>" + "7 and " * 40)
    assert text.startswith("7 and 7 and")
    assert finishes(lm) == ["length"]


def test_a_thought_that_the_template_opened_is_seen_though_the_model_writes_no_opening(lm: Scripted):
    thought.prepare(lm, THINKING, "on")
    opened = "asked <think>\n"
    assert asks(lm, "so 7" + END, "2 and 2</think>4" + END, prompt=opened) == ["", "4"]
    assert finishes(lm) == ["empty", "stop"]


def test_the_answer_is_the_same_text_that_lm_eval_reads(folder: str):
    written = "<think>a b</think>\n\n the answer" + END
    ours, theirs = load(folder), load(folder, think_end_token="</think>")
    thought.prepare(ours, THINKING, "on")
    theirs.generate_until = lambda *args, **named: HFLM.generate_until(theirs, *args, **named)
    assert asks(ours, written, until=("!",)) == asks(theirs, written, until=("!",)) == ["the answer"]
    assert asks(theirs, written) == [""], "lm-eval stops at the line break after the thought: say so in thought.py"


def test_a_mark_that_decoding_drops_is_found_by_its_token(lm: Scripted):
    special = Protocol(output="generate_until", thinking=Thinking(start="<|im_start|>", end="<|im_end|>"))
    thought.prepare(lm, special, "on")
    assert lm.think_end_token == lm.tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert asks(lm, "<|im_start|>it is 7<|im_end|> 4" + END, "<|im_start|>" + "7 " * 80) == ["4", ""]


def test_without_thinking_in_the_protocol_nothing_is_stripped(lm: Scripted):
    thought.prepare(lm, Protocol(output="generate_until"), "on")
    assert asks(lm, "<think>a</think>4" + END) == ["<think>a</think>4"]


@pytest.mark.parametrize(("reasoning", "ending"), [("on", "<think>\n"), ("off", "<think>\n\n</think>\n\n")])
def test_the_variants_reasoning_setting_reaches_a_template_that_has_the_switch(lm: Scripted, reasoning, ending):
    lm.tokenizer.chat_template += SWITCH
    thought.prepare(lm, THINKING, reasoning)
    assert lm.apply_chat_template([{"role": "user", "content": "2 and 2?"}]).endswith(ending)


def test_a_template_without_the_switch_is_given_none(lm: Scripted):
    thought.prepare(lm, THINKING.model_copy(update={"template": {"effort": "low"}}), "on")
    assert lm.chat_template_args == {"effort": "low"}


def test_a_budget_that_the_template_is_not_told_is_refused(lm: Scripted):
    with pytest.raises(Unsupported, match="a thinking budget of 512 tokens can't be held"):
        thought.prepare(lm, THINKING, "512")
    thought.prepare(lm, THINKING.model_copy(update={"template": {"thinking_budget": 512}}), "512")
    assert lm.chat_template_args["thinking_budget"] == 512


def test_a_budget_beyond_the_models_context_is_what_the_context_leaves(lm: Scripted, tmp_path: Path):
    assert lm.max_length == 2048
    thought.prepare(lm, THINKING, "on")
    assert asks(lm, "7 " * 3000, tokens=32768) == [""]
    prompt = len(lm.tok_encode("0 Q"))
    assert [one.tokens for one in lm.generations] == [2048 - prompt]
    with pytest.raises(Unsupported, match="a prompt fills the model's context of 2048 tokens"):
        asks(lm, "4" + END, prompt="word " * 3000, tokens=32768)


def test_the_end_mark_is_text_where_the_tokenizer_spells_it():
    assert thought.end_mark(Thinking(), tiny_tokenizer()) == "</think>"
