"""Write randomly initialised GGUF files of well under 1 MB, with a vocabulary of their own, for tests."""

from pathlib import Path

import gguf
import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from tokenizers.pre_tokenizers import ByteLevel

BLOCKS = 2
WIDTH, FEED_FORWARD, HEADS, KEY_HEADS, HEAD_WIDTH = 256, 256, 4, 2, 64
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_Q = GGMLQuantizationType
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_MERGES = ("Ġ t", "h e", "Ġt he", "i n", "Ċ Ċ", "a n", "an d", "Ġ Ġ", "1 2", "q u", "e s", "t i", "o n")
_WORDS = ("▁t", "he", "▁the", "in", "an", "and", "ti", "on", "▁▁", "qu", "es", "▁a", "\n\n", "你好")


def tiny_gguf(
    path: Path,
    architecture: str = "llama",
    *,
    tied: bool = False,
    split: str = "llama-bpe",
    seed: int = 0,
    **keys: float,
) -> Path:
    """Write a model of `architecture` (llama, qwen2 or gemma3) to `path`; `keys` are more metadata.

    `split` is how a byte-level vocabulary splits text before it merges. Tensors are quantised in one of Q4_K, Q6_K,
    Q4_1, Q8_0 and F16; norms are F32.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("tiny")
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(BLOCKS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    tokens = _sentencepiece(writer) if architecture == "gemma3" else _byte_level(writer, split)
    if architecture == "gemma3":
        writer.add_key_length(HEAD_WIDTH)
        writer.add_value_length(HEAD_WIDTH)
        writer.add_sliding_window(32)
    if architecture == "llama":
        writer.add_rope_dimension_count(HEAD_WIDTH)
        writer.add_vocab_size(tokens)
    for key, value in keys.items():
        writer.add_float32(key, value)
    _tensors(writer, architecture, tokens, tied, np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _byte_level(writer: gguf.GGUFWriter, split: str) -> int:
    words = [*sorted(ByteLevel.alphabet()), *(merge.replace(" ", "") for merge in _MERGES)]
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split)
    writer.add_token_list([*words, *special])
    writer.add_token_types([_NORMAL] * len(words) + [_CONTROL] * len(special))
    writer.add_token_merges(list(_MERGES))
    writer.add_bos_token_id(len(words))
    writer.add_eos_token_id(len(words) + 2)
    writer.add_pad_token_id(len(words))
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHATML)
    return len(words) + len(special)


def _sentencepiece(writer: gguf.GGUFWriter) -> int:
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    raw = [f"<0x{byte:02X}>" for byte in range(256)]
    letters = ["▁", *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;?!'()=+-\n你好"]
    words = [*letters, *_WORDS]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([*special, *raw, *words])
    writer.add_token_scores([0.0] * 260 + [-float(rank) for rank in range(len(words))])
    writer.add_token_types([_CONTROL, _CONTROL, _CONTROL, _UNKNOWN] + [_BYTE] * 256 + [_NORMAL] * len(words))
    writer.add_pad_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_unk_token_id(3)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    return 260 + len(words)


def _tensors(writer: gguf.GGUFWriter, architecture: str, tokens: int, tied: bool, rng: np.random.Generator) -> None:
    queries, keys = HEADS * HEAD_WIDTH, KEY_HEADS * HEAD_WIDTH
    _add(writer, "token_embd.weight", (tokens, WIDTH), _Q.Q6_K, rng)
    _add(writer, "output_norm.weight", (WIDTH,), _Q.F32, rng)
    if not tied:
        _add(writer, "output.weight", (tokens, WIDTH), _Q.Q8_0, rng)
    norms = ["attn_norm", "ffn_norm"]
    if architecture == "gemma3":
        norms += ["post_attention_norm", "post_ffw_norm"]
    for block in range(BLOCKS):
        at = f"blk.{block}."
        _add(writer, at + "attn_q.weight", (queries, WIDTH), _Q.Q4_K, rng)
        _add(writer, at + "attn_k.weight", (keys, WIDTH), _Q.Q4_1, rng)
        _add(writer, at + "attn_v.weight", (keys, WIDTH), _Q.Q6_K, rng)
        _add(writer, at + "attn_output.weight", (WIDTH, queries), _Q.Q8_0, rng)
        _add(writer, at + "ffn_gate.weight", (FEED_FORWARD, WIDTH), _Q.Q4_K, rng)
        _add(writer, at + "ffn_up.weight", (FEED_FORWARD, WIDTH), _Q.F16, rng)
        _add(writer, at + "ffn_down.weight", (WIDTH, FEED_FORWARD), _Q.Q4_1, rng)
        for norm in norms:
            _add(writer, f"{at}{norm}.weight", (WIDTH,), _Q.F32, rng)
        if architecture == "qwen2":
            for leaf, rows in (("attn_q", queries), ("attn_k", keys), ("attn_v", keys)):
                _add(writer, f"{at}{leaf}.bias", (rows,), _Q.F32, rng)
        if architecture == "gemma3":
            _add(writer, at + "attn_q_norm.weight", (HEAD_WIDTH,), _Q.F32, rng)
            _add(writer, at + "attn_k_norm.weight", (HEAD_WIDTH,), _Q.F32, rng)


def _add(writer: gguf.GGUFWriter, name: str, shape: tuple[int, ...], kind: _Q, rng: np.random.Generator) -> None:
    values = rng.normal(1.0 if "norm" in name else 0.0, 0.05, shape).astype(np.float32)
    if kind in (_Q.Q4_K, _Q.Q6_K):
        # gguf can't quantise these two; any bytes are valid blocks once their float16 scales are finite
        block_values, block_bytes = GGML_QUANT_SIZES[kind]
        blocks = rng.integers(0, 256, (values.size // block_values, block_bytes), dtype=np.uint8)
        scale = np.float16(0.0005).tobytes()
        places = (slice(0, 2), slice(2, 4)) if kind is _Q.Q4_K else (slice(208, 210),)
        for place in places:
            blocks[:, place] = np.frombuffer(scale, dtype=np.uint8)
        data = blocks.reshape(shape[0], -1)
    else:
        data = values if kind is _Q.F32 else gguf.quants.quantize(values, kind)
    writer.add_tensor(name, data, raw_dtype=kind)
