"""`standings snapshot`, on a home with two snapshots: one before and one after a run was withdrawn."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from standings.facts import table
from tasks.lake import Lake
from tasks.refresh import refresh
from tasks.snapshots import latest, listed, manifests
from tasks.store import FolderStore
from tests.flows.conftest import Ask
from tests.flows.home import NOON

WITHDRAWN = ("jade/base-8b", "sums")


@pytest.fixture(scope="module")
def two(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the home in which a run was withdrawn and the board refreshed."""
    root = Path(shutil.copytree(filled, tmp_path_factory.mktemp("two") / "home"))
    lake = Lake(FolderStore(root / "home" / "lake"))
    [run] = [it for it in lake.facts("run")["run"].to_pylist() if (it["model"], it["benchmark"]) == WITHDRAWN]
    ruling = {"run_id": run["run_id"], "verdict": "withdrawn", "reason": "wrong documents", "who": "ann"}
    lake.append("verdicts", table("verdicts", [{**ruling, "decided_at": NOON + timedelta(hours=2)}]))
    refresh(lake, root / "home" / "boards", NOON + timedelta(hours=3))
    return root


@pytest.fixture
def mine(two: Path, tmp_path: Path) -> Path:
    """A copy of that, which a test may change."""
    return Path(shutil.copytree(two, tmp_path / "mine"))


@pytest.fixture
def ids(mine: Path) -> list[str]:
    """The two snapshots, the older first."""
    store = FolderStore(mine / "home" / "lake")
    return [it.id for it in manifests(store, listed(store))]


def pointed(mine: Path) -> str:
    pointer = latest(FolderStore(mine / "home" / "lake"))
    assert pointer is not None
    return pointer.id


def test_list_says_what_readers_get(ids: list[str], ask_mine: Ask) -> None:
    shown = ask_mine("snapshot", "list")
    assert [line.split()[0] for line in shown.stdout.splitlines()[2:4]] == [it[:12] for it in ids]
    assert "latest" in shown.stdout.splitlines()[3]
    rows = json.loads(ask_mine("snapshot", "list", "--json").stdout)
    assert [(row["id"], row["state"]) for row in rows] == [(ids[0], None), (ids[1], "latest")]


def test_show_names_inputs_and_files(ids: list[str], ask_mine: Ask) -> None:
    shown = ask_mine("snapshot", "show").stdout
    assert ids[1] in shown
    assert "standings.duckdb" in shown
    told = json.loads(ask_mine("snapshot", "show", ids[0][:8], "--json").stdout)
    assert told["id"] == ids[0]
    assert told["files"]["overall.csv"]["rows"] == 5


def test_fetch_prints_the_path_of_a_file_and_nothing_else(ids: list[str], ask_mine: Ask) -> None:
    path = Path(ask_mine("snapshot", "fetch").stdout.removesuffix("\n"))
    assert (path.parent.name, path.name) == (ids[1], "standings.duckdb")
    csv = Path(ask_mine("snapshot", "fetch", ids[0][:10], "--file", "overall.csv").stdout.strip())
    assert csv.read_text().startswith('"suite","rank"')
    wrong = ask_mine("snapshot", "fetch", "--file", "overall.tsv")
    assert wrong.exit_code == 2
    assert "overall.csv" in wrong.stderr


def test_diff_says_what_moved_in_each_suite(ids: list[str], ask_mine: Ask) -> None:
    shown = ask_mine("snapshot", "diff", *ids).stdout
    assert "jade/base-8b" in shown
    rows = json.loads(ask_mine("snapshot", "diff", *ids, "--json").stdout)
    found = {(row["what"], row["model"], row["benchmark"]): (row["before"], row["after"], row["why"]) for row in rows}
    assert found["score", "jade/base-8b", "sums"] == (0.75, None, "gone")
    assert found["rank", "jade/base-8b", None] == (2, None, None)
    assert json.loads(ask_mine("snapshot", "diff", ids[0], ids[0], "--json").stdout) == []
    assert "Nothing moved" in ask_mine("snapshot", "diff", ids[0], ids[0]).stdout


def test_a_rollback_holds_through_a_refresh_until_it_is_released(ids: list[str], mine: Path, ask_mine: Ask) -> None:
    told = ask_mine("snapshot", "rollback", ids[0][:8], "--reason", "wrong ranks")
    assert told.exit_code == 0, told.stderr
    assert ids[0] in told.stdout
    assert "wrong ranks" in ask_mine("snapshot", "list").stdout
    for command in (["refresh"], ["run", "--suite", "mini", "--model", "acme/tiny-1"]):
        assert f"readers are held at {ids[0]}: wrong ranks" in ask_mine(*command).stdout, command
    assert pointed(mine) == ids[0]
    assert "Held by" in ask_mine("snapshot", "show").stdout
    assert ask_mine("snapshot", "release", "--reason", "mended").exit_code == 0
    assert pointed(mine) not in ids  # the rollback is a fact, so the refresh built anew
    again = ask_mine("snapshot", "release", "--reason", "mended")
    assert again.exit_code == 1
    assert "nothing is held" in again.stderr


def test_gc_says_what_it_keeps_and_why(ids: list[str], ask_mine: Ask) -> None:
    shown = ask_mine("snapshot", "gc", "--keep", "1", "--dry-run").stdout
    assert "readers have it" in shown
    assert ask_mine("snapshot", "gc", "--hours", "1").exit_code == 2
    done = json.loads(ask_mine("snapshot", "gc", "--keep", "1", "--json").stdout)
    assert list(done["collected"]) == [ids[0]]
    assert json.loads(ask_mine("snapshot", "list", "--json").stdout)[0]["id"] == ids[1]


@pytest.mark.parametrize(
    ("given", "told"),
    [("zzz", "no snapshot begins with"), ("../x", "is no snapshot's id"), ("", "is no snapshot's id")],
)
def test_an_id_that_is_none_is_told(ids: list[str], ask_mine: Ask, given: str, told: str) -> None:
    wrong = ask_mine("snapshot", "show", given)
    assert wrong.exit_code == 2
    assert told in wrong.stderr


def test_without_a_snapshot_the_remedy_is_told(tmp_path: Path, ask: Ask) -> None:
    home = {"STANDINGS_HOME": str(tmp_path)}
    assert "standings refresh" in ask("snapshot", "fetch", **home).stderr
    assert "No snapshot" in ask("snapshot", "list", **home).stdout
    assert ask("snapshot", "gc", **home).exit_code == 0
