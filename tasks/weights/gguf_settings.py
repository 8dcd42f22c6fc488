"""Write the config and the tokenizer that a GGUF file's metadata describe, with transformers' own tables and classes.

transformers builds a config only after reading the file with gguf's slow reader; here its table of names is applied to
the header that is parsed already. Its tokenizer classes read a file's vocabulary themselves, and fast enough.

Text is tokenised as transformers does when it reads the same file, with two exceptions where the model's own tokenizer
does otherwise: SmolLM2's digits, and Qwen's normalisation (`_restore`).
"""

from pathlib import Path
from typing import Any

from tasks.weights.gguf_header import GgufHeader
from tasks.weights.gguf_names import UnsupportedGguf, architecture_of

_TOKENS = "tokenizer.ggml.tokens"
_SPLIT = "tokenizer.ggml.pre"  # how text is split before merges are applied


def config_fields(header: GgufHeader) -> dict[str, Any]:
    """Rename a header's metadata to the fields of a transformers config."""
    from transformers.integrations import GGUF_CONFIG_MAPPING

    fields: dict[str, Any] = {"tie_word_embeddings": all(entry.name != "output.weight" for entry in header.tensors)}
    for prefix in (header.architecture, "tokenizer"):
        for theirs, ours in GGUF_CONFIG_MAPPING[prefix].items():
            if ours is not None and f"{prefix}.{theirs}" in header.metadata:
                fields[ours] = header.metadata[f"{prefix}.{theirs}"]
    fields.setdefault("vocab_size", header.metadata[_TOKENS])
    return fields


def write_config(header: GgufHeader, folder: Path) -> None:
    """Write config.json and generation_config.json."""
    from transformers import AutoConfig, GenerationConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    model_type = architecture_of(header).model_type
    config = AutoConfig.for_model(model_type, **config_fields(header))
    config.architectures = [MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[model_type]]
    config.dtype = "float32"
    config.save_pretrained(folder)
    GenerationConfig.from_model_config(config).save_pretrained(folder)


def write_tokenizer(header: GgufHeader, folder: Path) -> None:
    """Write tokenizer.json, tokenizer_config.json and, where the file has one, chat_template.jinja.

    Raises UnsupportedGguf where how to split text isn't known.
    """
    from transformers import PreTrainedTokenizerFast
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING

    _check_split(header)
    config_class = CONFIG_MAPPING[architecture_of(header).model_type]
    tokenizer_class = TOKENIZER_MAPPING.get(config_class, PreTrainedTokenizerFast)
    tokenizer = tokenizer_class.from_pretrained(str(header.path.parent), gguf_file=header.path.name)
    _restore(tokenizer.backend_tokenizer, header)
    for passing in ("is_local", "local_files_only"):  # how this process loaded it, not what it is
        tokenizer.init_kwargs.pop(passing, None)
    tokenizer.save_pretrained(folder)


def _restore(backend: Any, header: GgufHeader) -> None:
    """Put back two things that the models' own tokenizers do and that transformers loses when it reads a GGUF."""
    from tokenizers import normalizers, pre_tokenizers

    if header.metadata.get(_SPLIT) == "smollm":
        # Each digit is split off before the rest, so that in "\n\n12" the two line ends stay one token.
        digits = pre_tokenizers.Digits(individual_digits=True)
        backend.pre_tokenizer = pre_tokenizers.Sequence([digits, backend.pre_tokenizer])
    if header.architecture == "qwen2":
        # transformers adds it to any qwen2 folder that it loads, so tokenizer.json had better say so too.
        backend.normalizer = normalizers.NFC()


def _check_split(header: GgufHeader) -> None:
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

    split = header.metadata.get(_SPLIT)
    known = {"gpt-2", "smollm", *GGUF_PRE_TOKENIZER_SPLITS}
    if header.metadata.get("tokenizer.ggml.model") == "gpt2" and split not in known:
        # transformers would split text as GPT-2 does and say nothing
        raise UnsupportedGguf(
            f"{header.path}: text is to be split the way {split!r}, which is not known. Use the model's safetensors, "
            "or add it to tasks/weights/gguf_settings.py."
        )
