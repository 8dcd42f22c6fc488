"""The command line's manners: exit codes, messages, settings, and what a light command loads."""

import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli.demo import called
from flows.cli.output import billions
from tests.flows.conftest import Ask, asking

ROOT = Path(__file__).parents[2]
HEAVY = ("prefect", "torch", "lm_eval", "transformers", "datasets")
LIGHT = (
    ("check",),
    ("models",),
    ("suite", "list"),
    ("suite", "show", "mini"),
    ("plan",),
    ("board",),
    ("sql", "SELECT 1"),
    ("runs",),
)
LOADED = """
import sys
from flows.cli.app import app
try:
    app(sys.argv[2:], prog_name="standings")
except SystemExit as end:
    assert end.code == 0, end.code
found = [name for name in sys.argv[1].split(",") if name in sys.modules]
assert not found, found
"""


def run_alone(root: Path, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own on the registry and the home below `root`."""
    places = {"STANDINGS_REGISTRY": str(root / "registry"), "STANDINGS_HOME": str(root / "home")}
    command, env = [sys.executable, "-c", script, *words], {**places, "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", LIGHT, ids=" ".join)
def test_a_light_command_loads_neither_prefect_nor_torch_nor_the_harness(filled: Path, words: tuple[str, ...]) -> None:
    done = run_alone(filled, LOADED, ",".join(HEAVY), *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", ["check", "models"])
def test_check_and_models_load_no_arrow_and_no_database_either(filled: Path, command: str) -> None:
    done = run_alone(filled, LOADED, "pyarrow,duckdb", command)
    assert done.returncode == 0, done.stderr


def test_all_faulty_settings_are_reported_together(ask: Ask) -> None:
    result = ask("plan", STANDINGS_THREADS="0", STANDINGS_DEVICE="tpu", STANDINGS_MEMORY="much")
    assert result.exit_code == 2
    assert [name in result.stderr for name in ("STANDINGS_THREADS", "STANDINGS_DEVICE", "STANDINGS_MEMORY")] == [
        True
    ] * 3
    assert "Traceback" not in result.output


def test_a_misspelt_setting_is_told_and_not_ignored_in_silence(ask: Ask) -> None:
    result = ask("models", STANDINGS_THREAD="1")
    assert result.exit_code == 0
    assert "STANDINGS_THREAD: no such setting, and ignored. Did you mean STANDINGS_THREADS?" in result.stderr


def test_a_registry_that_is_no_folder_is_told(ask: Ask, tmp_path: Path) -> None:
    result = ask("check", STANDINGS_REGISTRY=str(tmp_path / "gone"))
    assert result.exit_code == 2
    assert result.stderr.startswith("STANDINGS_REGISTRY: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("bord",), "standings: No such command 'bord'. Did you mean 'board'? See: standings --help"),
        (("plan", "--sute", "x"), "standings plan: No such option: --sute (Possible options: --suite). See: "),
        (("plan", "--limit", "0"), "standings plan: Invalid value for '--limit'"),
        (("plan", "--suite", "mimi"), "registry: suite 'mimi' is not known. Did you mean 'mini'?"),
        (
            ("plan", "--model", "acme/tinny-1"),
            "registry: model 'acme/tinny-1' is not known. Did you mean 'acme/tiny-1'?",
        ),
        (("run", "--suite", "mimi"), "registry: suite 'mimi' is not known."),
        (("suite", "show", "mimi"), "suite: suite 'mimi' is not known. Did you mean 'mini'?"),
        (("suite", "lock", "mimi"), "suite: suite 'mimi' is not known."),
        (("models", "--licence", "osi"), "--licence: licence class 'osi' is not known."),
        (("reproduce", "zz"), "zz: no run begins or ends so. See: standings runs"),
        (("sql", "SELECT 1", "--format", "parquet"), "--format parquet: is for a file"),
        (("board", "--by", "size"), "standings board: Invalid value for '--by': 'size' is not one of 'overall', "),
        (("board", "--max-active-b", "-1"), "standings board: Invalid value for '--max-active-b'"),
        (("refresh", "--home", str(ROOT / "README.md")), f"{ROOT / 'README.md'}/boards: Not a directory. Set STANDI"),
    ],
)
def test_a_wrong_question_gets_one_line_with_the_remedy_and_exit_code_2(
    ask: Ask, words: tuple[str, ...], told: str
) -> None:
    result = ask(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith(told)
    assert result.stderr.count("\n") == 1


def test_a_bug_is_not_hidden_behind_a_message(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.registry_files.read", lambda root: 1 / 0)
    assert isinstance(ask("check").exception, ZeroDivisionError)


WITHOUT_WORKER = """
import importlib.metadata as metadata
real = metadata.version
def version(name):
    if name in ("torch", "lm-eval"):
        raise metadata.PackageNotFoundError(name)
    return real(name)
metadata.version = version
from flows.cli import main
main()
"""


def test_without_the_worker_extra_run_says_what_to_install(filled: Path) -> None:
    done = run_alone(filled, WITHOUT_WORKER, "run")
    assert done.returncode == 2
    told = "Run in the repository: pip install -c constraints.txt '.[worker]'"
    assert done.stderr == f"worker: torch and lm-eval are not installed here. {told}\n"


def test_a_registry_with_faults_is_checked_and_not_planned(mine: Path) -> None:
    file = mine / "registry" / "models" / "acme.yaml"
    file.write_text(file.read_text().replace("a" * 40, "main").replace("license: mit", "license: mitt"))
    ask = asking(mine)
    checked = ask("check")
    assert checked.exit_code == 1
    assert "registry/models/acme.yaml: acme/tiny-1:" in checked.stdout
    assert "1 fault in" in checked.stdout
    planned = ask("plan")
    assert planned.exit_code == 1
    assert "'main' moves" in planned.stderr
    assert "standings check" in planned.stderr


def test_notices_that_say_the_same_are_told_once_and_faults_each_for_itself(mine: Path) -> None:
    file = mine / "registry" / "models" / "jade.yaml"
    file.write_text(file.read_text().replace("revision: " + "c" * 40, ""))
    told = asking(mine)("check", COLUMNS="200").stdout
    said = "no pinned revision: it is listed and can't be evaluated."
    assert f"notice: 2 × {said} jade/base-8b, jade/unpinned\n" in told
    assert told.count(said) == 1


def test_a_size_of_a_thousand_billion_is_written_with_its_digits() -> None:
    assert [billions(size) for size in (None, 0.494033, 8.19, 103.8, 671.0, 1000.0)] == [
        "—", "0.494", "8.19", "104", "671", "1000",
    ]  # fmt: skip


def test_what_to_try_next_is_called_as_the_demo_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("sys.argv", [str(Path.cwd() / ".venv" / "bin" / "standings"), "demo"])
    assert called() == ".venv/bin/standings"
    monkeypatch.setattr("sys.argv", ["flows/cli/__main__.py", "demo"])
    assert called() == "standings"


def test_version_and_help_are_there(ask: Ask) -> None:
    assert ask("--version").stdout.startswith("standings")
    assert "Example: standings plan --suite core --memory 24GiB --gpus 1" in ask("plan", "--help").stdout
