"""`standings snapshot`: see what was published, fetch it, compare it, hold readers at it, clear old ones away."""

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import boardrows, context, options, snapshotview
from flows.cli.errors import Stop
from flows.cli.output import print_json, put

if TYPE_CHECKING:
    from tasks.snapshots import Manifest, Pointer
    from tasks.store import Store

group = typer.Typer(no_args_is_help=True, help="See what was published; fetch, compare, hold and clear snapshots.")
Id = Annotated[str, typer.Argument(metavar="ID", help="A snapshot's id, or how it begins.")]
LatestId = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="A snapshot's id, or how it begins; without it, what readers get.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the lake.")]


@group.command("list", epilog="Example: standings snapshot list")
def listing(home: options.Home = None, json: options.Json = False) -> None:
    """List the published snapshots, the newest last, and what readers get."""
    from tasks import snapshots

    store = context.lake(context.settings(home)).store
    found, pointer = snapshots.manifests(store, snapshots.listed(store)), snapshots.latest(store)
    rows = [snapshotview.row(manifest, pointer) for manifest in found]
    if json:
        print_json(rows)
    else:
        snapshotview.print_list(rows, pointer)


@group.command("show", epilog="Example: standings snapshot show 1289a54c")
def show(snapshot: LatestId = None, home: options.Home = None, json: options.Json = False) -> None:
    """Say what a snapshot was built from, and list its files."""
    from tasks.snapshots import latest

    store = context.lake(context.settings(home)).store
    manifest = chosen(store, snapshot)
    if json:
        print_json({**snapshotview.row(manifest, latest(store)), **manifest.model_dump(mode="json")})
    else:
        snapshotview.print_manifest(manifest, latest(store))


@group.command("fetch", epilog="Example: standings snapshot fetch")
def fetch(
    snapshot: LatestId = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="NAME", help="Another file of it, such as overall.csv.")
    ] = None,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Download a snapshot's DuckDB file once, verify it, and print its path.

    It lies in the home's folder boards, which keeps the five that were fetched last.
    """
    from tasks import snapshots

    settings = context.settings(home)
    store = context.lake(settings).store
    manifest, name = chosen(store, snapshot), file or snapshots.BOARD
    if name not in manifest.files:
        raise Stop("--file", f"the snapshot has no file '{name}'.", f"There are: {', '.join(sorted(manifest.files))}.")
    path = snapshots.fetch(store, manifest, settings.boards, name).absolute()
    if json:
        print_json({"snapshot": manifest.id, "path": str(path), **manifest.files[name].model_dump()})
    else:
        put(str(path), whole=True)


@group.command("diff", epilog="Example: standings snapshot diff 1289a54c 77f0be21")
def diff(before: Id, after: Id, home: options.Home = None, json: options.Json = False) -> None:
    """Say per suite what moved: models that came and went, ranks, scores."""
    from standings.moved import moved
    from tasks.snapshots import fetch as fetched

    settings = context.settings(home)
    store = context.lake(settings).store
    # The first could leave a full cache when the second comes, and is read at once.
    old, new = (
        boardrows.reader(fetched(store, chosen(store, snapshot), settings.boards)) for snapshot in (before, after)
    )
    rows = moved(old, new)
    if json:
        print_json([row.model_dump() for row in rows])
    else:
        snapshotview.print_moved(rows)


@group.command("rollback", epilog='Example: standings snapshot rollback 1289a54c --reason "ranks of quick are wrong"')
def rollback(snapshot: Id, reason: Reason, home: options.Home = None, json: options.Json = False) -> None:
    """Point readers to an older snapshot, and hold them there.

    Refreshes go on building, and keep what they build, until `standings snapshot release`.
    """
    from tasks import holding

    lake = context.lake(context.settings(home))
    manifest = chosen(lake.store, snapshot)
    report(holding.rollback(lake, manifest.id, reason, getpass.getuser(), datetime.now(UTC)), json)


@group.command("release", epilog='Example: standings snapshot release --reason "the ranks are mended"')
def release(reason: Reason, home: options.Home = None, json: options.Json = False) -> None:
    """End a hold: readers get the newest snapshot that was built.

    Exits with 1 where nothing is held.
    """
    from tasks import holding

    lake = context.lake(context.settings(home))
    report(holding.release(lake, reason, getpass.getuser(), datetime.now(UTC)), json)


@group.command("gc", epilog="Example: standings snapshot gc --dry-run")
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", metavar="", help="Only say what would be deleted.")] = False,
    keep: Annotated[int, typer.Option("--keep", min=1, metavar="N", help="Keep the newest N.")] = 10,
    hours: Annotated[
        float, typer.Option("--hours", min=24, metavar="H", help="Keep what is younger, and what is being put.")
    ] = 48,
    home: options.Home = None,
    json: options.Json = False,
) -> None:
    """Delete old snapshots, never the last of a day nor one that readers have.

    What a killed publisher left behind goes with them.
    """
    from standings.retention import Rule
    from tasks.snapshot_gc import collect

    store = context.lake(context.settings(home)).store
    done = collect(store, Rule(newest=keep, hours=hours), datetime.now(UTC), dry_run=dry_run)
    if json:
        print_json({"dry_run": dry_run, **done.model_dump()})
    else:
        snapshotview.print_collected(done, dry_run)


def chosen(store: "Store", beginning: str | None) -> "Manifest":
    """Return the manifest of the one snapshot that begins so, or of what readers get."""
    from tasks import snapshots

    if beginning is None:
        pointer = snapshots.latest(store)
        if pointer is None:
            raise Stop("snapshot", "no leaderboard was published yet.", "Run `standings refresh`.")
        return snapshots.manifest_of(store, pointer)
    if not beginning.isalnum():
        raise Stop("ID", f"'{beginning}' is no snapshot's id.", "See: standings snapshot list")
    found = snapshots.listed(store, beginning)
    if not found:
        raise Stop("ID", f"no snapshot begins with '{beginning}'.", "See: standings snapshot list")
    if len(found) > 1:
        raise Stop("ID", f"{len(found)} snapshots begin with '{beginning}'.", "Give more of it.")
    return snapshots.read_manifest(store, found[0])[0]


def report(pointer: "Pointer", json: bool) -> None:
    """Say what readers get now, and what waits."""
    if json:
        print_json(pointer.model_dump(mode="json"))
        return
    put(f"Readers get {pointer.id}", whole=True)
    if pointer.hold:
        put(f"They are held there: {pointer.hold.reason}. Waiting: {pointer.front.id}", whole=True)
