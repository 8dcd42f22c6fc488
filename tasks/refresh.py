"""Build the leaderboard from facts alone, check it and publish it."""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from standings import facts as facts_module
from standings import stats as stats_package
from standings.facts import SCHEMAS
from standings.identity import digest
from standings.paths import folder
from standings.suite import Record
from tasks import admission, machine, materialise, sqlfiles
from tasks.lake import CLOCKS, Lake
from tasks.publish import BOARD, Inputs, latest, open_latest, publish

NOT_ON_THE_BOARD = {"samples"}  # read from the lake by run, too many for every reader to fetch


class Refreshed(Record):
    """What a refresh did."""

    snapshot: str
    board: Path
    admitted: int
    set_aside: dict[str, str]  # run_id to why


def refresh(lake: Lake, boards: Path, now: datetime) -> Refreshed:
    """Let the gate look at new runs, build the board from the facts into a fresh file, and publish it.

    The registry is not read: with its folder gone the board rebuilds equal. The board is a function of the facts and
    the code, so where neither has changed the published one stands and nothing is built.
    """
    admitted = admission.admit(lake, now)
    revision = lake.revision()  # before the facts: what is appended meanwhile belongs to the next snapshot
    facts = lake.facts(*(name for name in SCHEMAS if name not in NOT_ON_THE_BOARD))
    watermark = max(facts["admissions"]["admitted_seq"].to_pylist(), default=0)
    inputs = Inputs(watermark=watermark, code=machine.code_sha(), registry=revision, sql=builder_hash())
    published = latest(lake.store)
    if published is None or published.id != inputs.id:
        boards.mkdir(parents=True, exist_ok=True)
        # A folder of its own: two that refresh at once never write into one file.
        with tempfile.TemporaryDirectory(dir=boards, prefix="build-") as bench:
            built = Path(bench) / BOARD
            materialise.build(facts, built, now=last_moment(facts), snapshot=inputs.id)
            publish(lake.store, built, inputs, now)
    set_aside = {key.run_id: fault for key, fault in admitted.faults.items()}
    board = open_latest(lake.store, boards)
    return Refreshed(snapshot=board.parent.name, board=board, admitted=admitted.count, set_aside=set_aside)


def newest(lake: Lake, boards: Path) -> Path | None:
    """Return the published board as a verified local file, or None where nothing was published yet."""
    return open_latest(lake.store, boards) if latest(lake.store) else None


def last_moment(facts: Mapping[str, pa.Table]) -> datetime:
    """Return the time of the newest fact: a pause is held against it, so that the same facts give the same board."""
    clocks = {**CLOCKS, "admissions": "admitted_at"}
    moments = [moment for name, clock in clocks.items() for moment in facts[name][clock].to_pylist()]
    return max(moments, default=datetime(1970, 1, 1, tzinfo=UTC))


def builder_hash() -> str:
    """Hash what turns facts into a board: all SELECT files and the Python that reads, computes and describes them."""
    sql, stats = folder("sql"), Path(stats_package.__file__).parent
    python = [*stats.rglob("*.py"), Path(facts_module.__file__), Path(materialise.__file__), Path(sqlfiles.__file__)]
    selects = {path.relative_to(sql).as_posix(): path.read_text() for path in sql.rglob("*.sql")}
    return digest(selects | {path.name: path.read_text() for path in python})
