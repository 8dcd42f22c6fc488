"""An operator rules on runs from the command line, and sees what comes of it."""

import json
from pathlib import Path

import pytest

from tasks.lake import Lake
from tasks.store import FolderStore
from tests.flows.conftest import Ask
from tests.flows.home import lock_of

Rows = list[dict[str, object]]


def runs_of(ask: Ask, *words: str) -> Rows:
    """Return the runs, as `standings runs` has them."""
    return json.loads(ask("runs", "--json", *words).stdout)


def objects(root: Path) -> set[Path]:
    """Return the lake's files."""
    return set((root / "home" / "lake").rglob("*.parquet"))


def test_a_run_is_withdrawn_and_cleared_and_each_command_that_shows_it_says_so(ask_mine: Ask) -> None:
    run = next(row for row in runs_of(ask_mine, "--benchmark", "sums") if row["model"] == "belle/tuned-8b")
    short = str(run["run_id"])[-12:]
    done = ask_mine("verdict", "withdraw", short, "--reason", "asked with another template")
    assert done.exit_code == 0, done.stderr
    assert "1 run withdrawn: asked with another template" in done.stdout

    assert f"{short} withdrawn by " in ask_mine("runs").stdout
    samples = ask_mine("samples", short, "--json")
    assert len(json.loads(samples.stdout)) == 40
    assert "is withdrawn by" in samples.stderr
    assert "withdrawn: asked with another template" in ask_mine("plan").stdout
    ask_mine("refresh")
    where = "WHERE model = 'belle/tuned-8b' AND benchmark = 'sums'"
    empty = ask_mine("sql", f"SELECT state, verdict, verdict_reason FROM leaderboard.coverage {where}", "--json")
    assert json.loads(empty.stdout) == [
        {"state": "missing", "verdict": "withdrawn", "verdict_reason": "asked with another template"}
    ]

    cleared = ask_mine("verdict", "clear", short, "--reason", "it was the right one").stdout
    assert "1 run that had been withdrawn may count again" in " ".join(cleared.split())
    ask_mine("refresh")
    shown = ask_mine("sql", f"SELECT score, verdict, verdict_reason FROM leaderboard.results {where}", "--json")
    assert json.loads(shown.stdout) == [{"score": 0.9, "verdict": "cleared", "verdict_reason": "it was the right one"}]
    text = ask_mine("verdict", "list").stdout
    assert "2 verdicts, 0 rules among them" in text
    rows = json.loads(ask_mine("verdict", "list", "--json").stdout)
    assert [(row["verdict"], row["runs"], row["in_force"]) for row in rows] == [("withdrawn", 1, 0), ("cleared", 1, 1)]


def test_a_dry_run_says_which_runs_a_rule_would_rule_and_writes_nothing(mine: Path, ask_mine: Ask) -> None:
    before = objects(mine)
    words = ("verdict", "suspect", "--benchmark", "sums", "--finished-before", "2100-01-01", "--reason", "too good")
    told = ask_mine(*words, "--dry-run").stdout
    assert "3 runs would be suspect: too good" in told
    assert "Nothing was written." in told
    assert objects(mine) == before
    assert "No verdict." in ask_mine("verdict", "list").stdout

    done = json.loads(ask_mine(*words, "--json").stdout)
    assert {row["benchmark"] for row in done["runs"]} == {"sums"}
    assert (done["written"], len(done["runs"]), done["rules"][0]["benchmark"]) == (True, 3, "sums")
    [row] = json.loads(ask_mine("verdict", "list", "--json").stdout)
    assert (row["conditions"], row["runs"], row["standing"]) == (
        "benchmark sums, finished before 2100-01-01 00:00:00 UTC",
        3,
        False,
    )


def test_a_rule_is_about_the_documents_that_a_suite_locks(ask_mine: Ask) -> None:
    fingerprint = str(lock_of("mini_sums")["fingerprint"])
    words = ("verdict", "withdraw", "--fingerprint", fingerprint[:16], "--reason", "half of them are wrong")
    done = json.loads(ask_mine(*words, "--dry-run", "--json").stdout)
    assert {row["benchmark"] for row in done["runs"]} == {"sums"}
    [rule] = done["rules"]
    by_lock = ("verdict", "withdraw", "--lock", rule["lock"][:16], "--reason", "half of them are wrong")
    again = json.loads(ask_mine(*by_lock, "--dry-run", "--json").stdout)
    assert (again["runs"], again["rules"][0]["lock"]) == (done["runs"], rule["lock"])


def test_a_rule_covers_what_ended_before_it_and_the_gate_has_not_looked_at_yet(mine: Path, ask_mine: Ask) -> None:
    lake = Lake(FolderStore(mine / "home" / "lake"))
    [failed] = [row for row in lake.facts("run")["run"].to_pylist() if row["status"] == "failed"]
    waiting = failed["run_id"][:-4] + "0000"
    lake.put_run({**failed, "run_id": waiting})
    done = ask_mine(
        "verdict", "withdraw", "--model", failed["model"], "--benchmark", "where", "--reason", "bad", "--json"
    )
    assert waiting in {row["run_id"] for row in json.loads(done.stdout)["runs"]}
    ask_mine("refresh")
    assert {row["verdict"] for row in runs_of(ask_mine, "--benchmark", "where", "--status", "failed")} == {"withdrawn"}


def test_what_a_standing_rule_blocks_is_planned_no_more(ask_mine: Ask) -> None:
    done = ask_mine("verdict", "withdraw", "--model", "jade/base-8b", "--standing", "--reason", "its weights are wrong")
    assert "3 runs withdrawn, and those that come in later: its weights are wrong" in done.stdout
    plan = json.loads(ask_mine("plan", "--json").stdout)
    assert not [it for it in plan["assignments"] if it["model"] == "jade/base-8b"]
    [blocked] = [it for it in plan["unplanned"] if it["model"] == "jade/base-8b"]
    assert (blocked["cells"], blocked["why"]) == (3, "a standing rule withdraws its runs: its weights are wrong")
    assert "model jade/base-8b, standing" in ask_mine("verdict", "list", COLUMNS="160").stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "without a run or a condition it would be about every run. Give RUN…"),
        (("7c1e", "--suite", "mini"), 2, "runs and a rule's conditions were given. Give RUN…, or conditions."),
        (("7c1e",), 2, "7c1e: no run begins or ends so."),
        (("--benchmark", "sum"), 2, "Did you mean 'sums'?"),
        (("--lock", "xyz"), 2, "--lock: of runs and suites, lock 'xyz' is not known."),
        (("--benchmark", "sums", "--finished-before", "2000-01-01"), 1, "no run in the lake meets all of these"),
    ],
)
def test_a_verdict_on_nothing_is_refused(
    mine: Path, ask_mine: Ask, words: tuple[str, ...], code: int, told: str
) -> None:
    before = objects(mine)
    done = ask_mine("verdict", "withdraw", *words, "--reason", "why not")
    assert done.exit_code == code
    assert told in " ".join(done.stderr.split())
    assert objects(mine) == before
