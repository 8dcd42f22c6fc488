"""One real job, followed through the seven files that the README names, by the flow on an embedded Prefect."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_weights import weights_cache

ROOT = Path(__file__).parents[2]
MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"


def standings(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    env = {**os.environ, "STANDINGS_HOME": str(home), "COLUMNS": "100", **environment}
    command = [sys.executable, "-m", "flows.cli", *words]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """Return a home after a real job was run under the tracer, and what the tracer noted."""
    home, notes = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("notes")
    (home / "weights").symlink_to(weights_cache())
    done = standings(
        home,
        *("run", "--suite", "quick", "--model", MODEL, "--limit", "2", "--json"),
        PYTHONPATH=os.pathsep.join([str(ROOT / "tests" / "tracing"), str(ROOT)]),
        STANDINGS_TEST_TRACE=str(notes),
        STANDINGS_THREADS="1",  # two threads wait for each other where the machine is shared
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return home, {line for path in notes.iterdir() for line in path.read_text().splitlines()}


def ask(home: Path, sql: str) -> list[dict]:
    """Return the rows of a question to the board."""
    return json.loads(standings(home, "sql", sql, "--format", "json").stdout)


def rooms() -> list[str]:
    """Return the files of the README's table."""
    table = (ROOT / "README.md").read_text().split("## Follow one result")[1].split("\n## ")[0]
    return re.findall(r"^\|.*\[(.+?)\]\(\1\) \|$", table, re.MULTILINE)


def test_the_readme_names_seven_files_that_are_there():
    assert len(rooms()) == 7
    assert all((ROOT / name).is_file() for name in rooms())


def test_each_of_the_seven_rooms_did_its_part(followed):
    _, notes = followed
    for name in rooms():
        assert f"{'call' if name.endswith('.py') else 'open'} {name}" in notes, f"{name} took no part in a real job"


def test_the_job_is_found_in_every_room_by_its_id(followed):
    home, _ = followed
    plan = json.loads(standings(home, "plan", "--suite", "quick", "--model", MODEL, "--limit", "2", "--json").stdout)
    assert plan["assignments"] == []
    rows = ask(home, "SELECT job_id, run_id FROM leaderboard.results")
    assert len(rows) == 13
    for row in rows:
        run = home / "lake" / "inbox" / "v1" / row["job_id"] / row["run_id"]
        assert sorted(path.name for path in run.iterdir()) == ["run.parquet", "samples.parquet", "scores.parquet"]
    by_origin = ask(home, "FROM leaderboard.by_origin")
    assert any(row["origin"] == "FR+US" and row["suite"] == "quick-limit-2" for row in by_origin)


def test_a_limited_run_never_stands_under_the_full_name(followed):
    home, _ = followed
    rows = ask(home, "SELECT DISTINCT suite, benchmark FROM leaderboard.results")
    assert all(row["suite"] == "quick-limit-2" and row["benchmark"].endswith("-limit-2") for row in rows)


def test_with_nothing_to_do_no_flow_is_started(followed):
    home, _ = followed
    nobody = "http://127.0.0.1:9/api"  # a flow would look for its server there, and fail
    again = standings(home, "run", "--suite", "quick", "--model", MODEL, "--limit", "2", PREFECT_API_URL=nobody)
    assert again.returncode == 0, again.stderr[-2000:]
    assert "Nothing to do" in again.stdout
