"""Hold what a ruling on runs does, alone or by a rule: what counts, what is asked again, and what a reader is told."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from standings.failure import Reason
from standings.paths import folder
from tasks import verdicts
from tasks.materialise import one_table
from tasks.verdicts import Ruling, covered, make_rule
from tasks.workplace import Workplace
from tests.lake_rows import LakeRows, Row, day
from tests.nights import FIRST, Nights


def state(lake: LakeRows, model: str = "m", **variables: Any) -> Row:
    """Return what is made of the one job of a model."""
    rows = one_table(lake.facts(), "model.job_state", folder("sql"), **{"now": day(100), **variables}).to_pylist()
    [row] = [row for row in rows if row["model"] == model and row["wanted"]]
    return row


def view(lake: LakeRows, name: str) -> list[Row]:
    """Return a view's rows."""
    rows: list[Row] = one_table(lake.facts(), name, folder("sql"), now=day(100), snapshot="s").to_pylist()
    return rows


@pytest.fixture
def lake() -> LakeRows:
    """Return a lake with one benchmark and one model that is asked it."""
    lake = LakeRows()
    lake.want(lake.benchmark("core", "mmlu"), lake.model("m"))
    return lake


def asked(lake: LakeRows) -> Row:
    """Return the cell."""
    return lake.rows["wanted"][0]


class TestNights:
    """Whole nights, with the plan that follows from the facts."""

    MODELS: ClassVar = {"one": "a", "two": "b"}

    @pytest.fixture(scope="class")
    def first(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        nights = Nights(tmp_path_factory.mktemp("first"))
        nights.models = self.MODELS
        nights.night(one={"sums": 36, "order": 30}, two={"sums": 30, "order": 30})
        return nights.settings.home.parent

    @pytest.fixture
    def board(self, first: Path, tmp_path: Path) -> Nights:
        nights = Nights(Path(shutil.copytree(first, tmp_path / "mine")))
        nights.models, nights.count = dict(self.MODELS), 1
        return nights

    def rule(self, board: Nights, verdict: str, standing: bool = False, **conditions: Any) -> None:
        """Rule on the morning after the last night, and publish."""
        at = FIRST + timedelta(days=board.count, hours=8)
        lake = Workplace.open(board.settings).lake
        ruling = Ruling(verdict=verdict, reason="half of the answers were wrong", who="ada", decided_at=at)
        rule = make_rule(ruling, conditions, standing, verdicts.look(lake, at, write=True))
        verdicts.append(lake, "rules", [rule])
        board.publish(at)

    def planned(self, board: Nights) -> list[tuple[str, str, str]]:
        """Return the jobs that would be run now: model, benchmark and why."""
        plan = Workplace.open(board.settings).plan()
        return sorted((it.model, job.benchmark, job.why) for it in plan.assignments for job in it.jobs)

    def test_runs_that_a_rule_withdrew_are_asked_again_exactly_once(self, board: Nights) -> None:
        self.rule(board, "withdrawn", suite="mini", benchmark="sums")
        assert board.column("sums") == {}
        assert board.column("order") == {"one": (1, 30), "two": (1, 30)}
        why = "withdrawn: half of the answers were wrong"
        assert self.planned(board) == [("acme/one", "sums", why), ("acme/two", "sums", why)]
        [row] = board.ask("FROM leaderboard.coverage WHERE model = 'acme/one'")
        assert (row["state"], row["why"], row["verdict"], row["verdict_who"]) == ("missing", why, "withdrawn", "ada")
        assert row["verdict_at"] == FIRST + timedelta(days=1, hours=8)
        board.night(one={"sums": 20}, two={"sums": 21})
        assert board.column("sums") == {"one": (1, 20), "two": (1, 21)}
        assert self.planned(board) == []
        board.night()
        assert board.column("sums") == {"one": (1, 20), "two": (1, 21)}
        [ruled] = board.ask("FROM leaderboard.verdicts")
        assert (ruled["conditions"], ruled["runs"], ruled["in_force"]) == ("suite mini, benchmark sums", 2, 2)

    def test_runs_that_a_standing_rule_would_withdraw_again_are_not_asked_and_the_board_says_so(self, board: Nights):
        self.rule(board, "withdrawn", standing=True, benchmark="sums")
        why = "a standing rule withdraws its runs: half of the answers were wrong"
        for _ in range(2):
            assert self.planned(board) == []
            board.night()
            assert board.column("sums") == {}
            assert board.why("one", "sums") == why
        blocked = Workplace.open(board.settings).plan().unplanned
        assert {(it.model, it.state, it.why) for it in blocked} == {
            ("acme/one", "blocked", why),
            ("acme/two", "blocked", why),
        }
        self.rule(board, "cleared", standing=True, benchmark="sums")
        assert board.column("sums") == {"one": (1, 36), "two": (1, 30)}, "nothing was deleted"

    def test_a_withdrawal_by_a_rule_holds_a_flip_back_and_one_after_it_does_not_turn_it_back(self, board: Nights):
        board.epochs["sums"] = 2
        board.night(one={"sums": 35})
        # Both epochs have one lock here, so the rule is about what ended later.
        self.rule(board, "withdrawn", benchmark="sums", finished_after=FIRST + timedelta(days=2))
        board.night(two={"sums": 29})
        assert board.column("sums") == {"one": (1, 36), "two": (1, 30)}
        assert board.held_by("sums") == ["one"]
        board.night(one={"sums": 34})
        assert board.column("sums") == {"one": (2, 34), "two": (2, 29)}
        self.rule(board, "withdrawn", benchmark="sums")
        assert board.column("sums") == {}
        assert {row["epoch"] for row in board.ask("FROM leaderboard.benchmarks WHERE benchmark = 'sums'")} == {2}

    def test_a_new_epoch_whose_runs_a_standing_rule_withdraws_is_held_back(self, board: Nights) -> None:
        board.epochs["sums"] = 2
        board.night(one={"sums": 35})
        late = FIRST + timedelta(days=2)
        self.rule(board, "withdrawn", standing=True, benchmark="sums", finished_after=late)
        board.night()
        assert board.column("sums") == {"one": (1, 36), "two": (1, 30)}, "else the board would flip to an empty column"
        assert board.held_by("sums") == ["one", "two"]
        assert {row["state"] for row in board.ask("FROM leaderboard.held_back")} == {"blocked"}


@pytest.mark.parametrize(
    ("rulings", "verdict"),
    [
        (["alone withdrawn 2", "alone cleared 3"], "cleared"),
        (["rule withdrawn 2", "alone cleared 3"], "cleared"),
        (["alone cleared 2", "rule withdrawn 3"], "withdrawn"),
        (["standing withdrawn 0", "alone cleared 2"], "cleared"),
        (["rule withdrawn 0"], None),
        (["standing withdrawn 0", "rule cleared 2"], "cleared"),
        (["standing withdrawn 0", "standing suspect 0.5"], "suspect"),
        (["alone cleared 2", "rule withdrawn 2"], "withdrawn"),
    ],
)
def test_of_all_rulings_that_cover_a_run_the_one_decided_last_holds(
    lake: LakeRows, rulings: list[str], verdict: str | None
) -> None:
    run = None
    for kind, word, at in sorted((line.split() for line in rulings), key=lambda words: float(words[2])):
        if float(at) > 1 and run is None:
            run = lake.run(asked(lake), right=50, at=1)
        if kind == "alone":
            lake.rule(run, word, at=float(at))
        else:
            lake.rule_all(word, at=float(at), standing=kind == "standing", model="m")
    run = run or lake.run(asked(lake), right=50, at=1)
    assert {row["verdict"] for row in view(lake, "model.verdict")} == ({verdict} if verdict else set())
    assert state(lake)["verdict"] == verdict
    assert (state(lake)["run_id"] is None) == (verdict == "withdrawn")


def test_a_rule_covers_what_the_gate_had_admitted_whatever_the_clocks_say(lake: LakeRows) -> None:
    lake.run(asked(lake), right=50, at=5)
    lake.rule_all("withdrawn", at=2, benchmark="mmlu")  # by a clock three days slow
    assert state(lake)["state"] == "missing"
    lake.run(asked(lake), right=51, at=6, finished_at=day(1))  # by another
    assert state(lake)["run_id"] == "00000002"


RUN = {"revision": "r1", "lock": "l" * 64, "harness": "0.4.12", "engine_version": "e 5", "worker": "w", "device": "cpu"}


@pytest.mark.parametrize(
    ("conditions", "covers"),
    [
        ({"suite": "core"}, True),
        ({"suite": "common"}, False),
        ({"benchmark": "mmlu", "suite": "core"}, True),
        ({"benchmark": "arc"}, False),
        ({"model": "m"}, True),
        ({"model": "other"}, False),
        (RUN, True),
        *(({name: "another"}, False) for name in RUN),
        ({"finished_after": day(1), "finished_before": day(1.5)}, True),
        ({"finished_before": day(1)}, False),
        ({"finished_after": day(1.5)}, False),
    ],
)
def test_a_rule_covers_the_runs_that_meet_all_of_its_conditions(lake: LakeRows, conditions: Row, covers: bool) -> None:
    run = lake.run(asked(lake), right=50, at=1, **RUN)
    lake.rule_all("suspect", at=2, **conditions)
    none = {"run": [], "benchmarks": [], "admissions": [], "verdicts": [], "rules": []}
    facts = LakeRows({**none, **lake.rows}).facts()
    assert covered(facts, lake.rows["rules"]) == ([run["run_id"]] if covers else [])


def test_a_rule_finds_the_runs_of_a_benchmark_by_any_name_that_a_suite_gives_it(lake: LakeRows) -> None:
    lake.run(asked(lake), right=50)
    same = lake.rows["benchmarks"][0]["benchmark_id"]
    lake.benchmark("renamed", "knowledge", benchmark_id=same, known=3)
    lake.rule_all("suspect", at=4, suite="renamed", benchmark="knowledge")
    assert state(lake)["suspect"]


def test_a_suspect_run_counts_and_is_marked_and_a_cleared_one_says_that_it_was_looked_at(lake: LakeRows) -> None:
    run = lake.run(asked(lake), right=50)
    lake.rule_all("suspect", at=2, benchmark="mmlu")
    [row] = view(lake, "leaderboard.results")
    assert (row["suspect"], row["suspect_reason"], row["verdict"]) == (True, "looked at", "suspect")
    assert (row["verdict_who"], row["verdict_at"]) == ("a person", day(2))
    lake.rule(run, "cleared", at=3, reason="it was slow, not wrong")
    [row] = view(lake, "leaderboard.results")
    assert (row["suspect"], row["suspect_reason"], row["score"]) == (False, None, 0.5)
    assert (row["verdict"], row["verdict_reason"]) == ("cleared", "it was slow, not wrong")
    told = [(row["verdict"], row["runs"], row["in_force"]) for row in view(lake, "leaderboard.verdicts")]
    assert told == [("suspect", 1, 0), ("cleared", 1, 1)]


def test_a_standing_rule_about_a_machine_lets_a_job_be_tried_once_and_then_waits_for_a_person(lake: LakeRows) -> None:
    lake.run(asked(lake), right=50, worker="bad")
    lake.rule_all("withdrawn", at=2, standing=True, worker="bad")
    assert (state(lake)["state"], state(lake)["why"]) == ("missing", "withdrawn: looked at")
    lake.run(asked(lake), right=50, worker="bad", at=3)
    assert (state(lake)["state"], state(lake)["reason"]) == ("failed", None)
    assert state(lake)["why"] == "a standing rule withdrew its last run too: looked at"
    lake.decide("retry", asked(lake)["job_id"], at=4)
    assert state(lake)["state"] == "missing"
    lake.run(asked(lake), right=51, worker="good", at=5)
    assert (state(lake)["state"], state(lake)["run_id"]) == ("counted", "00000003")


def test_failures_under_a_standing_rule_about_a_machine_are_not_tried_again_and_again(lake: LakeRows) -> None:
    lake.rule_all("withdrawn", at=0, standing=True, worker="bad")
    lake.run(asked(lake), reason=Reason.NOT_FINITE.value, worker="bad", at=3)
    assert (state(lake)["state"], state(lake)["failures"]) == ("failed", 0)
    assert state(lake)["why"] == "a standing rule withdrew its last run too: looked at"


def test_a_job_that_a_standing_rule_about_an_engine_stopped_is_asked_again_by_another_engine(lake: LakeRows) -> None:
    lake.rule_all("withdrawn", at=0, standing=True, engine_version="transformers 5")
    lake.run(asked(lake), right=50, engine_version="transformers 5", at=3)
    assert state(lake)["state"] == "failed"
    assert state(lake, image="transformers 5")["state"] == "failed"
    assert state(lake, image="transformers 6")["state"] == "missing"


def test_a_standing_rule_about_a_lock_blocks_every_model_once_one_run_shows_the_lock(lake: LakeRows) -> None:
    lake.rule_all("withdrawn", at=0, standing=True, lock="wrong")
    lake.want(lake.rows["benchmarks"][0], lake.model("n"))
    assert {state(lake, model)["state"] for model in "mn"} == {"missing"}
    lake.run(asked(lake), right=50, lock="wrong")
    assert {state(lake, model)["state"] for model in "mn"} == {"blocked"}


def test_a_standing_rule_with_an_end_blocks_nothing_after_it(lake: LakeRows) -> None:
    lake.run(asked(lake), right=50)
    lake.rule_all("withdrawn", at=2, standing=True, model="m", finished_before=day(50))
    assert (state(lake, now=day(40))["state"], state(lake, now=day(60))["state"]) == ("blocked", "missing")


def test_a_rule_needs_a_condition_and_says_which_there_are() -> None:
    ruling = Ruling(verdict="withdrawn", reason="why", who="ada", decided_at=day(1))
    log = LakeRows({"admissions": []}).facts()["admissions"]
    with pytest.raises(ValueError, match="about every run"):
        make_rule(ruling, {"suite": None}, True, log)
    with pytest.raises(ValueError, match="no such condition: sweet"):
        make_rule(ruling, {"sweet": "core"}, True, log)
    once, twice = (make_rule(ruling, {"suite": "core"}, standing, log)["rule_id"] for standing in (True, False))
    assert once != twice


def test_a_job_is_asked_where_a_later_standing_rule_clears_what_one_machine_makes_of_it(lake: LakeRows) -> None:
    lake.rule_all("withdrawn", at=0, standing=True, model="m")
    lake.rule_all("cleared", at=1, standing=True, model="m", worker="good")
    assert state(lake)["state"] == "missing"
    lake.run(asked(lake), right=50, worker="bad", at=2)
    assert (state(lake)["state"], state(lake)["verdict"]) == ("failed", "withdrawn")
    lake.run(asked(lake), right=51, worker="good", at=3)
    assert (state(lake)["state"], state(lake)["verdict"]) == ("counted", "cleared")
