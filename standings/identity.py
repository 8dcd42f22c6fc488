"""Name jobs by a hash of all that could change their answers.

Canonical JSON is RFC 8785. A field at its documented default is left out of what is hashed, so a field that is
added later moves no old id; the golden ids in tests/standings/test_identity.py hold that.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import rfc8785

SEEDS = {"random": 0, "numpy": 1234, "torch": 1234, "fewshot": 1234}  # lm-eval's own defaults


def canonical(value: Any) -> str:
    """Write a value as RFC 8785 JSON."""
    return rfc8785.dumps(value).decode()


def digest(value: Any) -> str:
    """Hash a value's canonical JSON: sha256 in lower-case hex."""
    return hashlib.sha256(_flat(value) or rfc8785.dumps(value)).hexdigest()


def _flat(value: Any) -> bytes | None:
    """Write a mapping of plain keys to text as RFC 8785 JSON, ten times as fast; None of anything else."""
    if not isinstance(value, dict) or not all(type(it) is str and key.isascii() for key, it in value.items()):
        return None
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def without_defaults(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out each field that is at its default, at any depth of one."""
    return {key: value for key, value in fields.items() if key not in defaults or value != defaults[key]}


@cache  # a plan asks for the same ones once a cell
def variant_id(
    *,
    model: str,
    revision: str,
    dtype: str | None,
    engine: str,
    quantisation: str | None = None,
    reasoning: str = "off",
    weights: str | None = None,
) -> str:
    """Hash what was run.

    `weights` is the sha256 of the weights manifest, and None where they are the model's own repository at `revision`.
    """
    fields = {
        "model": model,
        "revision": revision,
        "dtype": dtype,
        "engine": engine,
        "quantisation": quantisation,
        "reasoning": reasoning,
        "weights": weights,
    }
    return digest(without_defaults(fields, {"dtype": None, "quantisation": None, "reasoning": "off", "weights": None}))


@cache  # a plan asks for the same ones once a cell
def benchmark_id(*, lock: str, document_limit: int | None = None, epoch: int = 1) -> str:
    """Hash what was asked: the task's lock, the document limit and the epoch; seeds are lm-eval's defaults."""
    fields = {"lock": lock, "document_limit": document_limit, "epoch": epoch, "seeds": SEEDS}
    return digest(without_defaults(fields, {"document_limit": None, "epoch": 1, "seeds": SEEDS}))


def job_id(*, variant: str, benchmark: str, protocol: Mapping[str, Any]) -> str:
    """Hash one variant's way through one benchmark; `protocol` is as `Protocol.identity()` gives it."""
    return digest({"variant": variant, "benchmark": benchmark, "protocol": dict(protocol)})


def job_id_of(*, variant: str, benchmark: str, protocol: str) -> str:
    """Hash the same where the protocol is canonical JSON already, as `Protocol.canonical()` gives it."""
    text = f'{{"benchmark":"{benchmark}","protocol":{protocol},"variant":"{variant}"}}'
    return hashlib.sha256(text.encode()).hexdigest()
