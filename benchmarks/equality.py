"""Ask a real model one official task of each shape, through ours and through `lm_eval run`, and compare every number.

Needs a Hub with the data sets, or the stand-in of tests/standin.py, and the demo's weights of SmolLM2-135M.

    python -m benchmarks.equality                     # every shape, every document
    python -m benchmarks.equality --limit 8
    python -m benchmarks.equality --shape "generated, two filters"
"""

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.official import SHAPES, compare, ours, theirs
from tests.standin import SERVER, only, stand_in


def main() -> None:
    """Print a line for each number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", action="append", choices=tuple(SHAPES), help="may be repeated; all if left out")
    parser.add_argument("--limit", type=int, help="only the first documents of each task")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if SERVER.exists():
            stack.enter_context(only(stack.enter_context(stand_in(scratch / "hf"))))
        for shape in arguments.shape or SHAPES:
            measure(scratch / SHAPES[shape].task, shape, arguments.limit)


def measure(root: Path, shape: str, limit: int | None) -> None:
    """Compare one shape."""
    root.mkdir()
    began = time.monotonic()
    rows = ours(root, (shape,), limit)
    between = time.monotonic()
    found = theirs(root, shape, limit)
    print(f"{shape}: {between - began:.0f} s ours, {time.monotonic() - between:.0f} s lm_eval run", flush=True)
    for number in compare(shape, rows, found):
        equal = "equal" if number.ours == number.theirs else f"apart by {abs(number.ours - number.theirs):.1e}"
        print(
            f"  {number.task} {number.metric} of {number.n_docs}: {number.ours!r} {number.theirs!r} {equal}", flush=True
        )


if __name__ == "__main__":
    main()
