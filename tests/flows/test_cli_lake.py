"""What the commands say of the registry, the plan, the runs and their samples."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.cli.output import visible
from flows.cli.runs import how
from flows.cli.sql import shown
from tests.flows.conftest import Ask


def run_of(ask: Ask, model: str, benchmark: str) -> str:
    """Return the id of a model's run."""
    [row] = json.loads(ask("runs", "--model", model, "--benchmark", benchmark, "--json").stdout)
    return str(row["run_id"])


def test_models_are_listed_with_origin_licence_and_why_one_cannot_be_evaluated(ask: Ask) -> None:
    text = ask("models").stdout
    assert "Belle Tuned 8B with a long name  FR+US?  osi_approved*  instruct        8" in text
    assert "✗ Can't be evaluated, no pinned revision: Jade Unpinned." in text


def test_models_of_a_country_include_those_of_a_joint_origin(ask: Ask) -> None:
    rows = json.loads(ask("models", "--origin", "US", "--json").stdout)
    assert {row["model"] for row in rows} == {"acme/tiny-1", "acme/closed", "belle/tuned-8b"}


def test_an_unknown_licence_is_shown_as_such_and_not_as_open(ask: Ask) -> None:
    rows = json.loads(ask("models", "--licence", "osi_approved", "--json").stdout)
    assert "acme/closed" not in {row["model"] for row in rows}


def test_a_plan_says_what_would_be_run_why_and_at_what_cost(ask: Ask) -> None:
    text = ask("plan", "--limit", "5").stdout
    assert "9 jobs in 3 assignments" in text
    told = " ".join(text.split())
    assert "never evaluated: mini-limit-5: order-limit-5, sums-limit-5, where-limit-5: 3 assignments: acme/" in told
    rows = [line.split() for line in text.splitlines()]
    assert ["acme/tiny-1", "bfloat16", "3", "15", "35", "s", "3.3", "GiB"] in rows
    assert text.count("never evaluated: mini-limit-5") == 1, "told once for all that are asked the same"
    assert "blocked: no pinned revision: 1 model, 3 cells: jade/unpinned" in text


def test_a_plan_lists_what_does_not_fit_the_machine(ask: Ask) -> None:
    text = " ".join(ask("plan", "--limit", "5", STANDINGS_MEMORY="4GiB").stdout.split())
    assert "too_large: needs up to 64 GiB of memory, this machine gives 4: 1 model, 3 cells: jade/base-8b" in text


def test_a_plan_for_another_machine_says_what_would_run_where(ask: Ask) -> None:
    text = ask("plan", "--limit", "5", "--memory", "24GiB", "--gpus", "2").stdout
    assert "To run on a machine with 2 threads, 2 GPUs of 24.0 GiB" in text
    [row] = [line.split() for line in text.splitlines() if line.startswith("jade/base-8b")]
    assert row[-3:] == ["18.2", "GiB", "2"]
    assert (
        ask("plan", "--memory", "much").stderr.strip() == "--memory: 'much' is no number of bytes. Write it as 24GiB."
    )
    for few, said in (("0", "0 bytes"), ("24", "24 bytes")):
        assert ask("plan", "--memory", few).stderr.strip() == f"--memory: {said} hold no model. Write it as 24GiB."
    assert "how much memory has each GPU?" in ask("plan", "--gpus", "1").stderr


def test_a_plan_writes_nothing(ask: Ask, filled: Path, tmp_path: Path) -> None:
    before = sorted(filled.rglob("*"))
    assert ask("plan", "--limit", "3").exit_code == 0
    assert ask("plan", "--home", str(tmp_path / "new")).exit_code == 0
    assert sorted(filled.rglob("*")) == before
    assert not (tmp_path / "new").exists()


def test_runs_show_what_failed_and_why(ask: Ask) -> None:
    text = ask("runs", "--status", "failed").stdout
    assert "too_large: needs 80 GB, the machine has 8" in text
    assert "1 run." in text


def test_a_run_that_never_counts_is_shown_by_its_purpose() -> None:
    run = {"status": "succeeded", "reason": None, "verdict": None}
    assert how(run | {"purpose": "board"}) == "succeeded"
    assert how(run | {"purpose": "reproduce"}) == "reproduce"
    assert how(run | {"status": "failed", "reason": "too_large", "purpose": "reproduce"}) == "too_large"


def test_runs_as_json_have_the_score_that_the_board_has(ask: Ask) -> None:
    [row] = json.loads(ask("runs", "--model", "belle/tuned-8b", "--benchmark", "sums", "--json").stdout)
    assert row["score"] == 36 / 40
    assert row["finished_at"] == "2026-08-01T12:01:00+00:00"


def test_samples_are_found_by_the_end_of_a_run_id_and_filtered_to_the_wrong_ones(ask: Ask) -> None:
    run = run_of(ask, "belle/tuned-8b", "sums")
    rows = json.loads(ask("samples", run[-12:], "--wrong", "--json").stdout)
    assert [row["doc_id"] for row in rows] == [36, 37, 38, 39]
    text = ask("samples", run, "--wrong", "--limit", "1").stdout
    assert "mini_sums 36: wrong" in text
    assert "What is 36 plus 36?" in text
    assert "choice 1 of log-likelihoods [-2.5, -1.5]" in text
    assert "40 documents, 36 right; 1 shown." in text


def test_a_failed_run_has_no_samples_and_says_why(ask: Ask) -> None:
    result = ask("samples", run_of(ask, "acme/tiny-1", "where"))
    assert result.exit_code == 2
    assert "has no samples: it is too_large: needs 80 GB, the machine has 8." in result.stderr


def test_a_retry_is_a_decision_that_the_plan_obeys(ask_mine: Ask) -> None:
    assert "1 cell" in ask_mine("plan").stdout
    result = ask_mine("retry", "--model", "acme/tiny-1", "--reason", "a larger machine")
    assert result.exit_code == 0, result.stderr
    assert "acme/tiny-1 where: was failed" in result.stdout
    assert "retry: a larger machine: mini: where" in ask_mine("plan").stdout


def test_a_retry_of_what_did_not_fail_is_refused(ask_mine: Ask) -> None:
    result = ask_mine("retry", "--model", "belle/tuned-8b", "--reason", "why not")
    assert result.exit_code == 2
    assert "among failed jobs, model 'belle/tuned-8b' is not known" in result.stderr


def test_refresh_on_unchanged_facts_admits_nothing_and_keeps_the_snapshot(ask_mine: Ask) -> None:
    first, second = (json.loads(ask_mine("refresh", "--json").stdout) for _ in range(2))
    assert (first["admitted"], first["set_aside"]) == (0, {})
    assert first["snapshot"] == second["snapshot"]


def test_sql_prints_a_table_and_one_column_a_line_where_that_is_too_wide(ask: Ask) -> None:
    narrow = ask("sql", "SELECT name, index FROM leaderboard.overall WHERE rank = 1").stdout
    assert narrow.splitlines()[0] == "name                             index"
    wide = ask("sql", "FROM leaderboard.overall WHERE rank = 1").stdout
    assert "lineage_differs         yes\n" in wide


def test_sql_shows_the_digits_that_tell_a_number_apart() -> None:
    found = [shown(value) for value in (0.12345, 12345678.0, [0.25, None], "text")]
    assert found == ["0.12345", "12345678", ["0.25", None], "text"]


def test_sql_writes_csv_json_and_parquet(ask: Ask, tmp_path: Path) -> None:
    statement = "SELECT name, missing, index FROM leaderboard.overall ORDER BY model"
    rows = list(csv.DictReader(io.StringIO(ask("sql", statement, "--format", "csv").stdout)))
    assert rows[1] == {"name": "Acme Tiny 1", "missing": '["where"]', "index": ""}
    assert json.loads(ask("sql", statement, "--json").stdout)[1]["missing"] == ["where"]
    assert ask("sql", statement, "--output", str(tmp_path / "rows.parquet")).exit_code == 0
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == len(rows)


@pytest.mark.parametrize(
    "statement", ["DROP TABLE leaderboard.overall", "SELECT nam FROM leaderboard.overall", "SELECT 1 +"]
)
def test_a_query_that_fails_says_so_in_the_databases_own_words(ask: Ask, statement: str) -> None:
    result = ask("sql", statement)
    assert result.exit_code == 1
    assert result.stderr.startswith("sql: ")
    assert "Traceback" not in result.output


def test_what_a_model_wrote_cannot_steer_the_terminal() -> None:
    assert visible("\x1b[2Jgone\rx\u202eabc\n") == "␛[2Jgone␍x\ufffdabc\n"
