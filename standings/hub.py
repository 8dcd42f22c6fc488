"""Read what a hub says of a model: one record of /api/models, from a list or asked for by name.

A hub's fields depend on how it was asked, and its owners' cards hold anything. What is not as it should be is null.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from pydantic import Field

from standings.identity import digest
from standings.licences import DeclaredLicence
from standings.suite import Record

WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf", ".h5", ".msgpack", ".onnx", ".npz")
_PART = re.compile(r"(.*)-\d{5}-of-(\d{5})\.safetensors")
_MOST = 2**63 - 1  # what a column of counts holds
_LONGEST = 2000  # characters of a text; a link is the longest that one needs
# Half a surrogate pair can be written in JSON, and in no file of ours. The others would begin a line of a log or steer
# a terminal: C0 and C1 controls, line and paragraph separators, and what turns the direction of a text.
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
NAME = re.compile(r"\w[\w.-]{0,95}/\w[\w.-]{0,95}", re.ASCII)  # of a model, as the hub allows it


class HubRecord(Record):
    """What a hub said of a model at one moment."""

    model: str  # model id
    revision: str = Field(pattern=r"^([0-9a-f]{40})?$")  # commit sha; empty where the repository is gone
    created: datetime | None = None
    modified: datetime | None = None  # of the last commit
    private: bool = False
    gated: bool = False  # terms must be accepted before a file is given
    disabled: bool = False
    pipeline: str | None = None  # the hub's task, such as text-generation
    library: str | None = None
    tags: tuple[str, ...] = ()
    licence: DeclaredLicence | None = None  # None: the card was not given; a card without a tag declares none
    parents: tuple[tuple[str, str], ...] = ()  # relation in the hub's word, empty where it gives none, and model id
    parameters: int | None = None  # values in the safetensors files
    downloads: int | None = None  # of 30 days
    downloads_all: int | None = None
    likes: int | None = None
    derivatives: dict[str, int] | None = None  # models made of this one, by relation
    weights: str | None = None  # hash over the weight files; None: they were not listed with their hashes
    safetensors: bool = False  # it has such files; of a series, as far as files were listed, every part
    gone: bool = False  # deleted, or hidden from whoever asked


def parse_record(given: object) -> HubRecord | None:
    """Read a record of /api/models; None where it names no model or no commit, so that nothing can be said of it."""
    if not isinstance(given, Mapping):
        return None
    model, revision = _text(given.get("id")) or _text(given.get("modelId")), _text(given.get("sha"))
    if not model or not NAME.fullmatch(model) or revision is None or not _is_sha(revision):
        return None
    tags = tuple(_texts(given.get("tags")))
    files = [item for item in _items(given.get("siblings")) if isinstance(item, Mapping)]
    total = given["safetensors"].get("total") if isinstance(given.get("safetensors"), Mapping) else None
    return HubRecord(
        model=model,
        revision=revision,
        created=_moment(given.get("createdAt")),
        modified=_moment(given.get("lastModified")),
        private=given.get("private") is True,
        gated=given.get("gated") not in (None, False),
        disabled=given.get("disabled") is True,
        pipeline=_text(given.get("pipeline_tag")),
        library=_text(given.get("library_name")),
        tags=tags,
        licence=_licence(model, revision, given.get("cardData"), tags),
        parents=_parents(given, tags),
        parameters=_count(total) or None,
        downloads=_count(given.get("downloads")),
        downloads_all=_count(given.get("downloadsAllTime")),
        likes=_count(given.get("likes")),
        derivatives=_derivatives(given.get("childrenModelCount")),
        weights=_weights(files),
        safetensors=_are_whole(files) if files else bool(total) or "safetensors" in tags,
    )


def gone(model: str) -> HubRecord:
    """Say of a model that the hub has it no more."""
    return HubRecord(model=model, revision="", gone=True)


def _licence(model: str, revision: str, card: object, tags: Sequence[str]) -> DeclaredLicence | None:
    source = f"https://huggingface.co/{model}/blob/{revision}/README.md"
    if not isinstance(card, Mapping):
        tagged = [tag.removeprefix("license:") for tag in tags if tag.startswith("license:")]
        return (
            DeclaredLicence(license=tagged[0] if len(tagged) == 1 else tuple(tagged), source=source) if tagged else None
        )
    given = card.get("license")
    several = tuple(_texts(given)) if isinstance(given, list | tuple) else ()
    return DeclaredLicence(
        license=several or _text(given),
        license_name=_text(card.get("license_name")),
        license_link=_text(card.get("license_link")),
        source=source,
    )


def _parents(given: Mapping[str, Any], tags: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """List what it was made of, sorted; one that stands somewhere with a relation is not listed without one too."""
    found = {_parent(tag.removeprefix("base_model:")) for tag in tags if tag.startswith("base_model:")}
    if isinstance(bases := given.get("baseModels"), Mapping):
        relation = _text(bases.get("relation")) or ""
        names = (item.get("id") if isinstance(item, Mapping) else item for item in _items(bases.get("models")))
        found |= {(relation, name) for name in _texts(list(names))}
    if isinstance(card := given.get("cardData"), Mapping):
        relation = _text(card.get("base_model_relation")) or ""
        base = card.get("base_model")
        found |= {(relation, name) for name in _texts([base] if isinstance(base, str) else base)}
    found = {(relation, name) for relation, name in found if NAME.fullmatch(name)}
    told = {name for relation, name in found if relation}
    return tuple(sorted((relation, name) for relation, name in found if relation or name not in told))


def _parent(tag: str) -> tuple[str, str]:
    """Read `finetune:Qwen/Qwen3-8B`, or an id alone."""
    relation, colon, name = tag.partition(":")
    return (relation, name) if colon else ("", tag)


def _derivatives(given: object) -> dict[str, int] | None:
    """Read counts by relation; null where there are none to read."""
    if not isinstance(given, Mapping):
        return None
    found = {relation: _count(number) for relation, number in given.items() if isinstance(relation, str)}
    return {relation: number for relation, number in sorted(found.items()) if number is not None}


def _weights(files: Sequence[Mapping[str, Any]]) -> str | None:
    """Hash name, size and content of each weight file, sorted by name; None where there is none, or one has no hash."""
    rows = []
    for file in files:
        name, lfs = _text(file.get("rfilename")), file.get("lfs")
        if not name or PurePosixPath(name).suffix not in WEIGHTS:
            continue
        content = _text(lfs.get("sha256")) if isinstance(lfs, Mapping) else _text(file.get("blobId"))
        size = _count(file.get("size"))
        if content is None or size is None:
            return None
        rows.append([name, str(size), content])
    return digest(sorted(rows)) if rows else None


def _are_whole(files: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether there are safetensors and no part of a series lacks, as while it is uploaded in several commits."""
    names = {name for file in files if (name := _text(file.get("rfilename"))) and name.endswith(".safetensors")}
    series = {(part[1], int(part[2])) for name in names if (part := _PART.fullmatch(name))}
    parts = {f"{head}-{number:05d}-of-{of:05d}.safetensors" for head, of in series for number in range(1, of + 1)}
    return bool(names) and parts <= names


def _is_sha(given: str) -> bool:
    return len(given) == 40 and set(given) <= set("0123456789abcdef")


def _text(given: object) -> str | None:
    text = given.strip() if isinstance(given, str) and len(given) <= _LONGEST else ""
    return text if text and not _ODD.search(text) else None


def _items(given: object) -> Sequence[Any]:
    return given if isinstance(given, list | tuple) else ()


def _texts(given: object) -> Iterator[str]:
    return (found for item in _items(given) if (found := _text(item)))


def _count(given: object) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= _MOST else None


def _moment(given: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) else None
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC) if found else None
    except (ValueError, OverflowError):  # the year 1 in Asia is none in UTC
        return None
