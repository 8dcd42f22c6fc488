"""Translate a GGUF file's tensors into the names and the values that transformers gives them.

llama.cpp's converter renames every tensor, and changes the values of a few: the rows of llama's queries and keys are
interleaved for its rotary embedding, and gemma's norms are stored with one added. Sources: `conversion/` in
https://github.com/ggml-org/llama.cpp and `modeling_gguf_pytorch_utils.py` in transformers 5.23.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from standings.failure import Reason
from tasks.weights.gguf_header import GgufHeader, TensorEntry

_ATTENTION_AND_MLP = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OUTSIDE = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
_HEAD = {"output.weight": "lm_head.weight"}


class UnsupportedGguf(ValueError):
    """Say that a GGUF file holds something that would be translated wrongly, or not at all."""

    reason = Reason.UNSUPPORTED


@dataclass(frozen=True)
class Architecture:
    """How one architecture's tensors differ between llama.cpp and transformers."""

    model_type: str  # transformers' name of it
    in_block: Mapping[str, str]
    biased: tuple[str, ...] = ()
    interleaved: Mapping[str, str] = field(default_factory=dict)  # tensor → metadata key of its number of heads
    norm_offset: float = 0.0  # what llama.cpp added to the weights of each norm


ARCHITECTURES = {
    "llama": Architecture(
        model_type="llama",
        in_block={**_ATTENTION_AND_MLP, "ffn_norm": "post_attention_layernorm"},
        interleaved={"attn_q": "llama.attention.head_count", "attn_k": "llama.attention.head_count_kv"},
    ),
    "qwen2": Architecture(
        model_type="qwen2",
        in_block={**_ATTENTION_AND_MLP, "ffn_norm": "post_attention_layernorm"},
        biased=("attn_q", "attn_k", "attn_v"),
    ),
    "gemma3": Architecture(
        model_type="gemma3_text",
        in_block={
            **_ATTENTION_AND_MLP,
            "attn_q_norm": "self_attn.q_norm",
            "attn_k_norm": "self_attn.k_norm",
            "post_attention_norm": "post_attention_layernorm",
            "ffn_norm": "pre_feedforward_layernorm",
            "post_ffw_norm": "post_feedforward_layernorm",
        },
        norm_offset=1.0,
    ),
}


@dataclass(frozen=True)
class Weight:
    """One tensor of the transformers folder, and how to get it from the GGUF file."""

    name: str
    entry: TensorEntry
    interleaved_heads: int = 0  # 0: the rows are in order
    subtract: float = 0.0


def architecture_of(header: GgufHeader) -> Architecture:
    """Find how to translate a file; UnsupportedGguf if that isn't known or would change what the model computes."""
    name = header.architecture
    if name not in ARCHITECTURES:
        raise UnsupportedGguf(
            f"{header.path}: architecture {name!r} is not translated; {', '.join(ARCHITECTURES)} are. "
            "Use the model's safetensors, or add it to tasks/weights/gguf_names.py."
        )
    if header.metadata.get("split.count", 1) > 1:
        raise UnsupportedGguf(f"{header.path}: is one of several files; join them with llama-gguf-split --merge.")
    scaling = [key for key in header.metadata if key.startswith(f"{name}.rope.scaling.")]
    if scaling and header.metadata.get(f"{name}.rope.scaling.type") != "none":
        # transformers' converter drops these keys without a word, and long contexts are then answered wrongly
        raise UnsupportedGguf(f"{header.path}: {scaling[0]} has no translation. Use the model's safetensors.")
    return ARCHITECTURES[name]


def translate(header: GgufHeader) -> list[Weight]:
    """Name each tensor as transformers does, in the file's order; UnsupportedGguf if one is unknown or lacking."""
    architecture = architecture_of(header)
    names = _names(architecture, int(header.metadata[f"{header.architecture}.block_count"]))
    held = {entry.name for entry in header.tensors}
    unknown = sorted(held - names.keys())
    lacking = sorted(names.keys() - held - _HEAD.keys())  # a file without a head ties it to the embedding
    if unknown or lacking:
        raise UnsupportedGguf(
            f"{header.path}: as {header.architecture} it should not hold {unknown[:3]} and lacks {lacking[:3]}. "
            "Use the model's safetensors."
        )
    return [_weight(architecture, header, entry, names[entry.name]) for entry in header.tensors]


def _names(architecture: Architecture, blocks: int) -> dict[str, str]:
    names = {**_OUTSIDE, **_HEAD}
    for block in range(blocks):
        for theirs, ours in architecture.in_block.items():
            for suffix in ("weight", "bias") if theirs in architecture.biased else ("weight",):
                names[f"blk.{block}.{theirs}.{suffix}"] = f"model.layers.{block}.{ours}.{suffix}"
    return names


def _weight(architecture: Architecture, header: GgufHeader, entry: TensorEntry, name: str) -> Weight:
    leaf = re.sub(r"^blk\.\d+\.|\.(weight|bias)$", "", entry.name)
    heads = header.metadata[architecture.interleaved[leaf]] if leaf in architecture.interleaved else 0
    return Weight(name, entry, heads, architecture.norm_offset if leaf.endswith("norm") else 0.0)
