import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model
from lm_eval.models import huggingface
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM

from tasks.harness.errors import NotFinite
from tasks.harness.generations import Measure, measure
from tasks.harness.packing import Forest, Row
from tasks.harness.scorer import SharedContextLM
from tasks.harness.sharing import obstacle
from tests.tiny import ARCHITECTURES, CORPUS, tiny_model, tiny_tokenizer

WORDS = CORPUS.split()
Folder = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made: dict[str, str] = {}

    def make(architecture: str = "llama") -> str:
        if architecture not in made:
            made[architecture] = str(tiny_model(tmp_path_factory.mktemp(architecture), architecture))
        return made[architecture]

    return make


def load(folder: str, kind: type[HFLM] = SharedContextLM, **named: Any) -> Any:
    return kind(**{"pretrained": folder, "device": "cpu", "dtype": "float32", "batch_size": 8, **named})


def asked(*texts: tuple[str, Any], output_type: str = "loglikelihood") -> list[Instance]:
    return [Instance(output_type, {}, arguments, place) for place, arguments in enumerate(texts)]


def questions(documents: int = 8, shots: int = 30, longest: int = 20) -> list[Instance]:
    """Ask several documents, most behind a common few-shot block, with answers that begin alike."""
    draw = random.Random(7)

    def text(words: int) -> str:
        return " ".join(draw.choice(WORDS) for _ in range(words))

    block = text(shots) + "\n"
    texts = []
    for number in range(documents):
        context = (block if number % 4 else "") + f"Question: {text(draw.randint(3, longest))}\nAnswer:"
        texts += [(context, f" the {text(draw.randint(1, 5))}") for _ in range(4)]
    return asked(*texts)


def assert_same(ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs)
    assert max(abs(one[0] - other[0]) for one, other in zip(ours, theirs, strict=True)) < 1e-4
    assert [one[1] for one in ours] == [other[1] for other in theirs]


class Perturbed(SharedContextLM):
    """Move one logit of each row, as a mistake in a mask would move many."""

    def _logits(self, forest: Forest, row: Row) -> torch.Tensor:
        logits = super()._logits(forest, row).clone()
        if row.wanted:
            logits[0, row.wanted[0].token] += 1e-2
        return logits


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3", "gemma3", "gpt2", "mistral"])
def test_answers_equal_the_stock_path(folder: Folder, architecture: str) -> None:
    requests = questions()
    lm = load(folder(architecture), row_tokens=100)
    assert_same(lm.loglikelihood(requests), load(folder(architecture), HFLM).loglikelihood(requests))
    assert (lm.scorer, lm.scorer_reason) == ("shared", None)
    assert lm.requests_by_scorer == {"shared": len(requests), "stock": 0}


def test_eager_attention_is_masked_as_well(folder: Folder) -> None:
    requests = questions()
    eager = {"attn_implementation": "eager"}
    lm = load(folder("gemma3"), **eager)
    assert_same(lm.loglikelihood(requests), load(folder("gemma3"), HFLM, **eager).loglikelihood(requests))
    assert lm.scorer == "shared"


def test_half_precision_stays_within_its_own_noise(folder: Folder) -> None:
    requests = questions()
    half = {"dtype": "bfloat16"}
    lm = load(folder(), **half)
    answers = zip(lm.loglikelihood(requests), load(folder(), HFLM, **half).loglikelihood(requests), strict=True)
    assert max(abs(ours[0] - theirs[0]) for ours, theirs in answers) < 0.5
    assert lm.scorer == "shared"


def test_lm_eval_knows_it_by_name() -> None:
    assert get_model("standings-hf") is SharedContextLM


def test_a_greedy_answer_is_flagged_as_by_the_stock_path(folder: Folder) -> None:
    stock = load(folder(), HFLM)
    written = stock.generate_until(asked(("Question:", {"until": [], "max_gen_toks": 5}), output_type="generate_until"))
    requests = asked(("Question:", written[0]), ("Question:", " the"), ("Question:", written[0] + "x"))
    answers = load(folder()).loglikelihood(requests)
    assert [flag for _, flag in answers] == [flag for _, flag in stock.loglikelihood(requests)]
    assert answers[0][1]


def test_common_tokens_are_run_once(folder: Folder) -> None:
    requests = questions(documents=16, shots=200)
    shared, stock = load(folder()), load(folder(), HFLM)
    shared.loglikelihood(requests[:32])  # the gate compares here
    before = shared.tokens_run
    shared.loglikelihood(requests)
    in_full = sum(len(stock.tok_encode("".join(request.args))) for request in requests)
    assert shared.tokens_run - before < in_full / 10
    assert shared.requests_by_scorer.total() == 32 + 64


def test_one_logit_off_by_a_hundredth_steps_back_with_the_reason_and_the_stock_answers(folder: Folder) -> None:
    requests = questions()
    lm = load(folder(), Perturbed)
    assert lm.loglikelihood(requests) == load(folder(), HFLM).loglikelihood(requests)
    assert lm.scorer == "stock"
    assert "the largest difference was 0.0" in lm.scorer_reason
    assert "float32 allows 0.001" in lm.scorer_reason
    assert lm.requests_by_scorer == {"shared": 0, "stock": len(requests)}


def test_having_stepped_back_it_stays_with_the_stock_path(folder: Folder) -> None:
    lm = load(folder(), Perturbed)
    lm.loglikelihood(questions(documents=2))
    reason = lm.scorer_reason
    lm.loglikelihood(questions())
    assert lm.scorer_reason == reason
    assert lm.requests_by_scorer["shared"] == 0


class WrongBeyond(SharedContextLM):
    """Err only far into a sequence, as attention that no configuration tells of would."""

    def _logits(self, forest: Forest, row: Row) -> torch.Tensor:
        far = torch.tensor([forest.depths[node] > 150 for node in row.scored])
        return super()._logits(forest, row) * (1 + far.float()[:, None])


def test_longer_requests_than_were_compared_are_compared_again(folder: Folder) -> None:
    lm = load(folder(), WrongBeyond)
    lm.loglikelihood(questions(documents=2, shots=1, longest=5))
    assert lm.scorer == "shared"
    long = questions(documents=4, shots=100)
    assert lm.loglikelihood(long) == load(folder(), HFLM).loglikelihood(long)
    assert lm.scorer == "stock"


def test_a_sliding_window_is_compared_once_requests_cross_it(folder: Folder) -> None:
    lm = load(folder("gemma3"))
    lm.loglikelihood(questions(documents=2, shots=1, longest=10))
    before = lm.forwards
    lm.loglikelihood(questions(documents=4, shots=60))
    assert lm.scorer == "shared"
    assert lm.forwards - before > 8  # the gate's short rows


class Unfit(SharedContextLM):
    def _logits(self, forest: Forest, row: Row) -> torch.Tensor:
        raise TypeError("forward() got an unexpected keyword argument")


def test_a_model_that_refuses_our_masks_is_answered_by_the_stock_path(folder: Folder) -> None:
    requests = questions(documents=2)
    lm = load(folder(), Unfit)
    assert lm.loglikelihood(requests) == load(folder(), HFLM).loglikelihood(requests)
    assert lm.scorer_reason == "the shared path raised TypeError: forward() got an unexpected keyword argument"


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        ("mamba", "mamba's forward pass takes no position_ids"),
        ("bloom", "bloom's forward pass takes no position_ids"),
        ("t5", "a seq2seq model has no causal context to share"),
    ],
)
def test_what_cannot_share_is_answered_by_the_stock_path(folder: Folder, architecture: str, reason: str) -> None:
    requests = questions(documents=2)
    lm = load(folder(architecture))
    assert lm.scorer == "stock"
    assert lm.scorer_reason.startswith(reason)
    assert lm.loglikelihood(requests) == load(folder(architecture), HFLM).loglikelihood(requests)


def test_local_attention_that_no_configuration_names_is_caught_by_the_gate(tmp_path: Path, monkeypatch: Any) -> None:
    settings = {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "window_size": 32}
    monkeypatch.setitem(ARCHITECTURES, "gpt_neo", ("gpt_neo", {**settings, "attention_types": [[["local"], 2]]}))
    model = str(tiny_model(tmp_path, "gpt_neo"))
    requests = questions(documents=4)
    lm = load(model)
    assert lm.loglikelihood(requests) == load(model, HFLM).loglikelihood(requests)
    assert lm.scorer == "stock"


def test_a_model_that_is_spread_over_gpus_is_answered_by_the_stock_path(folder: Folder) -> None:
    model = load(folder()).model
    assert obstacle(model, "causal") is None
    model.hf_device_map = {"model.layers.0": 0, "model.layers.1": 1}  # as accelerate writes it
    assert "spread over several devices" in (obstacle(model, "causal") or "")


def test_only_requests_longer_than_the_model_go_the_stock_way(folder: Folder) -> None:
    requests = questions(documents=4) + asked((" ".join(WORDS * 3), " the"))
    shared, stock = load(folder(), max_length=150), load(folder(), HFLM, max_length=150)
    assert_same(shared.loglikelihood(requests), stock.loglikelihood(requests))
    assert shared.scorer == "shared"
    assert shared.requests_by_scorer == {"shared": len(requests) - 1, "stock": 1}


def test_rolling_log_likelihoods_equal_the_stock_path(folder: Folder) -> None:
    requests = asked((CORPUS,), (CORPUS[:50],), output_type="loglikelihood_rolling")
    assert load(folder()).loglikelihood_rolling(requests) == load(folder(), HFLM).loglikelihood_rolling(requests)


@pytest.mark.parametrize("architecture", ["llama", "bloom"])
def test_weights_with_nan_are_refused_instead_of_scored(folder: Folder, tmp_path: Path, architecture: str) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder(architecture))
    next(model.parameters()).data[:, 0] = float("nan")
    model.save_pretrained(tmp_path)
    lm = load(str(tmp_path), tokenizer=folder(architecture))
    with pytest.raises(NotFinite, match="log-likelihood came out as nan"):
        lm.loglikelihood(questions(documents=2))


@pytest.mark.parametrize("kind", [SharedContextLM, Perturbed])
def test_progress_counts_every_request_once(folder: Folder, kind: type[HFLM]) -> None:
    heard: list[tuple[int, int]] = []
    lm = load(folder(), kind, on_progress=lambda done, total: heard.append((done, total)))
    requests = questions()
    lm.loglikelihood(requests, disable_tqdm=True)
    assert heard == sorted(heard)
    assert heard[-1] == (len(requests), len(requests))
    assert len(heard) > 4


def test_progress_of_generation_is_heard_and_the_bar_put_back(folder: Folder) -> None:
    heard: list[tuple[int, int]] = []
    bar = huggingface.tqdm
    lm = load(folder(), on_progress=lambda done, total: heard.append((done, total)))
    lm.generate_until(prompts("Anna", "Paul", "Question: where"), disable_tqdm=True)
    assert heard == [(1, 3), (2, 3), (3, 3)]
    assert huggingface.tqdm is bar


def prompts(*texts: str, **settings: Any) -> list[Instance]:
    named = {"until": [], "max_gen_toks": 8, **settings}
    return asked(*((text, dict(named)) for text in texts), output_type="generate_until")


def test_generated_answers_are_described_in_the_order_of_their_requests(folder: Folder) -> None:
    requests = prompts("Question: where is Anna?", "A", "Which number comes next: 2, 4, 6, 8?", "A")
    requests += prompts("Paul", max_gen_toks=3)
    lm, stock = load(folder()), load(folder(), HFLM)
    texts = lm.generate_until(requests)
    assert texts == stock.generate_until(requests)
    assert len(lm.generations) == len(requests)
    assert [one.tokens for one in lm.generations if one.finish == "length"] == [8, 8, 8, 8, 3]


def test_an_answer_ends_with_the_token_that_completes_its_stop_sequence() -> None:
    tokenizer = tiny_tokenizer()
    before, after = (tokenizer.encode(text) for text in ("Anna is in the garden", ". Paul is in the kitchen"))
    end = tokenizer.eos_token_id
    assert measure([*before, *after], {end}, ["garden", "kitchen"], tokenizer) == Measure(len(before), True)
    assert measure([*before, *after], {end}, ["tower"], tokenizer) == Measure(len(before + after), False)
    assert measure([*before, end, *after], {end}, ["kitchen"], tokenizer) == Measure(len(before) + 1, True)


def test_an_answer_without_text_is_called_empty(folder: Folder) -> None:
    lm = load(folder())
    (whole,) = lm.generate_until(prompts("Paul"))
    assert lm.generate_until(prompts("Paul", until=[whole[0]])) == [""]
    assert [(one.tokens, one.finish) for one in lm.generations] == [(1, "empty")]


def test_a_prompt_that_loses_its_beginning_is_counted_once_for_all_its_choices(folder: Folder):
    lm = load(folder())
    words = " ".join(WORDS[place % len(WORDS)] for place in range(3 * lm.max_length))
    fits = lm.tok_decode(lm.tok_encode(words)[: lm.max_length // 2])
    lm.loglikelihood(asked((words, " a"), (words, " b"), (fits, " a"), (fits, " b")), disable_tqdm=True)
    assert lm.prompts_cut == 1
