"""A night whose lake is a bucket: the same board as on a folder, built and read by whoever has the keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks import attempt, materialise
from tasks.lake import Lake
from tasks.refresh import newest, refresh
from tasks.s3 import open_store
from tasks.seaweed import serving
from tasks.workplace import Workplace
from tests.workplaces import BENCHMARKS, night, reopen, tiny_workplace

RESULTS = "SELECT model, benchmark, score FROM leaderboard.results ORDER BY ALL"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A night on a folder and the same on a bucket, whose server still runs."""
    root = tmp_path_factory.mktemp("shared")
    tiny_workplace(root)
    night(reopen(root))
    with serving(root / "s3") as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        night(reopen(root))
        yield root


def test_the_board_is_the_one_of_a_folder(finished: Path, monkeypatch: pytest.MonkeyPatch):
    shared = newest(reopen(finished).lake, finished / "home" / "boards")
    monkeypatch.delenv("STANDINGS_LAKE")
    alone = newest(reopen(finished).lake, finished / "home" / "boards")
    assert shared
    assert alone
    assert shared != alone
    rows = materialise.query(shared, RESULTS).to_pylist()
    assert [row["benchmark"] for row in rows] == sorted(BENCHMARKS)
    assert rows == materialise.query(alone, RESULTS).to_pylist()


def test_another_machine_finds_nothing_left_to_do(finished: Path, tmp_path: Path):
    there = reopen(finished).settings.model_copy(update={"home": tmp_path / "elsewhere"})
    plan = Workplace.open(there, suites=("tiny",)).plan()
    assert (plan.jobs, plan.counted) == (0, len(BENCHMARKS))


def test_a_second_refresh_publishes_nothing_new(finished: Path):
    workplace = reopen(finished)
    first, second = (refresh(workplace.lake, workplace.settings.boards, attempt.now()) for _ in range(2))
    assert first == second


def test_two_lakes_in_one_bucket_know_nothing_of_each_other(finished: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STANDINGS_LAKE", "s3://standings/other/place")
    other = Lake(open_store(reopen(finished).settings.address))
    assert other.admissions().num_rows == 0
    assert reopen(finished).plan().jobs == len(BENCHMARKS)
