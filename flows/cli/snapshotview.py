"""Print snapshots, what they hold and how two of them differ."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flows.cli.output import UNKNOWN, clipped, put, table
from flows.wording import counted

if TYPE_CHECKING:
    from standings.moved import Moved
    from tasks.snapshot_gc import Collected
    from tasks.snapshots import Manifest, Pointer

SHORT = 12  # digits of an id


def row(manifest: "Manifest", pointer: "Pointer | None") -> dict[str, Any]:
    """Return what a list says of a snapshot."""
    return {
        "id": manifest.id,
        "state": state(manifest.id, pointer),
        "made_at": manifest.made_at,
        "watermark": manifest.inputs.watermark,
        "bytes": manifest.bytes,
        "code": manifest.inputs.code,
        "registry": manifest.inputs.registry,
        "sql": manifest.inputs.sql,
    }


def state(snapshot: str, pointer: "Pointer | None") -> str | None:
    """Say what readers have to do with it."""
    if pointer and snapshot == pointer.id:
        return "held" if pointer.hold else "latest"
    return "waiting" if pointer and snapshot == pointer.front.id else None


def print_list(rows: Sequence[dict[str, Any]], pointer: "Pointer | None") -> None:
    """Print one line a snapshot."""
    if not rows:
        put("No snapshot was published yet.")
        return
    lines = [
        (it["id"][:SHORT], it["state"] or "", it["made_at"], it["watermark"], mib(it["bytes"]), it["code"][:SHORT])
        for it in rows
    ]
    put(table(("Snapshot", "", "Made", ">Runs", ">MiB", "Code"), lines, flexible=(5,)))
    put(f"{counted(len(rows), 'snapshot')}. Runs: how many the gate had looked at.")
    print_hold(pointer)


def print_hold(pointer: "Pointer | None") -> None:
    """Say why readers are held, if they are."""
    if pointer and pointer.hold:
        hold = pointer.hold
        put(f"Held by {hold.who} since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}.", whole=True)
        put("To end it: standings snapshot release --reason TEXT")


def print_manifest(manifest: "Manifest", pointer: "Pointer | None") -> None:
    """Print a snapshot's inputs and files."""
    inputs = manifest.inputs
    put(manifest.id, style="bold", whole=True)
    told = {
        "state": state(manifest.id, pointer) or "not what readers get",
        "made": UNKNOWN if manifest.made_at is None else f"{manifest.made_at:%Y-%m-%d %H:%M} UTC",
        "with": ", ".join(f"{name} {version}" for name, version in manifest.made_with.items()) or UNKNOWN,
        "watermark": inputs.watermark,
        "left out": f"{counted(len(inputs.left_out), 'run')} that could not be read" if inputs.left_out else "nothing",
        "code": inputs.code,
        "registry": inputs.registry,
        "sql": inputs.sql,
    }
    for name, value in told.items():
        put(f"{name:<10} {value}", whole=True)
    put()
    files = [(name, it.rows, it.bytes, it.sha256[:SHORT]) for name, it in sorted(manifest.files.items())]
    put(table(("File", ">Rows", ">Bytes", "sha256"), files))
    print_hold(pointer)


def print_moved(rows: "Sequence[Moved]") -> None:
    """Print what moved, suite by suite."""
    if not rows:
        put("Nothing moved: no model, no rank, no score.")
    for suite, group in groupby(rows, key=lambda it: it.suite):
        them = list(group)
        put(suite, style="bold")
        for what, title in (("came", "Came"), ("went", "Went")):
            if names := [_with_rank(it) for it in them if it.what == what]:
                put(f"{title}: {', '.join(names)}.")
        _print_changed([it for it in them if it.what == "rank"], ("Model", ">Rank", ">Now"), lambda it: (it.model,))
        _print_changed([it for it in them if it.what == "index"], ("Model", ">Index", ">Now"), lambda it: (it.model,))
        _print_changed(
            [it for it in them if it.what == "score"],
            ("Model", "Variant", "Benchmark", ">Score", ">Now", "Why"),
            lambda it: (it.model, it.variant, it.benchmark),
        )


def _print_changed(
    rows: "list[Moved]", columns: tuple[str, ...], named: "Callable[[Moved], tuple[object, ...]]"
) -> None:
    if rows:
        put()
        lines = [(*named(it), _number(it, it.before), _number(it, it.after), it.why or "") for it in rows]
        put(table(columns, [line[: len(columns)] for line in lines]))


def _with_rank(it: "Moved") -> str:
    rank = it.after if it.what == "came" else it.before
    return f"{it.model} ({'unranked' if rank is None else f'rank {rank:.0f}'})"


def _number(it: "Moved", value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:.0f}" if it.what == "rank" else f"{value:.4g}"


def print_collected(done: "Collected", dry_run: bool) -> None:
    """Print what was deleted, and why the rest was not."""
    for snapshot, why in done.kept.items():
        put(f"kept     {snapshot[:SHORT]}  {clipped(why)}")
    for snapshot, size in done.collected.items():
        put(f"{'to go' if dry_run else 'deleted':<8} {snapshot[:SHORT]}  {mib(size)} MiB")
    freed = mib(sum(done.collected.values()))
    verb = "would be deleted" if dry_run else "deleted"
    put(f"{counted(len(done.collected), 'snapshot')} {verb}, {freed} MiB; {len(done.kept)} kept.")


def mib(size: int) -> str:
    """Write bytes in MiB."""
    return f"{size / 2**20:.1f}"
