"""Write a suite's lock: run the harness in a child, compare, and keep the answer as YAML that people review."""

import json
import subprocess
from pathlib import Path

import yaml

from standings.suite import Lock, Suite
from tasks import machine

HEADER = """\
# Written by `standings suite lock {name}`; do not edit. What each task was when the suite was locked: a worker
# computes it again and refuses a task that differs. All hashes are sha256.
"""


class CannotLock(RuntimeError):
    """The harness could not load the suite's tasks; the message is its last lines."""


def compute(suite: Suite, registry: Path) -> dict[str, Lock]:
    """Load the suite's tasks in a child process and return what they are now. Raises CannotLock."""
    done = subprocess.run(
        [*machine.PYTHON, "tasks.harness.locking", suite.suite, str(registry)],
        env=machine.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise CannotLock(f"{suite.suite}: its tasks can't be loaded: {said}")
    return {task: Lock.model_validate(lock) for task, lock in json.loads(done.stdout).items()}


def differences(suite: Suite, locks: dict[str, Lock]) -> list[str]:
    """Say what the committed lock has otherwise, task by task."""
    said = []
    for task in sorted(suite.locks.keys() | locks.keys()):
        old, new = suite.locks.get(task), locks.get(task)
        if old and new:
            said += old.differences(new)
        else:
            said.append(f"{task}: {'is new' if new else 'has left the suite'}")
    return said


def write(suite: Suite, locks: dict[str, Lock], registry: Path) -> Path:
    """Write registry/suites/<suite>.lock.yaml and return its path."""
    path = registry / "suites" / f"{suite.suite}.lock.yaml"
    content = {task: lock.model_dump(exclude_none=True) for task, lock in sorted(locks.items())}
    path.write_text(HEADER.format(name=suite.suite) + yaml.safe_dump(content, sort_keys=True), encoding="utf-8")
    return path
