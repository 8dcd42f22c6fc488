"""Load a suite's tasks in lm-eval, and compute what the suite locks of them."""

import hashlib
import inspect
import json
import types
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import lm_eval.tasks
from datasets.config import HF_ENDPOINT
from datasets.exceptions import FileNotFoundDatasetsError
from lm_eval.tasks import TaskManager

from standings.identity import digest
from standings.suite import Benchmark, Lock, Protocol, Suite, TaskLock
from tasks.harness.errors import NoData, UnknownTask

PATHS = {"config_source"}  # lm-eval adds the path of the YAML to a task's metadata
OFFICIAL = Path(lm_eval.tasks.__file__).parent


def load(suite: Suite, benchmark: Benchmark, registry: Path) -> dict[str, Any]:
    """Load the benchmark's task or group as lm-eval's TaskDict: leaf tasks, groups and their map.

    Raises UnknownTask with the folder that was looked in, and NoData with the data set that the hub does not give.
    """
    whole_index = suite.tasks is None and benchmark.folder is None
    folder = registry / "suites" / suite.tasks if suite.tasks else OFFICIAL / (benchmark.folder or "")
    groups = [str(registry / "suites" / suite.groups)] if suite.groups else []
    manager = TaskManager(
        include_defaults=whole_index,
        include_path=groups if whole_index else [str(folder), *groups],
        metadata={**suite.metadata, "epoch": benchmark.epoch} if suite.tasks else None,
    )
    if benchmark.task not in manager.all_tasks:
        raise UnknownTask(
            f"{suite.suite}/{benchmark.id}: lm-eval has no task '{benchmark.task}' in {folder.name}. "
            "Correct `task` or `folder` in the suite."
        )
    try:
        loaded: dict[str, Any] = manager.load([benchmark.task])
    except FileNotFoundDatasetsError as error:  # it names the data set, and neither the benchmark nor the hub
        raise NoData(
            f"{suite.suite}/{benchmark.id}: {str(error).strip().rstrip('.')}. Asked was {HF_ENDPOINT}. Set HF_ENDPOINT "
            "to a hub that has it, or accept its terms there and set HF_TOKEN; then run `standings retry`."
        ) from error
    return loaded


# What lm-eval keeps of a sample under names of its own; a metric of such a name would overwrite it.
SAMPLE_FIELDS = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"}


def misfits(protocol: Protocol, loaded: dict[str, Any]) -> list[str]:
    """Say what the protocol asks otherwise than the tasks can be asked: lm-eval passes over it in silence."""
    said = []
    for name, task in loaded["tasks"].items():
        if protocol.output != task.OUTPUT_TYPE:
            said.append(f"{name} is {task.OUTPUT_TYPE}, the protocol says {protocol.output}")
        if protocol.shots and task.config.num_fewshot == 0:
            said.append(f"{name} is always asked without examples, the protocol says {protocol.shots} shots")
        if protocol.repeats > 1 and task.config.repeats > 1:
            said.append(f"{name} itself makes one answer of {task.config.repeats}, the protocol says repeats")
        if protocol.repeats > 1 and not is_sampled(protocol, task):
            said.append(f"{name} is asked greedily, the protocol says repeats: all would be alike. Say `sampling`")
        if protocol.thinking and task.config.gen_prefix:
            said.append(f"{name} begins the answer itself, the protocol says thinking: there is no room for a thought")
        for metric in SAMPLE_FIELDS & {one["metric"] for one in task.config.metric_list or () if "metric" in one}:
            said.append(f"{name} has a metric '{metric}', under which lm-eval keeps something else of each answer")
    return said


def is_sampled(protocol: Protocol, task: Any) -> bool:
    """Tell whether a task's answers are drawn: as the protocol says, or where it says nothing as the task does."""
    if protocol.sampling:
        return protocol.sampling.get("temperature") != 0
    return bool((task.config.generation_kwargs or {}).get("do_sample"))


def lock(loaded: dict[str, Any]) -> Lock:
    """Hash what a loaded task or group is: configuration, functions, documents."""
    groups = loaded.get("groups") or {}
    aggregation = {name: plain(group.to_dict()) for name, group in groups.items()}
    return Lock(
        tasks={name: lock_task(task) for name, task in sorted(loaded["tasks"].items())},
        group=digest(aggregation) if aggregation else None,
    )


def lock_task(task: Any) -> TaskLock:
    """Hash one leaf task."""
    configuration = {field.name: getattr(task.config, field.name) for field in fields(task.config)}
    functions = {name: source for name, value in walk(configuration) if (source := source_hash(value))}
    return TaskLock(
        version=str(task.VERSION),
        config=digest({name: plain(value) for name, value in configuration.items() if value is not None}),
        functions=digest(functions),
        documents=len(task.eval_docs),
        fingerprint=fingerprint(task.eval_docs),
        examples=fingerprint(examples(task)),
    )


def examples(task: Any) -> Iterable[Any]:
    """Return the documents that few-shot examples come from, and none where the task has no such split."""
    has_examples = task.config.fewshot_split or task.has_training_docs() or task.has_validation_docs()
    return (task.fewshot_docs() or []) if has_examples else []


def fingerprint(documents: Iterable[Any]) -> str:
    """Hash documents in their order: one JSON line each."""
    hashed = hashlib.sha256()
    for document in documents:
        hashed.update(json.dumps(document, sort_keys=True, ensure_ascii=False, default=str).encode() + b"\n")
    return hashed.hexdigest()


def walk(value: Any, path: str = "") -> Iterable[tuple[str, Any]]:
    """Yield every leaf of a nested configuration with its path."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from walk(inner, f"{path}.{place}")
    else:
        yield path, value


def source_hash(value: Any) -> str | None:
    """Hash the file that a task's own function stands in: what the function calls changes its answers too.

    lm-eval's and the libraries' functions are left to the harness's version, so that an upgrade re-evaluates nothing.
    """
    if not isinstance(value, types.FunctionType):
        return None
    path = Path(inspect.getsourcefile(value) or "")
    is_library = OFFICIAL.parent in path.parents and OFFICIAL not in path.parents
    return None if is_library or not path.is_file() else hashlib.sha256(path.read_bytes()).hexdigest()


def plain(value: Any) -> Any:
    """Turn a configuration into JSON values without paths or addresses: a callable becomes its name."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items() if inner is not None and key not in PATHS}
    if isinstance(value, list | tuple | set):
        return [plain(inner) for inner in value]
    if isinstance(value, Callable):  # type: ignore[arg-type]
        return getattr(value, "__qualname__", type(value).__qualname__)
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)
