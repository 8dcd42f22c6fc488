"""Ask a real model one official task of each shape, through ours and through `lm_eval run`, and compare every number.

Needs a Hub with the data sets, or the stand-in of tests/standin.py, and the demo's weights of SmolLM2-135M.

    python -m benchmarks.equality                     # every shape, every document
    python -m benchmarks.equality --limit 8
    python -m benchmarks.equality --shape "generated, two filters"
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.official import SHAPES, compare, ours, theirs
from tests.standin import SERVER, only, stand_in

INSIDE = "EQUALITY_ASKS_THE_STAND_IN"


def main() -> None:
    """Print a line for each number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", action="append", choices=tuple(SHAPES), help="may be repeated; all if left out")
    parser.add_argument("--limit", type=int, help="only the first documents of each task")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if SERVER.exists() and INSIDE not in os.environ:
            # The hub's library reads its address once, when it is imported: the rest is a process of its own.
            with stand_in(Path(folder) / "hf") as hub, only(hub):
                words = [sys.executable, "-m", "benchmarks.equality", *sys.argv[1:]]
                sys.exit(subprocess.run(words, env={**os.environ, INSIDE: "1"}, check=False).returncode)
        for shape in arguments.shape or SHAPES:
            measure(Path(folder) / SHAPES[shape].task, shape, arguments.limit)


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
