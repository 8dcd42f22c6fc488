"""List models as /api/models does: by author, sorted, chosen fields, a page at a time behind an opaque cursor."""

import base64
import json
from typing import Any

from tests.hub.repositories import Repository

# The hub's own vocabulary; it refuses a whole request over one other name.
LISTED = {
    "author", "baseModels", "cardData", "config", "createdAt", "disabled", "downloads", "downloadsAllTime", "gated",
    "gguf", "lastModified", "library_name", "likes", "pipeline_tag", "private", "safetensors", "sha", "siblings",
    "tags", "trendingScore",
}  # fmt: skip
OF_ONE = LISTED | {"childrenModelCount", "usedStorage"}  # only where one model is asked for
PLAIN = {"id", "modelId", "author", "createdAt", "downloads", "gated", "library_name", "likes", "pipeline_tag"}
PLAIN |= {"private", "tags"}  # what a list gives where nothing is asked for by name
WITHOUT_ASKING = OF_ONE - {"baseModels", "childrenModelCount", "downloadsAllTime", "trendingScore"}
Query = dict[str, list[str]]


class Refused(ValueError):
    """The hub answers 400."""


def chosen(record: dict[str, Any], query: Query, known: set[str], plain: set[str]) -> dict[str, Any]:
    """Leave of a record what was asked for by `expand`, or what comes without asking."""
    wanted = {name for value in (*query.get("expand", ()), *query.get("expand[]", ())) for name in value.split(",")}
    if strange := wanted - known:
        raise Refused(f"expand: no {', '.join(sorted(strange))}")
    return {name: value for name, value in record.items() if name in (wanted or plain) | {"_id", "id"}}


def page(repositories: list[Repository], query: Query) -> tuple[list[dict[str, Any]], str | None]:
    """Return one page of records, newest first, and the cursor of the next."""
    author, sort = query.get("author", [""])[0].lower(), query.get("sort", ["trendingScore"])[0]
    size = min(int(query.get("limit", ["1000"])[0]), 1000)
    records = [one.record(one.head, with_metadata=False) for one in repositories if one.commits]
    records = [record for record in records if author in ("", record["author"].lower())]
    records.sort(key=lambda record: place(record, sort), reverse=True)
    if after := query.get("cursor"):
        # The cursor is a place in the order and no number: what is published meanwhile moves nothing.
        last = json.loads(base64.urlsafe_b64decode(after[0]))
        records = [record for record in records if place(record, sort) < last]
    found = records[:size]
    cursor = base64.urlsafe_b64encode(json.dumps(place(found[-1], sort)).encode()).decode() if found else None
    return [chosen(record, query, LISTED, PLAIN) for record in found], cursor if len(records) > size else None


def place(record: dict[str, Any], sort: str) -> list[str]:
    """Return what a record is sorted by."""
    value = record.get(sort)
    return [f"{value:020d}" if isinstance(value, int) else str(value or ""), record["id"]]
