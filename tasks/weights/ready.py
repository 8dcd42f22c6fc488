"""Turn a manifest, or a model's own repository, into a folder that the harness can load."""

from math import prod
from pathlib import Path

from standings.identity import digest
from standings.repository import Repository
from standings.weights import WeightsManifest
from tasks.weights.cache import Cache
from tasks.weights.fetch import fetch, locked
from tasks.weights.repository import fetch_repository
from tasks.weights.staging import Report
from tasks.weights.verified import intact

CONVERTER_VERSION = 1  # raise it whenever a folder made from the same GGUF would differ


def prepare(wanted: WeightsManifest | Repository, cache: Cache, report: Report) -> Path:
    """Return a folder with verified weights, config, tokenizer and chat template that transformers loads.

    Safetensors are used as they are; a GGUF is dequantised to float32, once. A folder that is there is verified again
    only where a file of it was touched; it is not evicted while `cache` uses it. Raises NotReady, UnsupportedGguf.
    """
    if isinstance(wanted, Repository):
        return fetch_repository(wanted, cache, report)
    if wanted.format == "safetensors":
        return fetch(wanted, cache, report)
    target = cache.root / "ready" / digest({"files": wanted.identity(), "converter": CONVERTER_VERSION})[:16]
    with locked(target, f"{wanted.places[0]}, converted", cache, report):
        if intact(target):
            return target
        if target.exists():
            report(f"{target}: its bytes have changed since they were written; converted again")
        source = fetch(wanted, cache, report)
        try:
            return _convert(wanted, source, target, cache, report)
        finally:
            cache.let_go(source)


def _convert(manifest: WeightsManifest, source: Path, target: Path, cache: Cache, report: Report) -> Path:
    from tasks.weights.gguf import dequantise
    from tasks.weights.gguf_header import read_header

    names = [entry.file for entry in manifest.files]
    (gguf,) = (name for name in names if name.endswith(".gguf"))
    values = sum(prod(tensor.shape) for tensor in read_header(source / gguf).tensors)
    cache.make_room(target, 4 * values, report)
    report(f"{gguf}: dequantising to float32, once")
    return dequantise(source / gguf, target, [source / name for name in names if name != gguf])
