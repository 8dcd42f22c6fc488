"""Note which of the project's functions each process calls and which of its files it opens.

Python imports this at start where its folder is on PYTHONPATH. The notes go to a file per process in
STANDINGS_TEST_TRACE, written through at once, so that a process that is killed has told what it did.
"""

import os
import sys
from pathlib import Path
from types import FrameType

ROOT = str(Path(__file__).parents[2]) + os.sep
FOLDERS = tuple(ROOT + name + os.sep for name in ("flows", "tasks", "standings", "registry", "sql"))
seen: set[str] = set()


def start(folder: str) -> None:
    """Note calls and opened files until the process ends."""
    notes = os.open(Path(folder) / str(os.getpid()), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(kind: str, path: str) -> None:
        line = f"{kind} {path.removeprefix(ROOT)}\n"
        if path.startswith(FOLDERS) and line not in seen:
            seen.add(line)
            os.write(notes, line.encode())

    def called(frame: FrameType, event: str, _: object) -> None:
        # A module's own body is no function: importing a file is not using it.
        if event == "call" and frame.f_code.co_name != "<module>":
            note("call", frame.f_code.co_filename)

    def audited(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            note("open", arguments[0])

    sys.settrace(called)  # it returns None, so lines are not traced: a fifth of what a profile costs
    sys.addaudithook(audited)


if "STANDINGS_TEST_TRACE" in os.environ:
    start(os.environ["STANDINGS_TEST_TRACE"])
