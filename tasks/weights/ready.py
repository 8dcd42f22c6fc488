"""Turn a manifest into a folder that the harness can load."""

from pathlib import Path

from standings.identity import digest
from standings.weights import WeightsManifest
from tasks.weights.fetch import fetch, locked
from tasks.weights.places import Report
from tasks.weights.verified import intact

CONVERTER_VERSION = 1  # raise it whenever a folder made from the same GGUF would differ


def prepare(manifest: WeightsManifest, cache: Path, report: Report) -> Path:
    """Return a folder with verified weights, config, tokenizer and chat template that transformers loads.

    Safetensors are used as they are; a GGUF is dequantised to float32, once, into `cache`. A folder that is there is
    verified again only where a file of it was touched. Raises NoWeights, UnsupportedGguf.
    """
    if manifest.format == "safetensors":
        return fetch(manifest, cache, report)
    target = cache / "ready" / digest({"files": manifest.identity(), "converter": CONVERTER_VERSION})[:16]
    with locked(target, report):
        if intact(target):
            return target
        if target.exists():
            report(f"{target}: its bytes have changed since they were written; converted again")
        return _convert(manifest, fetch(manifest, cache, report), target, report)


def _convert(manifest: WeightsManifest, source: Path, target: Path, report: Report) -> Path:
    from tasks.weights.gguf import dequantise

    names = [entry.file for entry in manifest.files]
    (gguf,) = (name for name in names if name.endswith(".gguf"))
    report(f"{gguf}: dequantising to float32, once")
    return dequantise(source / gguf, target, [source / name for name in names if name != gguf])
