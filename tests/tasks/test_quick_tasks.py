"""The quick suite's tasks: each loads in lm-eval, asks what it is told to, and is strict where it says so."""

import inspect
import json
from pathlib import Path

import pytest
import yaml

from standings import quick
from standings.quick import call_match

lm_eval_tasks = pytest.importorskip("lm_eval.tasks", reason="the worker extra brings lm-eval")

REGISTRY = Path(__file__).parents[2] / "registry" / "suites"
SUITE = yaml.safe_load((REGISTRY / "quick.yaml").read_text())
TASKS = [entry["task"] for entry in SUITE["benchmarks"]]


def load(task: str, **metadata: object):
    manager = lm_eval_tasks.TaskManager(
        include_defaults=False, include_path=[str(REGISTRY / "quick")], metadata=metadata
    )
    return manager.load([task])["tasks"][task]


def prompt(task, document: dict) -> str:
    return task.fewshot_context(document, task.config.num_fewshot)


def test_every_task_is_a_benchmark_of_the_suite_and_every_benchmark_a_task() -> None:
    found = {yaml.safe_load(path.read_text().replace("!function ", ""))["task"] for path in task_files()}
    assert found == set(TASKS)
    assert {entry["id"] for entry in SUITE["benchmarks"]} <= set(quick.BENCHMARKS)


def task_files() -> list[Path]:
    return [path for path in (REGISTRY / "quick").glob("*.yaml") if not path.name.startswith("_")]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_asks_the_documents_that_the_suite_wants(name: str) -> None:
    task = load(name, **SUITE["metadata"])
    assert len(task.eval_docs) == SUITE["metadata"]["documents"] >= 24


@pytest.mark.parametrize("name", TASKS)
def test_epoch_and_documents_reach_the_generator(name: str) -> None:
    task = load(name, epoch=2, documents=7)
    benchmark = name.removeprefix("quick_")
    assert [each["query"] for each in task.eval_docs] == [each.query for each in quick.documents(benchmark, 2, 7)]


@pytest.mark.parametrize("name", [name for name in TASKS if name != "quick_call"])
def test_all_documents_share_their_beginning(name: str) -> None:
    task = load(name, documents=5)
    beginnings = {prompt(task, each).removesuffix(each["query"]) for each in task.eval_docs}
    assert len(beginnings) == 1
    shots = task.config.num_fewshot
    assert beginnings.pop().count("\n") >= shots > 0


@pytest.mark.parametrize("entry", SUITE["benchmarks"], ids=lambda entry: entry["id"])
def test_a_task_is_what_its_protocol_says(entry: dict) -> None:
    task = load(entry["task"])
    for name in entry["protocols"].values():
        protocol = SUITE["protocols"][name]
        assert (task.OUTPUT_TYPE, task.config.num_fewshot) == (protocol["output"], protocol["shots"])
        assert (task.config.generation_kwargs or {}).get("max_gen_toks") == protocol.get("max_tokens")


@pytest.mark.parametrize("entry", SUITE["benchmarks"], ids=lambda entry: entry["id"])
def test_the_declared_chance_is_that_of_the_number_of_choices(entry: dict) -> None:
    task = load(entry["task"])
    choices = {len(each["choices"]) if "choices" in each else 0 for each in task.eval_docs}
    assert entry["chance"] == (1 / choices.pop() if choices != {0} else 0)
    assert not choices - {0}


def test_the_evidence_in_the_docs_is_of_these_benchmarks() -> None:
    said = (REGISTRY.parents[1] / "docs" / "quick.md").read_text()
    scores = said.split("## Scores")[1].split("Epoch 2")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in scores.splitlines() if line.startswith("| ")]
    entries = [[entry["category"], entry["id"], f"{entry['chance']:.2f}"] for entry in SUITE["benchmarks"]]
    assert rows[2:] == entries


def test_a_call_is_asked_with_its_own_tools_and_examples_alone() -> None:
    task = load("quick_call", documents=5)
    for each in task.eval_docs:
        said = prompt(task, each)
        assert said == f"Do what the user wants with one call of a tool, in JSON.\n\n{each['query']}"
        assert [said.count(part) for part in ("Tools:", "User:", "Call:", '"arguments"')] == [1, 3, 3, 2]
        assert not any(stop in f" {each['answer']}" for stop in task.config.generation_kwargs["until"])


def test_the_score_of_a_call_is_tool_and_arguments() -> None:
    task = load("quick_call", documents=1)
    right = {"name": "book_table", "arguments": {"guests": 4}}
    document = {"query": "", "answer": json.dumps(right), "optional": '{"insured": false}'}
    other = {**right, "name": "book_room"}
    replies = [json.dumps(right), f"```json\n{json.dumps(right, indent=1)}\n```", json.dumps(other), "book_table(4)"]
    found = [task.process_results(document, [reply])["call"] for reply in replies]
    assert found == [1, 1, 0, 0]
    assert task.aggregation()["call"](found) == 0.5


def test_the_lock_of_a_call_holds_the_file_that_reads_it() -> None:
    task = load("quick_call", documents=1)
    assert inspect.getsourcefile(task.config.process_results) == call_match.__file__


ANSWERS = [
    # reply, right by strict-match, right by flexible-extract; the answer is dog-cat
    (" dog-cat", True, True),
    ("dog-cat", True, True),
    (" dog-cat.", False, True),
    (" dog-cat is the reply", False, True),
    (" The reply is dog-cat", False, False),
    (" Dog-Cat", False, False),
    (" dog - cat", False, False),
    (" dog", False, False),
    ("", False, False),
]


@pytest.mark.parametrize(("reply", "strict", "flexible"), ANSWERS)
def test_the_written_reply_is_parsed_strictly(reply: str, strict: bool, flexible: bool) -> None:
    task = load("quick_write", documents=1)
    document = {"query": "Join dog and cat with a hyphen:", "answer": "dog-cat"}
    said = {}
    for ensemble in task._filters:
        (kept,) = ensemble.filters[0]().apply([[reply]], [document])
        said[ensemble.name] = task.process_results(document, [kept[0]])["exact_match"]
    assert said == {"strict-match": strict, "flexible-extract": flexible}
