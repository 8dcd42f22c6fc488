"""Read a GGUF file's header: its metadata, and where each tensor lies. The values stay on disk.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. gguf's own GGUFReader builds a numpy view for
each of a vocabulary's strings (12 CPU-seconds for 262 k tokens); this reader steps over them, in 0.04, and keeps their
number.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_VERSIONS = (2, 3)  # version 1 counted in 32 bits and is no longer found


class BrokenGguf(ValueError):
    """Say that a file is not a whole GGUF file of a known version."""


@dataclass(frozen=True)
class TensorEntry:
    """One tensor as the file stores it."""

    name: str
    shape: tuple[int, ...]  # rows first, as torch has it
    ggml_type: int  # as numbered by enum ggml_type
    offset: int  # bytes from the start of the file


@dataclass(frozen=True)
class GgufHeader:
    """All of a GGUF file but its tensors' values."""

    path: Path
    metadata: dict[str, Any]  # an array of strings is given as its length
    tensors: tuple[TensorEntry, ...]

    @property
    def architecture(self) -> str:
        """Name the architecture as llama.cpp does."""
        return str(self.metadata["general.architecture"])


class _Cursor:
    """Step through a file's bytes, front to back."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def string(self) -> str:
        (length,) = self.take("Q")
        if self.at + length > len(self.data):
            raise struct.error(f"a string of {length} bytes goes beyond its end")
        text = self.data[self.at : self.at + length].decode("utf-8", "replace")
        self.at += length
        return text

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            element, count = self.take("IQ")
            return self.skip_strings(count) if element == _STRING else self.array(element, count)
        return self.take(_SCALARS[kind])[0]

    def array(self, element: int, count: int) -> list[Any]:
        return list(self.take(f"{count}{_SCALARS[element]}"))

    def skip_strings(self, count: int) -> int:
        length_at = struct.Struct("<Q").unpack_from
        at = self.at
        for _ in range(count):
            at += 8 + length_at(self.data, at)[0]
        self.at = at
        return count


def read_header(path: Path) -> GgufHeader:
    """Parse the metadata and the tensor table of one GGUF file.

    Raises BrokenGguf if the file is cut short, or is not GGUF version 2 or 3.
    """
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise BrokenGguf(f"{path}: does not begin with GGUF. Is it a safetensors file, or a pointer to one?")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                return _parse(path, _Cursor(data))
            except (struct.error, KeyError) as error:
                raise BrokenGguf(f"{path}: its header can't be read ({error}). Fetch the file again.") from error


def _parse(path: Path, cursor: _Cursor) -> GgufHeader:
    cursor.at = 4
    version, tensor_count, metadata_count = cursor.take("IQQ")
    if version not in _VERSIONS:
        raise BrokenGguf(f"{path}: is GGUF version {version}; versions {_VERSIONS} are read. Convert it again.")
    metadata: dict[str, Any] = {}
    for _ in range(metadata_count):
        key = cursor.string()
        metadata[key] = cursor.value(cursor.take("I")[0])
    found = [_tensor(cursor) for _ in range(tensor_count)]
    alignment = metadata.get("general.alignment", 32)
    start = (cursor.at + alignment - 1) // alignment * alignment
    tensors = tuple(TensorEntry(name, shape, kind, start + offset) for name, shape, kind, offset in found)
    return GgufHeader(path, metadata, tensors)


def _tensor(cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
    name = cursor.string()
    (rank,) = cursor.take("I")
    shape = cursor.take(f"{rank}Q")
    ggml_type, offset = cursor.take("IQ")
    return name, tuple(reversed(shape)), ggml_type, offset
