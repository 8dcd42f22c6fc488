"""Choose what evaluation needs of a model's own repository on a hub; everything else stays there.

Left out are other formats (GGUF, ONNX, flax), copies in another dtype (`model.fp16.safetensors`), duplicates for other
programs (`original/`, `consolidated.*`), and pickled weights and code unless the variant's exceptions name them.
"""

import json
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Self

from pydantic import Field, model_validator

from standings.identity import digest
from standings.suite import Record
from standings.weights import FileName, HubPlace

_RULE = 1  # raise it whenever the choice from the same repository would differ
_SINGLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_PICKLE, _PICKLE_INDEX = "pytorch_model.bin", "pytorch_model.bin.index.json"
_BESIDE = (".json", ".jinja", ".model", ".tiktoken", ".txt")  # config, tokenizer, chat template, in the top folder
_TEMPLATES = "additional_chat_templates"


class Unloadable(ValueError):
    """A repository holds no weights in a layout that transformers loads, or none that this variant may load."""


class RepositoryFile(Record):
    """One file of a repository at one commit, as the hub's listing has it."""

    file: FileName
    bytes: int = Field(ge=0)
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")  # of large files
    blob: str | None = Field(None, pattern=r"^[0-9a-f]{40}$")  # git's own hash, which the commit itself names

    @model_validator(mode="after")
    def _has_a_hash(self) -> Self:
        if not self.hashes:
            raise ValueError(f"{self.file}: the hub names neither a sha256 nor git's hash")
        return self

    @property
    def hashes(self) -> dict[str, str]:
        """Return the hash that tells whether bytes are this file's: sha256, or git's where there is no other."""
        if self.sha256:  # git's is then of the pointer, not of the bytes
            return {"sha256": self.sha256}
        return {"blob": self.blob} if self.blob else {}


class Repository(Record):
    """A model's own repository at one commit, and what of it a variant may load against the rule."""

    place: HubPlace
    pickle: bool = False
    remote_code: bool = False

    def key(self) -> str:
        """Hash what decides which files are taken."""
        return digest({"rule": _RULE, **self.model_dump(mode="json", exclude={"place": {"files"}})})

    def index(self, listing: Iterable[RepositoryFile]) -> RepositoryFile | None:
        """Return the file that names the parts of the weights, where they come in parts."""
        held = {entry.file: entry for entry in listing}
        return held[name] if (name := self._head(held)).endswith(".json") else None

    def needed(self, listing: Iterable[RepositoryFile], index: str | None = None) -> tuple[RepositoryFile, ...]:
        """Return the files to fetch, small ones first; `index` is the text of the file that `index()` returned.

        Raises Unloadable where the repository has no such weights.
        """
        held = {entry.file: entry for entry in listing}
        head = self._head(held)
        weights = {head} if index is None else {head, *_parts(head, index)}
        if lacking := sorted(weights - held.keys()):
            raise Unloadable(f"{self.place}: {head} names {lacking[0]}, which is not there. Give another revision.")
        beside = {name for name in held if self._lies_beside(name)}
        return tuple(sorted((held[name] for name in weights | beside), key=lambda entry: (entry.bytes, entry.file)))

    def _head(self, held: Iterable[str]) -> str:
        """Name the file by which transformers finds the weights, in its own order."""
        names = (_SINGLE, _INDEX, _PICKLE, _PICKLE_INDEX) if self.pickle else (_SINGLE, _INDEX)
        if found := next((name for name in names if name in held), None):
            return found
        remedy = f"give {self.place.hub}'s variant a weights manifest"
        if _PICKLE in held or _PICKLE_INDEX in held:
            raise Unloadable(
                f"{self.place} holds pickled weights alone, which can run code when they are loaded. "
                f"Write `exceptions: {{pickle: why}}` into its variant, or {remedy}."
            )
        raise Unloadable(f"{self.place} holds neither {_SINGLE} nor {_INDEX}. Remedy: {remedy}.")

    def _lies_beside(self, name: str) -> bool:
        path = PurePosixPath(name)
        if path.suffix == ".py":
            return self.remote_code
        if name.endswith(".index.json"):
            return False  # of weights in another format, or chosen already
        return path.suffix in _BESIDE and path.parent.name in ("", _TEMPLATES) and len(path.parts) <= 2


def foreign_code(configuration: str) -> str | None:
    """Return another repository from which a configuration takes code, which would come unpinned; None where none."""
    named = json.loads(configuration).get("auto_map") or {}
    entries = [item for value in named.values() for item in (value if isinstance(value, list) else [value])]
    return next((str(item).partition("--")[0] for item in entries if "--" in str(item)), None)


def _parts(head: str, index: str) -> set[str]:
    try:
        return set(json.loads(index)["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unloadable(f"{head} is no index of weights ({error!r}). Give another revision.") from error
