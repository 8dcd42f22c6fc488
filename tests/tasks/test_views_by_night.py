"""Hold the published board night by night, while epochs, locks, revisions, models and suites change."""

import shutil
from pathlib import Path

import pytest

from standings.failure import Reason
from tasks.workplace import Workplace
from tests.nights import Nights

BOTH = {"sums": 30, "order": 30}


MODELS = {"one": "a", "two": "b", "three": "c"}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a board of three models after its first night."""
    nights = Nights(tmp_path_factory.mktemp("first"))
    nights.models = MODELS
    nights.night(one={"sums": 36, "order": 30}, two={"sums": 30, "order": 30}, three={"sums": 24, "order": 30})
    return nights.settings.home.parent


@pytest.fixture
def board(first: Path, tmp_path: Path) -> Nights:
    """Return a copy of that board, on which a test lives on."""
    nights = Nights(Path(shutil.copytree(first, tmp_path / "mine")))
    nights.models, nights.count = dict(MODELS), 1
    return nights


def test_an_epoch_flips_for_all_when_each_has_a_run_or_a_final_failure_and_a_new_model_holds_nothing(board: Nights):
    board.epochs["sums"] = 2
    board.night(one={"sums": 35})  # the second night: one model is done, nothing flips
    assert board.column("sums") == {"one": (1, 36), "two": (1, 30), "three": (1, 24)}
    assert board.ranked() == ["one", "two", "three"]
    assert board.held_by("sums") == ["three", "two"]
    held = board.ask("FROM leaderboard.held_back")
    assert {(row["model"], row["shown_epoch"], row["epoch"], row["state"], row["why"]) for row in held} == {
        ("acme/two", 1, 2, "missing", "epoch bumped"),
        ("acme/three", 1, 2, "missing", "epoch bumped"),
    }

    board.models["new"] = "d"  # the third: one fails for good, and a model joins that has done only the new epoch
    board.night(two={"sums": Reason.NOT_FINITE}, new={"order": 40})
    assert board.column("sums") == {"one": (1, 36), "two": (1, 30), "three": (1, 24)}, "its failure waits for the flip"
    assert board.held_by("sums") == ["three"]
    assert board.why("new", "sums") == "never evaluated"

    board.night(three={"sums": 23})  # the fourth: the last that counted is done; the new model is not waited for
    assert board.column("sums") == {"one": (2, 35), "three": (2, 23)}
    assert board.ranked() == ["one", "three"]
    assert board.held_by("sums") == []
    assert board.why("two", "sums") == "not_finite: as the test says"
    [failed] = board.ask("FROM leaderboard.overall WHERE model = 'acme/two'")
    assert (failed["rank"], failed["covered"], failed["missing"]) == (None, 1, ["sums"])

    board.night(new={"sums": 40})
    assert board.ranked() == ["new", "one", "three"]


def test_a_new_model_that_is_done_in_the_new_epoch_is_shown_with_the_flip_and_the_empty_cell_says_so(board: Nights):
    board.epochs["sums"] = 2
    board.models["new"] = "d"
    board.night(one={"sums": 35}, new=BOTH)
    assert board.why("new", "sums") == (
        "counted in epoch 2; epoch 1 is shown until acme/three, acme/two have a run or a final failure in it"
    )
    assert "new" not in board.ranked()


def test_given_up_holds_the_board_back_until_an_operator_decides(board: Nights):
    board.epochs["sums"] = 2
    board.night(one={"sums": 35}, two={"sums": 29}, three={"sums": [Reason.INFRASTRUCTURE] * 6})
    [held] = board.ask("FROM leaderboard.held_back")
    assert (held["state"], held["why"]) == ("given_up", "given up after 6 infrastructure failures")
    board.decide("flip_epoch", "mini/sums/2")
    assert board.column("sums") == {"one": (2, 35), "two": (2, 29)}
    assert board.why("three", "sums") == "given up after 6 infrastructure failures"


def test_a_bump_that_overtakes_a_half_done_one_is_compared_with_what_is_shown(board: Nights):
    board.epochs["sums"] = 2
    board.models["new"] = "d"
    board.night(one={"sums": 35}, new=BOTH)
    board.epochs["sums"] = 3
    board.night(one={"sums": 34}, two={"sums": 28})
    assert board.column("sums") == {"one": (1, 36), "two": (1, 30), "three": (1, 24)}
    board.night(three={"sums": 22})  # `new` counts in the second epoch alone, which was never shown
    assert board.column("sums") == {"one": (3, 34), "two": (3, 28), "three": (3, 22)}


def test_a_changed_lock_is_a_version_under_the_same_epoch_and_a_decision_is_about_what_was_asked_then(board: Nights):
    board.epochs["sums"] = 2
    board.night(one={"sums": 35})
    board.decide("flip_epoch", "mini/sums/2")
    assert board.column("sums") == {"one": (2, 35)}
    board.locks["sums"] = "the same documents in another order"
    board.night(two={"sums": 29})
    assert board.column("sums") == {"one": (2, 35)}, "the old decision flips no lock that came later"
    assert board.why("two", "sums").startswith("counted in the benchmark's new version; the old one is shown until")
    board.night(one={"sums": 34})
    assert board.column("sums") == {"one": (2, 34), "two": (2, 29)}


def test_an_epoch_does_not_wait_for_a_model_that_left_and_its_return_does_not_flip_it_back(board: Nights):
    board.epochs["sums"] = 2
    board.night(one={"sums": 35}, two={"sums": 29})
    del board.models["three"]
    board.night()
    assert board.column("sums") == {"one": (2, 35), "two": (2, 29)}
    board.models["three"] = "c"
    board.night()
    assert board.column("sums") == {"one": (2, 35), "two": (2, 29)}
    assert board.column("order")["three"] == (1, 30), "its old numbers waited for it"
    assert board.why("three", "sums") == "epoch bumped"


def test_a_new_revision_takes_the_row_only_when_it_has_what_the_old_one_had(board: Nights):
    board.models["one"] = "f"
    board.night(one={"sums": 10})
    rows = board.ask("FROM leaderboard.results WHERE model = 'acme/one'")
    assert {(row["benchmark"], row["revision"][0], row["superseded"]) for row in rows} == {
        ("sums", "a", True),
        ("order", "a", True),
    }
    assert board.ranked()[0] == "one"
    board.night(one={"order": 10})
    rows = board.ask("FROM leaderboard.results WHERE model = 'acme/one'")
    assert {(row["benchmark"], row["revision"][0], row["superseded"]) for row in rows} == {
        ("sums", "f", False),
        ("order", "f", False),
    }
    assert board.ranked()[-1] == "one"


def test_a_new_revision_and_a_new_epoch_in_one_night_never_show_a_mixed_row_or_column(board: Nights):
    board.epochs["sums"], board.models["one"] = 2, "f"
    board.night(one={"sums": 11, "order": 12})
    assert board.column("sums")["one"] == (1, 36), "the new revision was never asked the epoch that is shown"
    assert board.column("order")["one"] == (1, 30)
    board.night(two={"sums": 29}, three={"sums": 23})
    assert board.column("sums") == {"one": (2, 11), "two": (2, 29), "three": (2, 23)}
    assert board.column("order")["one"] == (1, 12)


def test_a_changed_protocol_replaces_each_number_on_its_own_and_marks_it_until_then(board: Nights):
    board.protocols = {"completion": {"output": "multiple_choice", "shots": 2}}
    board.night(one={"sums": 20}, two={"sums": Reason.DEGENERATE})
    assert board.column("sums") == {"one": (1, 20), "three": (1, 24)}
    marked = {row["model"] for row in board.ask("FROM leaderboard.results WHERE benchmark = 'sums' AND superseded")}
    assert marked == {"acme/three"}
    assert board.why("two", "sums") == "degenerate: as the test says"
    assert board.ask("FROM leaderboard.held_back") == []


def test_a_renamed_suite_takes_its_board_with_it_and_one_suites_night_leaves_the_others_alone(board: Nights):
    board.suites = {"mini": ["sums", "order"], "other": ["order"]}
    board.night()
    board.suites["renamed"] = board.suites.pop("mini")
    board.night(("renamed",))
    assert {row["suite"] for row in board.ask("FROM leaderboard.overall")} == {"mini", "other", "renamed"}
    board.night()
    for view in ("benchmarks", "overall", "results", "coverage", "by_origin"):
        suites = {row["suite"] for row in board.ask(f"FROM leaderboard.{view}")}
        assert suites <= {"other", "renamed"}, view
    assert board.column("sums") == {"one": (1, 36), "two": (1, 30), "three": (1, 24)}, "the same jobs, not run again"


def test_only_a_night_of_all_suites_in_full_speaks_for_the_whole_registry(board: Nights):
    board.write()
    assert Workplace.open(board.settings).whole
    assert Workplace.open(board.settings, models=("acme/one",)).whole, "a model narrows the work alone"
    assert not Workplace.open(board.settings, ("mini",)).whole
    assert not Workplace.open(board.settings, limit=5).whole
