"""What a night of many assignments costs: CPU by who spends it, what of it is Prefect's, and memory at the peak."""

import contextlib
import subprocess
import sys
import time

import psutil

from benchmarks.nights.stage import NIGHT, ROOT, Stage, counted, say
from tests.server import FINAL

WITHOUT_PREFECT = """
import time
from standings.work import make_work
from tasks.evaluate import evaluate
from tasks.settings import Settings
from tasks.workplace import Workplace
place = Workplace.open(Settings())
opened = time.process_time()
[assignment] = place.plan().assignments
planned = time.process_time()
suites = {suite.suite: suite for suite in place.suites}
outcome = evaluate(make_work(assignment, place.registry, suites, place.place), place.limits, place.log(assignment),
                   lambda event: None)
assert len(outcome.stored) == 3, outcome
print(opened + time.process_time() - planned)
"""


def many(stage: Stage, models: int) -> None:
    """Evaluate many models in one night, and measure what Prefect costs each and what it all takes at its peak."""
    for number in range(models - 1):
        stage.add_model(300 + number)
    began, before = time.monotonic(), spent(stage)
    api = stage.api
    run, peak = api.start(NIGHT), 0
    while (night := api.run(run))["state_type"] not in FINAL:
        peak = max(peak, sum(sizes(stage).values()))
        time.sleep(1)
    seconds, after = time.monotonic() - began, spent(stage)
    runs = api.runs(flow_runs={"tags": {"all_": ["assignment"]}})
    of_workers = sum(cpu - before[name] for name, cpu in after.items() if name.startswith("worker"))
    of_server = after["server"] - before["server"]
    flows, harness = (sum(column) / len(runs) for column in zip(*assignments(stage), strict=True))
    bare = without_prefect(stage)
    say(
        scenario="many", assignments=len(runs), state=night["state"]["name"], said=night["state"]["message"],
        seconds=round(seconds), peak_mib=round(peak / 2**20),
        cpu_seconds_an_assignment={
            "harness": round(harness, 2), "flow run": round(flows, 2), "server": round(of_server / len(runs), 2),
            "worker": round(of_workers / len(runs) - flows - harness, 2), "the same without Prefect": round(bare, 2),
            "Prefect": round((of_server + of_workers) / len(runs) - harness - bare, 2),
        },
    )  # fmt: skip
    assert night["state"]["name"] == "Completed", night["state"]
    assert set(counted(stage.lake).values()) == {1}


def spent(stage: Stage) -> dict[str, float]:
    """Return CPU seconds of the server and of each worker with all that it has started and outlived."""
    found = {}
    for name, pid in {"server": stage.server.process.pid, **{n: p.pid for n, p in stage.workers.items()}}.items():
        times = psutil.Process(pid).cpu_times()
        found[name] = times.user + times.system + times.children_user + times.children_system
    return found


def sizes(stage: Stage) -> dict[str, int]:
    """Return the memory of the server, of the workers and of all that they have started, shared pages once."""
    found = {}
    for name, pid in {"server": stage.server.process.pid, **{n: p.pid for n, p in stage.workers.items()}}.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            found[name] = sum(pss(process) for process in family)
    return found


def pss(process: psutil.Process) -> int:
    """Return a process's share of memory in bytes; 0 where it is gone."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def assignments(stage: Stage) -> list[tuple[float, float]]:
    """Return the CPU seconds of each assignment's flow run and the harness below it, as each told them."""
    rows = [line.split() for line in (stage.root / "cpu").read_text().splitlines()]
    return [(float(own), float(below)) for own, below in rows if float(below)]  # a night has nothing below it


def without_prefect(stage: Stage) -> float:
    """Return the CPU seconds of an assignment's process, the harness below it left out, where Prefect is not there."""
    stage.add_model(299)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PREFECT], cwd=ROOT, env=stage.environment, capture_output=True, check=True
    )
    return float(done.stdout.split()[-1])
