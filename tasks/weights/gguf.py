"""Dequantise a single-file GGUF into a folder that transformers loads as float32.

Every tensor equals what transformers makes of the same file, bit for bit, in a fifth of its time and of its memory:
values are dequantised a million at a time and go straight to the file. `benchmarks/dequantise.py` compares the two.
"""

import json
import shutil
import struct
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tasks.weights.gguf_header import BrokenGguf, GgufHeader, read_header
from tasks.weights.gguf_names import Weight, translate
from tasks.weights.gguf_settings import write_config, write_tokenizer
from tasks.weights.staging import staged_folder
from tasks.weights.verified import seal

if TYPE_CHECKING:
    import numpy as np

_CHUNK = 1 << 20  # values dequantised at once; smaller is slower, larger only takes memory


def dequantise(gguf: Path, target: Path, extras: Sequence[Path] = ()) -> Path:
    """Write `model.safetensors` (float32), config, generation config, tokenizer and chat template into `target`.

    Supports the architectures llama, qwen2 and gemma3; raises UnsupportedGguf for others, BrokenGguf for a file that
    is cut short. Embeddings are tied exactly where the file has no head of its own. `extras` lie beside the GGUF and
    replace what is written of the same name.
    """
    header = read_header(gguf)
    weights = translate(header)
    with staged_folder(target) as folder:
        write_config(header, folder)
        write_tokenizer(header, folder)
        with (folder / "model.safetensors").open("wb") as file:
            write_safetensors(header, weights, file)
        for extra in extras:
            copy = folder / extra.relative_to(gguf.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(extra, copy)
        seal(folder)
    return target


def write_safetensors(header: GgufHeader, weights: list[Weight], file: BinaryIO) -> None:
    """Write the weights as float32 in the safetensors format: a length, a JSON header, the values end to end."""
    import numpy as np

    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for weight in weights:
        start, end = end, end + 4 * prod(weight.entry.shape)
        table[weight.name] = {"dtype": "F32", "shape": weight.entry.shape, "data_offsets": (start, end)}
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)  # the values begin at a multiple of eight
    file.write(struct.pack("<Q", len(text)) + text)
    data = np.memmap(header.path, mode="r", dtype=np.uint8)
    for weight in weights:
        for values in _chunks(weight, data, header.path):
            file.write(values)


def _chunks(weight: Weight, data: "np.ndarray", path: Path) -> Iterator[memoryview]:
    import numpy as np
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import dequantize

    kind = GGMLQuantizationType(weight.entry.ggml_type)
    rows = _stored_rows(weight, data, path)
    at_once = max(1, _CHUNK // weight.entry.shape[-1])
    for first in range(0, len(rows), at_once):
        # Blocks never span two rows and each is decoded alone, so a chunk may be given as one long row: gguf's
        # quants work through rows sixteen at a time, and short ones cost twice as much.
        values = dequantize(np.ascontiguousarray(rows[first : first + at_once]).reshape(1, -1), kind)
        if weight.subtract:
            values = values - np.float32(weight.subtract)
        yield values.astype(np.float32, copy=False).reshape(-1).data


def _stored_rows(weight: Weight, data: "np.ndarray", path: Path) -> "np.ndarray":
    """View a tensor's rows as stored, uint8 [rows, bytes a row], in the order in which transformers has them."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    block_values, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(weight.entry.ggml_type)]
    *leading, width = weight.entry.shape
    rows, row_bytes = prod(leading), width // block_values * block_bytes
    stored = data[weight.entry.offset : weight.entry.offset + rows * row_bytes]
    if stored.size != rows * row_bytes:
        raise BrokenGguf(f"{path}: ends within {weight.entry.name}. Fetch the file again.")
    stored = stored.reshape(rows, row_bytes)
    if not weight.interleaved_heads:
        return stored
    halves = stored.reshape(weight.interleaved_heads, -1, 2, row_bytes)
    return halves.swapaxes(1, 2).reshape(rows, row_bytes)
