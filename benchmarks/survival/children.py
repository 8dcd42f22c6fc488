"""Kill the child that has the model, at each of its points; its parent goes on, and the next night has every score.

A child is a fork of a process that has imported torch and lm-eval, which takes longer than all it then does.
"""

import os
import random
import shutil
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.survival.forks import FAULT, Say, run
from benchmarks.survival.results import Results
from standings.plan import Job
from standings.work import Event, Work, make_work
from tasks import admission, attempt, evaluate, planning
from tasks.evaluate import Limits
from tasks.faults import POINTS
from tasks.inspection import inspect
from tasks.lake import Lake
from tasks.store import FolderStore

ENOUGH = 30  # kills at each point
TIMES = {"child.in_job": 3, "child.before_job": 3, "child.after_job": 3}  # so often each is reached at least
LIMITS = Limits(load=300, job=300)  # seconds


class Forked:
    """Stand in for `subprocess.Popen` of `python -m tasks.harness.child`, as tasks/evaluate.py uses it."""

    fault = ""  # of the next child alone

    def __init__(self, _: Sequence[str], *, stdin: Any, stdout: Any, env: Mapping[str, str], **__: Any) -> None:
        self.returncode: int | None = None
        fault, Forked.fault = Forked.fault, ""
        self.pid = os.fork()
        if not self.pid:
            for place, descriptor in enumerate((stdin.fileno(), stdout.fileno(), stdout.fileno())):
                os.dup2(descriptor, place)
            os.environ |= {**env, FAULT: fault}
            _be_a_child()

    def poll(self) -> int | None:
        """Return how it ended, or None."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:  # noqa: ARG002 - as of Popen; it has closed its pipe
        """Wait for its end."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, 9)


def _be_a_child() -> None:
    from tasks.harness import child

    code = 1
    try:
        sys.stdin = open(0)  # noqa: SIM115 - the descriptor that was just put there
        child.main()
        code = 0
    except BaseException:  # noqa: BLE001 - the fork must end here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def kill_all(root: Path, kills: int, results: Results) -> None:
    """Kill what the results don't have yet, in a fork that has imported all that a child does."""
    keys = [
        ("kill", "folder", "child", point, it) for it in range(kills) for point in POINTS if point.startswith("child.")
    ]
    left = [key for key in keys if not results.has(key)]
    if left:
        root.mkdir()
        assert run(lambda _: _kill_all(root, left, results)).status == 0
        results.read()


def _kill_all(root: Path, keys: list[tuple[str, str, str, str, int]], results: Results) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import tasks.harness.session  # noqa: F401 - once for all children

    names = {name: getattr(subprocess, name) for name in ("STDOUT", "TimeoutExpired")}
    evaluate.subprocess = SimpleNamespace(Popen=Forked, **names)  # type: ignore[attr-defined]
    assert run(lambda _: _prepare(root)).status == 0
    right = _scores(root, "right", run(lambda say: _night(root, "right", "", say)).said)
    for key in keys:
        point, number = key[3], key[4]
        after = random.Random(number).randint(1, TIMES.get(point, 1))
        lake = f"{point}-{number}"
        results.add(key, _kill(root, lake, f"{point}#{after}", right))
        shutil.rmtree(root / lake)


def _prepare(root: Path) -> None:
    """Make a tiny model, its registry and suite, and write down the work of a night."""
    from tests.workplaces import tiny_workplace

    workplace = tiny_workplace(root)
    planning.write_pending(workplace.lake, workplace.registry, workplace.suites, attempt.now())
    [assignment] = workplace.plan().assignments
    suites = {suite.suite: suite for suite in workplace.suites}
    work = make_work(assignment, workplace.registry, suites, workplace.place)
    (root / "work.json").write_text(work.model_dump_json())


def _work(root: Path, lake: str, missing: set[str] | None = None) -> Work:
    work = Work.model_validate_json((root / "work.json").read_text())
    jobs = [job for job in work.jobs if missing is None or job.job_id in missing]
    again: list[Job] = [job.model_copy(update={"attempt": job.attempt + (missing is not None)}) for job in jobs]
    return work.model_copy(
        update={"jobs": tuple(again), "place": work.place.model_copy(update={"lake": root / lake / "lake"})}
    )


def _night(root: Path, lake: str, fault: str, say: Say, missing: set[str] | None = None) -> None:
    """Evaluate what is missing; acknowledge each run that the parent was told of or stored."""

    def hear(event: Event) -> None:
        if event.event in ("stored", "failed"):
            say(f"run {event.run_id}")

    Forked.fault = fault
    evaluate.evaluate(_work(root, lake, missing), LIMITS, root / lake / "log", hear)


def _scores(root: Path, lake: str, acknowledged: Sequence[str]) -> dict[str, float]:
    """Return the scores of an undisturbed night by job."""
    said = run(lambda say: _look(root, lake, {line.split()[1] for line in acknowledged}, say)).said
    return {job: float(value) for job, value in (line.split()[1:] for line in said if line.startswith("score "))}


def _look(root: Path, lake: str, acknowledged: set[str], say: Say) -> None:
    opened = Lake(FolderStore(root / lake / "lake"))
    admission.admit(opened, attempt.now())
    tables = opened.facts("run", "scores")
    runs = tables["run"].to_pylist()
    counts = Counter(row["run_id"] for row in runs)
    succeeded = Counter(row["job_id"] for row in runs if row["status"] == "succeeded")
    say(f"lost {len(acknowledged - counts.keys())}")
    say(f"doubled {sum(it > 1 for it in (*counts.values(), *succeeded.values()))}")
    say(f"torn {len(inspect(opened, attempt.now(), deep=True).rotten)}")
    say(f"failed_runs {len(runs) - succeeded.total()}")
    values = {row["run_id"]: row["value"] for row in tables["scores"].to_pylist()}
    for row in runs:
        if row["status"] == "succeeded":
            say(f"score {row['job_id']} {values[row['run_id']]}")


def _kill(root: Path, lake: str, fault: str, right: dict[str, float]) -> dict[str, object]:
    """Kill a child once in a night; then let a night do what is missing."""
    first = run(lambda say: _night(root, lake, fault, say))
    acknowledged = {line.split()[1] for line in first.said}
    seen = run(lambda say: _look(root, lake, acknowledged, say))
    missing = right.keys() - {line.split()[1] for line in seen.said if line.startswith("score ")}
    second = run(lambda say: _night(root, lake, "", say, missing)) if missing else None
    acknowledged |= {line.split()[1] for line in second.said} if second else set()
    end = run(lambda say: _look(root, lake, acknowledged, say))
    scores = {line.split()[1]: float(line.split()[2]) for line in end.said if line.startswith("score ")}
    wrong = Counter[str]()
    for ended in (seen, end):
        pairs = [line.split() for line in ended.said if not line.startswith("score ")]
        wrong.update({what: int(count) for what, count in pairs if what in ("lost", "doubled", "torn")})
    log = (root / lake / "log").read_text(errors="replace") if first.status or end.status else ""
    if log:
        print(log[-2000:])
    return {
        "killed": bool(missing),  # whose job the kill took shows as a failed run, and as nothing else
        "acknowledged": len(acknowledged),
        **wrong,
        "torn": wrong["torn"] + (scores != right),
        "unfinished": int(any((first.status, seen.status, end.status)) or (second is not None and second.status != 0)),
    }
