"""`standings weights`: what fetched and converted weights take on the disk, and what would go first."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flows.cli import context, options
from flows.cli.output import print_json, put, size, table
from flows.wording import counted

if TYPE_CHECKING:
    from tasks.weights.kept import Kept

EXAMPLE = "standings weights"


def weights(home: options.Home = None, json: options.Json = False) -> None:
    """List the weights on this disk, the least recently used first.

    In that order they are deleted where a new model needs the room, but for those in use.
    """
    from tasks.weights import Cache
    from tasks.weights.kept import list_kept

    settings = context.settings(home)
    cache = Cache(settings.weights, settings.weights_limit)
    rows = [row(item) for item in sorted(list_kept(settings.weights), key=lambda item: item.used_at)]
    taken = sum(item["bytes"] for item in rows)
    if json:
        print_json({"folder": settings.weights, "limit": cache.limit, "bytes": taken, "free": cache.free, "kept": rows})
        return
    if rows:
        lines = [
            (item["weights"], item["state"], f"{item['used_at']:%Y-%m-%d %H:%M}", size(item["bytes"])) for item in rows
        ]
        put(table(("Weights", "State", "Last used", ">Size"), lines))
        put()
    put(
        f"{counted(len(rows), 'folder')} in {settings.weights}: "
        f"{size(taken)} of the {size(cache.limit)} they may take. "
        f"{size(cache.free)} of the disk are free. Times are UTC."
    )


def row(item: "Kept") -> dict[str, Any]:
    """Describe one folder."""
    return {
        "weights": item.name,
        "state": "in use" if item.in_use else "converted" if item.folder.parent.name == "ready" else "fetched",
        "bytes": item.bytes,
        "used_at": datetime.fromtimestamp(item.used_at, UTC),
        "folder": item.folder,
    }
