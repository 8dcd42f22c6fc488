"""Groups of our own: they name the harness's tasks, add them up, and change nothing of them."""

from pathlib import Path

import lm_eval.tasks
import pytest
import yaml

from standings.paths import folder
from tasks.registry_files import read_suites

SUITES = folder("registry") / "suites"
OFFICIAL = Path(lm_eval.tasks.__file__).parent
GROUPS = sorted((SUITES / "groups").glob("*.yaml"))
ALLOWED = {"group", "task", "aggregate_metric_list", "metadata"}


@pytest.mark.parametrize("path", GROUPS, ids=lambda path: path.stem)
def test_a_group_of_ours_only_names_tasks_and_adds_them_up(path: Path):
    group = yaml.safe_load(path.read_text())
    assert group.keys() == ALLOWED
    assert all(isinstance(task, str) for task in group["task"]), "a task with fields beside its name is changed"


@pytest.mark.parametrize("path", GROUPS, ids=lambda path: path.stem)
def test_a_group_of_ours_takes_no_name_of_the_harness(path: Path):
    suites, _ = read_suites(folder("registry"))
    group = yaml.safe_load(path.read_text())
    asked = {one.folder for suite in suites.values() for one in suite.benchmarks if one.task == group["group"]}
    assert asked, "no suite asks it"
    official = [file for name in asked for file in (OFFICIAL / str(name)).rglob("*.yaml")]
    words = "\n".join(file.read_text() for file in official)
    assert f"group: {group['group']}\n" not in words
    assert all(f"task: {task}\n" in f"{words}\n" for task in group["task"])


@pytest.mark.parametrize("name", ["core", "common"])
def test_an_official_suite_asks_a_benchmark_of_several_tasks_once(name: str):
    suites, faults = read_suites(folder("registry"))
    assert not faults
    by_task = [task for lock in suites[name].locks.values() for task in lock.tasks]
    assert len(by_task) == len(set(by_task))
    assert {one.task for one in suites[name].benchmarks} == suites[name].locks.keys()
    assert all(one.data and one.released and one.licence for one in suites[name].benchmarks)


def test_common_asks_for_written_answers_alone_and_every_kind_but_base_can_sit_all_of_it():
    suites, _ = read_suites(folder("registry"))
    common = suites["common"]
    assert {one.output for one in common.protocols.values()} == {"generate_until"}
    assert all(one.chat_template for one in common.protocols.values())
    assert {tuple(one.protocols) for one in common.benchmarks} == {("instruct", "reasoning", "api")}


def test_what_core_and_common_share_is_locked_alike_so_that_one_run_serves_both():
    suites, _ = read_suites(folder("registry"))
    core, common = suites["core"], suites["common"]
    shared = core.locks.keys() & common.locks.keys()
    assert shared == {"ifeval", "minerva_math500", "mgsm_native_cot_five"}
    assert all(core.locks[task] == common.locks[task] for task in shared)
    asked = {core.protocols["generated_chat"].canonical(), common.protocols["chat"].canonical()}
    assert len(asked) == 1, "an instruct model's IFEval is asked twice"
