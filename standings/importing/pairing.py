"""Find the sample files of an lm-eval results file: their names carry the same time, or, until 0.4.2, the task."""

import json
import re
from collections.abc import Iterable, Iterator

STAMPED = re.compile(r"samples_(?P<task>.+)_(?P<stamp>\d{4}-\d\d-\d\dT[\d.:-]+)\.jsonl")


def samples_beside(results: str, names: Iterable[str], body: bytes) -> Iterator[tuple[str, str]]:
    """Yield task and file name of the sample files among `names` that belong to a results file."""
    if results == "results.json":
        yield from _by_task(names, body)
        return
    for name in sorted(names):
        found = STAMPED.fullmatch(name)
        if found and results == f"results_{found['stamp']}.json":
            yield found["task"], name


def stem_of_samples(name: str) -> str | None:
    """Return the time in the name of a sample file."""
    found = STAMPED.fullmatch(name)
    return found["stamp"] if found else None


def _by_task(names: Iterable[str], body: bytes) -> Iterator[tuple[str, str]]:
    """Until 0.4.2 a sample file is called <arguments>_<task>.jsonl, and the results file just results.json."""
    try:
        tasks = sorted(json.loads(body).get("results", {}), key=len, reverse=True)
    except (ValueError, AttributeError):
        return
    for name in sorted(names):
        stem = name.removesuffix(".jsonl")
        task = next((task for task in tasks if stem == task or stem.endswith(f"_{task}")), None)
        if name.endswith(".jsonl") and task is not None and not STAMPED.fullmatch(name):
            yield task, name
