"""Say how runs look that were written without a disturbance."""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from benchmarks.survival.acts import NOON, put_run
from benchmarks.survival.forks import Say, run
from benchmarks.survival.judge import Look, look
from tasks import admission
from tasks.lake import Lake
from tasks.store import FolderStore


def rights(numbers: Iterable[int]) -> dict[str, Look]:
    """Put and admit runs in a folder of their own, in a fork, and return how each looks."""
    with tempfile.TemporaryDirectory() as name:

        def make(_: Say) -> None:
            lake = Lake(FolderStore(Path(name) / "lake"))
            for number in numbers:
                put_run(lake, number)
            admission.admit(lake, NOON)
            (Path(name) / "right").write_text(json.dumps({it: asdict(one) for it, one in look(lake).items()}))

        assert run(make).status == 0
        told = json.loads((Path(name) / "right").read_text())
    return {it: Look(**one) for it, one in told.items()}
