"""Keep repositories as the hub does: each commit is all files of one moment, named by a sha that follows from them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

LARGE = (".safetensors", ".bin", ".gguf", ".pt", ".onnx", ".h5")  # what the hub's own .gitattributes keep in LFS


@dataclass(frozen=True)
class File:
    """One file of one commit."""

    name: str
    body: bytes

    @property
    def large(self) -> bool:
        """Tell whether it is kept in LFS: git then holds a pointer to it."""
        return self.name.endswith(LARGE)

    @cached_property
    def sha256(self) -> str:
        """Hash the bytes."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def pointer(self) -> bytes:
        """Return what git holds of it."""
        text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.body)}\n"
        return text.encode() if self.large else self.body

    @cached_property
    def blob(self) -> str:
        """Return git's hash."""
        return hashlib.sha1(b"blob %d\0" % len(self.pointer) + self.pointer).hexdigest()

    def sibling(self, *, with_metadata: bool) -> dict[str, Any]:
        """Describe it as the model's record does."""
        if not with_metadata:
            return {"rfilename": self.name}
        lfs = {"sha256": self.sha256, "size": len(self.body), "pointerSize": len(self.pointer)}
        found = {"rfilename": self.name, "size": len(self.body), "blobId": self.blob}
        return found | ({"lfs": lfs} if self.large else {})


@dataclass
class Repository:
    """A model's repository."""

    name: str
    gated: Literal[False, "auto", "manual"] = False  # terms must be accepted before a file is given
    private: bool = False
    readers: set[str] = field(default_factory=set)  # tokens whose account may read it
    refusals: dict[str, str] = field(default_factory=dict)  # token to why it may not read, in the hub's words
    card: dict[str, Any] = field(default_factory=dict)  # fields of its record that a test wants otherwise
    days: dict[str, str] = field(default_factory=dict)  # commit to the moment it was made, where a test says
    commits: dict[str, dict[str, File]] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """Return the newest commit's sha."""
        return next(reversed(self.commits))

    def commit(self, files: Mapping[str, bytes] | Path, remove: tuple[str, ...] = (), day: str | None = None) -> str:
        """Add files, or all of a folder, to those of the newest commit, and return the new commit's sha.

        `day`, such as 2026-05-01, is when it is made: the record's times follow from it.
        """
        if isinstance(files, Path):
            files = {str(path.relative_to(files)): path.read_bytes() for path in files.rglob("*") if path.is_file()}
        before = dict(self.commits[self.head]) if self.commits else {}
        now = before | {name: File(name, body) for name, body in files.items()}
        now = {name: now[name] for name in sorted(now) if name not in remove}
        said = [self.name, *(self.commits and [self.head]), *(f"{name} {file.blob}" for name, file in now.items())]
        sha = hashlib.sha1("\n".join(said).encode()).hexdigest()
        self.commits[sha] = now
        self.days[sha] = f"{day or '2026-01-01'}T00:00:00.000Z"
        return sha

    def at(self, revision: str | None) -> str | None:
        """Return the commit of a revision: its sha, or `main`."""
        sha = self.head if revision in (None, "main") else revision
        return sha if sha in self.commits else None

    def lets_read(self, token: str | None) -> bool:
        """Tell whether whoever bears this token may read files."""
        return token in self.readers or not (self.gated or self.private)

    def record(self, sha: str, *, with_metadata: bool) -> dict[str, Any]:
        """Describe the repository at a commit as /api/models does."""
        siblings = [file.sibling(with_metadata=with_metadata) for file in self.commits[sha].values()]
        return {
            "_id": hashlib.md5(self.name.encode()).hexdigest()[:24],
            "id": self.name,
            "modelId": self.name,
            "author": self.name.partition("/")[0],
            "sha": sha,
            "private": self.private,
            "gated": self.gated,
            "disabled": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "childrenModelCount": {},
            "createdAt": next(iter(self.days.values())),
            "lastModified": self.days[self.head],
            "siblings": siblings,
            **self.card,
        }
