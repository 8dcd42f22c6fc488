"""Build the leaderboard from facts alone, check it and publish it."""

import logging
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from standings import facts as facts_package
from standings import stats as stats_package
from standings.facts import SCHEMAS
from standings.identity import digest
from standings.paths import folder
from standings.suite import Record
from tasks import admission, exports, files, machine, materialise, sqlfiles
from tasks.appended import CLOCKS
from tasks.exports import export
from tasks.files import Rows
from tasks.lake import Lake
from tasks.publish import LIBRARIES, publish
from tasks.snapshots import BOARD, Inputs, Pointer, Target, fetch, includes, latest, manifest_of, open_latest
from tasks.tidying import compact_backlog, tidy_if_due

NOT_ON_THE_BOARD = {"samples"}  # read from the lake by run, too many for every reader to fetch


_logger = logging.getLogger(__name__)


class Refreshed(Record):
    """What a refresh did."""

    snapshot: str  # that readers get
    board: Path  # its file
    built: str  # snapshot of the newest facts: another one while readers are held at an older
    held: str | None  # why they are
    admitted: int
    set_aside: dict[str, str]  # run_id to why


def refresh(lake: Lake, boards: Path, now: datetime) -> Refreshed:
    """Let the gate look at new runs, build the board from the facts into a fresh file, and publish it.

    The registry is not read: with its folder gone the board rebuilds equal. The board is a function of the facts and
    the code, so where neither has changed the published one stands and nothing is built. When it returns, the newest
    snapshot has all the facts that were there when it was called, whoever publishes beside it. Once many runs lie in
    the inbox they are compacted, after the board is out, or before it where they are too many to be read at once.
    """
    admitted = admission.admit(lake, now)
    compact_backlog(lake, now)
    boards.mkdir(parents=True, exist_ok=True)
    while True:
        pointer = latest(lake.store)  # before the facts: from there it may move to whatever they are
        # A folder of its own: two that refresh at once never write into one file.
        with tempfile.TemporaryDirectory(dir=boards, prefix="build-") as bench:
            inputs, facts = _read(lake, Path(bench) / "facts")
            if pointer is None or pointer.front.id != inputs.id:
                pointer = _build_and_publish(lake, Path(bench), inputs, facts, now, pointer and pointer.front)
        if pointer.front.id == inputs.id or includes(pointer.front, inputs):
            break
        # Somebody published facts that were added after ours were read, without others that we have: read them all.
    tidy_if_due(lake, now)
    return Refreshed(
        snapshot=pointer.id,
        board=fetch(lake.store, manifest_of(lake.store, pointer), boards),
        built=pointer.front.id,
        held=pointer.hold and pointer.hold.reason,
        admitted=admitted.count,
        set_aside={key.run_id: fault for key, fault in admitted.faults.items()},
    )


def _read(lake: Lake, folder: Path) -> tuple[Inputs, Mapping[str, Rows]]:
    """Read the facts and say exactly what they are: what is appended while they are read makes it read them again."""
    while True:
        revision = lake.revision()
        facts, left_out = lake.rows(*(name for name in SCHEMAS if name not in NOT_ON_THE_BOARD), folder=folder)
        if lake.revision() == revision:
            break
    pa.default_memory_pool().release_unused()  # it would lie beside DuckDB's: of a million runs' log 300 MiB
    inputs = Inputs(
        watermark=facts["admissions"].num_rows,
        appended=sum(facts[name].num_rows for name in CLOCKS),
        left_out=tuple(sorted(left_out)),
        code=machine.code_sha(),
        registry=revision,
        sql=builder_hash(),
    )
    return inputs, facts


def _build_and_publish(
    lake: Lake, bench: Path, inputs: Inputs, facts: Mapping[str, Rows], now: datetime, seen: Target | None
) -> Pointer:
    made = bench / "board"
    made.mkdir()
    _build(facts, made / BOARD, last_moment(facts), inputs.id)
    rows = export(made / BOARD, made)
    return publish(lake.store, made, inputs, now, rows, seen)


def _build(facts: Mapping[str, Rows], target: Path, now: datetime, snapshot: str) -> None:
    """Build in as little memory as it takes: not all that DuckDB holds can go to the disk."""
    memory = materialise.MEMORY
    while True:
        try:
            return materialise.build(facts, target, now=now, snapshot=snapshot, memory=memory)
        except materialise.OutOfMemory:
            if memory >= machine.memory("cpu"):
                raise
            memory *= 2
            _logger.warning("the build needs more memory, and begins again with %d MiB", memory >> 20)


def newest(lake: Lake, boards: Path) -> Path | None:
    """Return the published board as a verified local file, or None where nothing was published yet."""
    return open_latest(lake.store, boards) if latest(lake.store) else None


def last_moment(facts: Mapping[str, Rows]) -> datetime:
    """Return the time of the newest fact: a pause is held against it, so that the same facts give the same board."""
    clocks = {**CLOCKS, "admissions": "admitted_at"}
    moments = [facts[name].largest(clock) for name, clock in clocks.items()]
    return max((it for it in moments if it is not None), default=datetime(1970, 1, 1, tzinfo=UTC))


def builder_hash() -> str:
    """Hash what turns facts into a board: all SELECT files, the Python that reads, computes and writes, its libraries.

    Another version of a library may write other bytes for the same rows, and be right.
    """
    sql = folder("sql")
    packages = [Path(str(package.__file__)).parent for package in (stats_package, facts_package)]
    modules = [Path(str(module.__file__)) for module in (materialise, sqlfiles, exports, files)]
    python = [*modules, *(path for package in packages for path in package.rglob("*.py"))]
    selects = {path.relative_to(sql).as_posix(): path.read_text() for path in sql.rglob("*.sql")}
    versions = {library: machine.version(library) for library in LIBRARIES}
    read = {f"{path.parent.name}/{path.name}": path.read_text() for path in python}
    return digest(selects | read | versions)
