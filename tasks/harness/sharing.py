"""Decide which models can share contexts exactly, and describe how their attention must then be masked."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# What a forward pass must take for nodes to be given a place, a mask and neighbours of our choosing.
NEEDED = ("attention_mask", "position_ids", "past_key_values", "logits_to_keep")
MASKABLE = {"full_attention", "sliding_attention"}
# These read the longest sequence of the pass and turn all positions by it.
BATCH_DEPENDENT_ROTATIONS = ("dynamic", "longrope")


@dataclass(frozen=True)
class Attention:
    """Say how one model's attention is masked."""

    kinds: tuple[str, ...]  # its layer types, () where its configuration names none: then all layers are alike
    window: int | None  # how many tokens back a sliding layer sees, itself included; None without such layers
    additive: bool  # the mask is added to the scores (eager) instead of choosing among them (sdpa)
    reach: int | None  # longest sequence, in tokens, that is exact whatever shares its row; None: any


def obstacle(model: Any, backend: str) -> str | None:
    """Say why this model's requests can't share their contexts exactly; None if by its structure they can."""
    return next(_obstacles(model, backend), None)


def attention(model: Any) -> Attention:
    """Describe the attention of a model that has no obstacle."""
    config = text_config(model)
    kinds = tuple(sorted(set(getattr(config, "layer_types", None) or ())))
    slides = "sliding_attention" in kinds if kinds else getattr(config, "use_sliding_window", True)
    return Attention(
        kinds=kinds,
        window=getattr(config, "sliding_window", None) if slides else None,
        additive=model.config._attn_implementation == "eager",
        reach=min(_rotation_limits(config), default=None),
    )


def text_config(model: Any) -> Any:
    """Return the configuration of the language part."""
    return model.config.get_text_config(decoder=True)


def _rotation_limits(config: Any) -> Iterator[int]:
    """Yield up to which length a rotation that depends on the batch stays as it was trained."""
    parameters = getattr(config, "rope_parameters", None) or {}
    per_kind = [value for value in parameters.values() if isinstance(value, dict)] or [parameters]
    for one in per_kind:
        if one.get("rope_type") in BATCH_DEPENDENT_ROTATIONS:
            yield one.get("original_max_position_embeddings") or config.max_position_embeddings


def _obstacles(model: Any, backend: str) -> Iterator[str]:
    if backend != "causal":
        yield f"a {backend} model has no causal context to share"
    config = text_config(model)
    name = config.model_type
    if missing := [one for one in NEEDED if one not in inspect.signature(model.forward).parameters]:
        yield f"{name}'s forward pass takes no {', no '.join(missing)}"
    if len(set((getattr(model, "hf_device_map", None) or {}).values())) > 1:
        yield "it is spread over several devices, and a context that is shared would have to be on each of them"
    if getattr(model, "_is_stateful", False):
        yield f"{name} carries a recurrent state from token to token"
    if getattr(config, "alibi", False):
        yield f"{name} derives distances from places in memory (ALiBi), not from positions"
    if getattr(config, "use_bidirectional_attention", False):
        yield f"{name} attends in both directions"
    if unknown := sorted(set(getattr(config, "layer_types", None) or ()) - MASKABLE):
        yield f"{name} has layers that a mask does not describe: {', '.join(unknown)}"
    implementation = getattr(model.config, "_attn_implementation", None)
    if implementation not in ("sdpa", "eager"):
        yield f"the attention implementation '{implementation}' takes no mask of ours"
