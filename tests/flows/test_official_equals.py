"""An official task of each shape, asked of real weights: ours are the very doubles that lm-eval computes on its own.

A few documents of each, and lm-eval is called in this process, as its command line takes ten seconds to find a task.
`python -m benchmarks.equality` asks all documents, and calls the command line.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lm_eval.tasks
import pytest
import torch
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

from tests.official import SHAPES, compare, ours
from tests.real_weights import real_weights
from tests.standin import needs_stand_in, only, stand_in

pytestmark = needs_stand_in
LIMIT = 3
OFFICIAL = Path(lm_eval.tasks.__file__).parent
Results = list[dict[str, Any]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Results, Results]]:
    """Return, of each shape, the rows of our board and lm-eval's own results."""
    root = tmp_path_factory.mktemp("official")
    with stand_in(root / "hf") as hub, only(hub):
        rows = ours(root, tuple(SHAPES), LIMIT)
        torch.set_num_threads(1)
        stock = HFLM(pretrained=str(real_weights(root)), dtype="float32", device="cpu", batch_size=8)
        found = {shape: theirs(stock, root, shape) for shape in SHAPES}
    return lambda shape: (rows, found[shape])


def theirs(stock: HFLM, root: Path, name: str) -> Results:
    """Ask lm-eval's own backend a shape, and return its results, one a repeat."""
    shape = SHAPES[name]
    asked = shape.protocol
    folders = [str(OFFICIAL / shape.folder), str(root / "registry" / "suites" / "groups")]
    settings = {"max_gen_toks": asked["max_tokens"]} if "max_tokens" in asked else {}
    if "sampling" in asked:
        settings |= {**asked["sampling"], "do_sample": True}
    return [
        simple_evaluate(
            model=stock,
            tasks=[shape.task],
            task_manager=TaskManager(include_defaults=False, include_path=folders),
            num_fewshot=asked.get("shots"),
            apply_chat_template=asked.get("chat_template", False),
            fewshot_as_multiturn=asked.get("fewshot_as_multiturn", False),
            gen_kwargs=settings or None,
            limit=LIMIT,
            torch_random_seed=1234 + repeat,
            bootstrap_iters=0,
        )["results"]
        for repeat in range(asked.get("repeats", 1))
    ]


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
