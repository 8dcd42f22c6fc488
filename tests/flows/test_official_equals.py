"""An official task of each shape, asked of real weights: ours are the very doubles that lm-eval computes on its own.

A few documents of each, and lm-eval is called as a library, as its command line takes ten seconds to find a task.
`python -m benchmarks.equality` asks all documents, and calls the command line.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.official import ROOT, SHAPES, compare
from tests.standin import needs_stand_in, only, stand_in

pytestmark = needs_stand_in
LIMIT = 3
Results = list[dict[str, Any]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Results, Results]]:
    """Return, of each shape, the rows of our board and lm-eval's own results.

    In a process of its own: the hub's library reads its address once, when it is imported.
    """
    root = tmp_path_factory.mktemp("official")
    with stand_in(root / "hf") as hub, only(hub):
        words = [sys.executable, "-m", "tests.official", str(root), str(LIMIT)]
        done = subprocess.run(words, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    rows, found = json.loads((root / "asked.json").read_text())
    return lambda shape: (rows, found[shape])


@pytest.mark.parametrize("shape", SHAPES)
def test_an_official_task_of_each_shape_gives_the_double_that_lm_eval_gives(shape: str, both):
    numbers = list(compare(shape, *both(shape)))
    asked = SHAPES[shape]
    assert (asked.task, ",".join(asked.score)) in {(number.task, number.metric) for number in numbers}
    for number in numbers:
        exactly = number.theirs if asked.exact else pytest.approx(number.theirs, abs=1e-5)
        assert number.ours == exactly, number


def test_not_all_of_it_is_wrong_nor_right(both):
    values = {number.ours for shape in SHAPES for number in compare(shape, *both(shape))}
    assert any(0 < value < 1 for value in values), "all wrong or all right would be equal whatever was asked"
