"""A refresh leaves a published board with all facts and nothing else, whoever refreshes beside it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from standings.facts import table
from tasks import materialise
from tasks.files import Rows
from tasks.holding import release, rollback
from tasks.lake import Lake
from tasks.refresh import Refreshed, refresh
from tasks.snapshots import BOARD, open_latest, read_manifest
from tasks.store import FolderStore
from tests.tasks import runs
from tests.tasks.runs import NOON


class FullDisk(FolderStore):
    """Have room for all but a snapshot."""

    def create(self, key: str, body: bytes) -> None:
        """Refuse a snapshot's objects."""
        if key.startswith("snapshots/"):
            raise OSError(28, "No space left on device")
        super().create(key, body)


class Slow(FolderStore):
    """Take so long to put a snapshot that something else happens meanwhile, once."""

    def __init__(self, root: Path, meanwhile: Callable[[], object]) -> None:
        super().__init__(root)
        self.meanwhile = [meanwhile]

    def create(self, key: str, body: bytes) -> None:
        """Let it happen before a snapshot's first object."""
        if key.startswith("snapshots/") and self.meanwhile:
            self.meanwhile.pop()()
        super().create(key, body)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(FolderStore(tmp_path / "lake"))


def decide(lake: Lake, target: str) -> None:
    """Append a fact."""
    act = {"decision": "retry", "target": target, "reason": "a test", "who": "ann", "decided_at": NOON}
    lake.append("decisions", table("decisions", [act]))


def put(lake: Lake) -> None:
    """Store a run."""
    run = runs.run()
    lake.put_run(run, runs.scores(run), runs.samples(run))


def refreshed(lake: Lake, boards: Path, hours: float = 0) -> Refreshed:
    return refresh(lake, boards, NOON + timedelta(hours=hours))


def known(board: Path) -> tuple[list[str], int]:
    """Return the targets of the decisions that a board knows, and how many runs."""
    targets = materialise.query(board, "SELECT target FROM raw.decisions ORDER BY ALL")["target"].to_pylist()
    [row] = materialise.query(board, "SELECT runs FROM leaderboard.snapshot").to_pylist()
    return targets, row["runs"]


def test_a_refresh_that_can_not_publish_leaves_no_file_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        refresh(Lake(FullDisk(tmp_path / "lake")), tmp_path / "boards", NOON)
    assert list((tmp_path / "boards").iterdir()) == []


def test_who_refreshes_at_the_same_time_never_writes_into_one_file(lake: Lake, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        [board] = set(pool.map(lambda _: refreshed(lake, tmp_path / "boards").board, range(4)))
    assert materialise.query(board, "SELECT count(*) AS n FROM leaderboard.results").to_pylist() == [{"n": 0}]
    assert list((tmp_path / "boards").iterdir()) == [board.parent]
    assert board.name == BOARD


def test_the_manifest_says_which_facts_and_how_many_rows(lake: Lake, tmp_path: Path) -> None:
    decide(lake, "one")
    put(lake)
    manifest, _ = read_manifest(lake.store, refreshed(lake, tmp_path).snapshot)
    assert (manifest.inputs.watermark, manifest.inputs.appended, manifest.inputs.left_out) == (1, 1, ())
    assert manifest.files["snapshot.csv"].rows == manifest.files["snapshot.parquet"].rows == 1


def test_an_older_revision_that_is_published_late_does_not_displace_a_newer_one(lake: Lake, tmp_path: Path) -> None:
    """Both have the same watermark: nothing was run in between."""

    def meanwhile() -> None:
        decide(lake, "two")
        refreshed(lake, tmp_path / "boards")

    decide(lake, "one")
    late = Lake(Slow(tmp_path / "lake", meanwhile))
    assert known(refreshed(late, tmp_path / "other").board) == (["one", "two"], 0)


def test_of_two_that_each_have_what_the_other_lacks_the_later_one_reads_all(lake: Lake, tmp_path: Path) -> None:
    """One reads a revision before a decision is added, and publishes a run that the other has not."""

    def meanwhile() -> None:
        put(lake)
        stale = Lake(FolderStore(tmp_path / "lake"))
        rows, none = stale.rows, {"decisions": Rows((), table("decisions", []))}
        stale.rows = lambda *names, folder: ({**rows(*names, folder=folder)[0], **none}, [])  # type: ignore[method-assign]
        stale.revision = lambda: "older"  # type: ignore[method-assign]
        assert known(refreshed(stale, tmp_path / "boards").board) == ([], 1)

    decide(lake, "one")
    late = Lake(Slow(tmp_path / "lake", meanwhile))
    assert known(refreshed(late, tmp_path / "other").board) == (["one"], 1)


def test_what_is_added_while_the_facts_are_read_makes_them_be_read_again(lake: Lake, tmp_path: Path) -> None:
    class Busy(Lake):
        """Add a fact while others are read, once."""

        added = False

        def rows(self, *names: str, folder: Path) -> tuple[dict[str, Rows], list[str]]:
            found = super().rows(*names, folder=folder)
            if not self.added:
                self.added = True
                decide(self, "two")
            return found

    decide(lake, "one")
    done = refreshed(Busy(lake.store), tmp_path)
    assert known(done.board) == (["one", "two"], 0)
    assert read_manifest(lake.store, done.snapshot)[0].inputs.registry == lake.revision()


def test_after_each_of_many_racing_refreshes_readers_have_what_was_there_before_it(lake: Lake, tmp_path: Path) -> None:
    def one(number: int) -> None:
        decide(lake, f"{number}")
        put(lake)
        assert f"{number}" in known(refreshed(lake, tmp_path / f"boards-{number}").board)[0]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    board = open_latest(lake.store, tmp_path / "boards")
    assert known(board) == ([f"{number}" for number in range(8)], 8)


def test_a_fact_that_a_person_took_away_leaves_the_board(lake: Lake, tmp_path: Path) -> None:
    for target in ("one", "two"):
        decide(lake, target)
    refreshed(lake, tmp_path / "boards")
    lake.store.delete(next(iter(lake.store.list("facts/v1/decisions/"))).key)
    assert len(known(refreshed(lake, tmp_path / "boards").board)[0]) == 1


def test_an_admitted_run_that_can_not_be_read_is_named_and_comes_back_with_its_bytes(
    lake: Lake, tmp_path: Path
) -> None:
    put(lake)
    first = refreshed(lake, tmp_path / "boards")
    [key] = [entry.key for entry in lake.store.list("inbox/") if entry.key.endswith("run.parquet")]
    body = lake.store.read(key)
    lake.store.delete(key)
    decide(lake, "one")
    without = refreshed(lake, tmp_path / "boards")
    assert read_manifest(lake.store, without.snapshot)[0].inputs.left_out == (key.split("/")[3],)
    lake.store.create(key, body)
    again = refreshed(lake, tmp_path / "boards")
    assert again.snapshot != without.snapshot
    assert known(again.board)[1] == known(first.board)[1] == 1


def test_a_rollback_survives_the_next_night_which_keeps_what_it_built(lake: Lake, tmp_path: Path) -> None:
    boards = tmp_path / "boards"
    decide(lake, "one")
    first = refreshed(lake, boards)
    decide(lake, "two")
    refreshed(lake, boards, hours=1)
    rollback(lake, first.snapshot, "wrong ranks", "ann", NOON + timedelta(hours=2))
    decide(lake, "three")
    night = refreshed(lake, boards, hours=24)
    assert (night.snapshot, night.held) == (first.snapshot, "wrong ranks")
    assert known(night.board)[0] == ["one"]
    assert read_manifest(lake.store, night.built)[0].id not in (first.snapshot, None)
    assert refreshed(lake, boards, hours=25) == night
    assert release(lake, "mended", "ann", NOON + timedelta(hours=26)).id == night.built
    after = refreshed(lake, boards, hours=27)
    assert after.held is None
    # What the operator did is a fact beside the others.
    assert {"one", "two", "three"} < set(known(after.board)[0])
