"""Estimate what an assignment needs before anything is loaded.

Memory is the weights, the runtime, and the larger of two things that are never there at once: the logits of the
requests that the scorer compares at load, and the keys and values of the answers that are generated side by side. These
are batch × tokens × layers × values kept of a token, as in Kwon et al., Efficient Memory Management for Large Language
Model Serving with PagedAttention (arXiv 2309.06180), section 3. What is measured stands in benchmarks/README.md;
on GPUs nothing is yet.
"""

from collections.abc import Mapping
from math import ceil, sqrt
from typing import Any

GIB = 1024**3
BYTES_PER_PARAMETER = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
# What an engine that computes on quantised weights keeps of a parameter, scales included. Others make them whole first.
BYTES_QUANTISED = {"FP8": 1.03, "INT8": 1.03, "MXFP4": 0.54, "NVFP4": 0.57, "AWQ": 0.57, "GPTQ": 0.57, "INT4": 0.57}
RUNTIME = {"cpu": 0.57 * GIB, "cuda": 1.5 * GIB}  # Python, torch and lm-eval; on a GPU its context and workspaces
COMPARED = 900  # tokens that the scorer's comparison at load runs at once, padding included
LOGIT_BYTES = 2 * 4  # of a token and a word: the logits and their log-softmax, in float32
# Where the entry gives no shape: a large vocabulary, and keys and values as of models that share few of them.
VOCABULARY = 262_144
VALUES_PER_ROOT_OF_BILLION = 40_000
PROMPT_TOKENS, SHOTS, ANSWER_TOKENS = 200, 5, 256  # a question or example; where the task decides: examples, answer

# Two CPU cores ran 0.14 to 0.63 B parameters at about 1e11 floating-point operations a second (docs/quick.md).
CPU_RATE = 5e10  # per thread
GPU_RATE = 1e14
STEP = 0.02  # seconds at least for one token of a batch, as Python asks for its layers one by one; a usual figure
CPU_BANDWIDTH, GPU_BANDWIDTH = 1e10, 2e12  # bytes of weights a second while one token after the other is written
START, LOAD_RATE = 10.0, 1.5e8  # seconds of imports, bytes a second
TOKENS_PER_DOCUMENT = 120  # of a short benchmark; long prompts take more

Row = Mapping[str, Any]


def weights(variant: Row) -> float | None:
    """Return the bytes of a variant's weights in memory; None where its size or dtype is not known.

    `variant` is a row of `models`; `loaded_b` counts what a file holds beyond the model, such as an untied head.
    """
    billions = variant["loaded_b"] or variant["total_b"]
    if billions is None or variant["dtype"] is None:
        return None
    kept = BYTES_QUANTISED.get(variant["quantisation"]) if variant["engine"] != "hf" else None
    return float(billions) * 1e9 * (kept or BYTES_PER_PARAMETER[variant["dtype"]])


def memory(variant: Row, tokens: int, batch_size: int = 8, device: str = "cpu", gpus: int = 1) -> float | None:
    """Estimate the peak in bytes, on each of `gpus` devices that share the weights; None where the size is not known.

    `tokens`: the longest prompt and answer that are generated, 0 where nothing is. Within 15 % of the peak seen on the
    CPU for three models of 0.13 to 0.63 billion parameters, where the entry gives its shape.
    """
    held = weights(variant)
    if held is None:
        return None
    compared = COMPARED * LOGIT_BYTES * (variant["vocabulary"] or VOCABULARY)
    generated = batch_size * tokens * token_bytes(variant)
    return (held + generated) / gpus + RUNTIME[device] + max(0.0, compared - generated / gpus)


def token_bytes(variant: Row) -> float:
    """Return the bytes of one token's keys and values in all layers."""
    each = BYTES_PER_PARAMETER[variant["dtype"]]
    if variant["layers"] and variant["kv_values"]:
        return float(variant["layers"] * variant["kv_values"] * each)
    return VALUES_PER_ROOT_OF_BILLION * sqrt(variant["total_b"]) * each


def generated_tokens(protocol: Row) -> int:
    """Estimate the tokens of prompt and answer where a protocol generates; 0 where it does not. Rough."""
    shots = protocol.get("shots", SHOTS)
    return PROMPT_TOKENS * (1 + shots) + answer_tokens(protocol) if generates(protocol) else 0


def generates(protocol: Row) -> bool:
    """Say whether a protocol has the model write."""
    return bool(protocol["output"] == "generate_until")


def answer_tokens(protocol: Row) -> int:
    """Return the token budget of an answer, or a usual one where the task decides."""
    return int(protocol.get("max_tokens", ANSWER_TOKENS))


def start_seconds(variant: Row) -> float:
    """Estimate wall seconds from the start of a process to its first job; weights to be fetched not included.

    Seen: 11, 23 and 27 s for 0.5, 1.1 and 2.5 GB of weights.
    """
    return START + (weights(variant) or 0.0) / LOAD_RATE


def seconds(
    variant: Row, documents: int, protocol: Row, threads: int, batch_size: int = 8, device: str = "cpu"
) -> float | None:
    """Estimate a job's wall seconds, as if each answer took its whole budget; None where the size is not known.

    What is read costs two operations per active parameter and token; what is written, one pass over the active
    weights per token of a batch.
    """
    held = weights(variant)
    if held is None or variant["active_b"] is None:
        return None
    rate, bandwidth = (GPU_RATE, GPU_BANDWIDTH) if device == "cuda" else (CPU_RATE * threads, CPU_BANDWIDTH)
    read = 2 * variant["active_b"] * 1e9 * documents * TOKENS_PER_DOCUMENT / rate
    if not generates(protocol):
        return float(read)
    steps = ceil(documents * protocol.get("repeats", 1) / batch_size) * answer_tokens(protocol)
    active = held * variant["active_b"] / (variant["total_b"] or variant["active_b"])
    return float(read + steps * max(active / bandwidth, STEP))
