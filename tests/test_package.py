"""The wheel, installed by pip in a clean environment without the worker, plans and checks from any folder."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*words: str | Path, cwd: Path = ROOT) -> str:
    """Run a command to its end and return what it printed."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env = {name: value for name, value in env.items() if not name.startswith("STANDINGS_")}
    env |= {"STANDINGS_MEMORY": "64GiB", "STANDINGS_THREADS": "2"}
    done = subprocess.run([str(word) for word in words], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs' folder of a fresh environment that has the wheel and what it needs, and nothing more."""
    folder = tmp_path_factory.mktemp("package")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "dist", ROOT)
    [wheel] = (folder / "dist").glob("*.whl")
    venv.create(folder / "env", with_pip=True)
    programs = folder / "env" / "bin"
    run(programs / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    return programs


def test_check_finds_the_registry_that_travels_in_the_wheel(installed: Path, tmp_path: Path):
    run(installed / "standings", "check", cwd=tmp_path)


def test_neither_torch_nor_the_harness_is_installed(installed: Path):
    names = {line.split("==")[0].lower() for line in run(installed / "python", "-m", "pip", "freeze").splitlines()}
    assert names.isdisjoint({"torch", "lm-eval", "lm_eval", "transformers", "datasets"})


def test_it_plans_the_same_jobs_as_the_checkout_does(installed: Path, tmp_path: Path):
    ours = json.loads(run(sys.executable, "-m", "flows.cli", "plan", "--json", "--home", tmp_path / "none"))
    theirs = json.loads(run(installed / "standings", "plan", "--json", cwd=tmp_path))
    jobs = [job["job_id"] for assignment in ours["assignments"] for job in assignment["jobs"]]
    assert jobs == [job["job_id"] for assignment in theirs["assignments"] for job in assignment["jobs"]]
    assert len(jobs) > 20


def test_planning_writes_nothing(installed: Path, tmp_path: Path):
    run(installed / "standings", "plan", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_says_what_is_missing_when_it_is_asked_to_evaluate(installed: Path, tmp_path: Path):
    done = subprocess.run([installed / "standings", "run"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "worker" in done.stderr
