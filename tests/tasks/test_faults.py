"""The fault points: each is named once and reached by its name."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.faults import POINTS, reach

ROOT = Path(__file__).parents[2]


def test_every_fault_point_is_reached_somewhere_and_no_other_is() -> None:
    code = "\n".join(path.read_text() for room in ("tasks", "flows") for path in (ROOT / room).rglob("*.py"))
    assert set(re.findall(r'reach\("([^"]+)"\)', code)) == set(POINTS)


def test_without_the_setting_a_fault_point_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STANDINGS_FAULT", raising=False)
    for point in POINTS:
        reach(point)


def test_a_fault_point_that_nobody_named_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="not in POINTS"):
        reach("put.somewhere")


def test_the_third_time_a_point_is_reached_can_be_named() -> None:
    script = (
        "from tasks.faults import reach\nfor time in (1, 2, 3, 4):\n    print(time, flush=True); reach('child.in_job')"
    )
    variables = {**os.environ, "STANDINGS_FAULT": "child.in_job#3"}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=variables, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == [b"1", b"2", b"3"]
