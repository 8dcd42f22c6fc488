"""Write randomly initialised models of well under 2 MB, as ordinary transformers folders, for tests.

They load in 0.1 s, know nothing, and run through every line a real model runs through.
"""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, PreTrainedTokenizerFast

SPECIALS = ("<pad>", "<bos>", "<eos>", "<|im_start|>", "<|im_end|>")
VOCABULARY = 512

# Enough English that common words are one or two tokens, and rarer ones share their first.
CORPUS = (
    "The question asks which of the answers is right, and the answer follows the question. "
    "Question: where is Anna? Anna is in the garden. Question: where is Paul? Paul is in the kitchen. "
    "Question: what is 12 plus 7? Answer: 19. Which number comes next: 2, 4, 6, 8? Answer: 10. "
    "The tallest of the four is the tower; the shortest of the four is the house. "
)

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_LLAMA_LIKE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 2048,
}
_HEAD_OF_ITS_OWN = {**_LLAMA_LIKE, "head_dim": 16}

# name -> (transformers' model type, its settings); a sliding window small enough for a test to cross it
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", _LLAMA_LIKE),
    "qwen2": ("qwen2", _LLAMA_LIKE),
    "qwen3": ("qwen3", _HEAD_OF_ITS_OWN),
    "gemma3": (
        "gemma3_text",
        {**_HEAD_OF_ITS_OWN, "sliding_window": 64, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "gpt2": ("gpt2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 2048}),
    "mistral": ("mistral", {**_LLAMA_LIKE, "sliding_window": 64}),
    "mamba": ("mamba", {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8}),
    "bloom": ("bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "t5": ("t5", {"d_model": 32, "d_ff": 64, "d_kv": 8, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": 0}),
}


def tiny_model(
    folder: Path, architecture: str = "llama", seed: int = 0, *, chat_template: bool = True, **settings: Any
) -> Path:
    """Write a random model with its tokenizer into `folder` and return the folder.

    The same arguments give the same bytes. `settings` override the configuration (`sliding_window=32`);
    without `chat_template` the tokenizer has none, as a base model's.
    """
    tokenizer = tiny_tokenizer(chat_template=chat_template)
    model_type, defaults = ARCHITECTURES[architecture]
    config = AutoConfig.for_model(
        model_type,
        **{**defaults, **settings},
        vocab_size=VOCABULARY,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    loader = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = loader.from_config(config, dtype=torch.float32)
        _widen(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_tokenizer(*, chat_template: bool = True) -> PreTrainedTokenizerFast:
    """Build a byte-level BPE tokenizer of fewer than 512 tokens that can spell any text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([CORPUS], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
        model_max_length=2048,
    )
    if chat_template:
        fast.chat_template = CHATML
    return fast


def _widen(model: torch.nn.Module) -> None:
    """Redraw the matrices wider than at training's start, so that answers differ by more than rounding."""
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.15)
