"""Note which of the project's functions each process calls and which of its files it opens.

Python imports this at start where its folder is on PYTHONPATH. The notes go to a file per process in
STANDINGS_TEST_TRACE, written through at once, so that a process that is killed has told what it did.

Each function of the project is compiled with a first line that notes it. A tracer would be called for every function of
torch and Prefect too, by the million, and doubled the time of what it watched.
"""

import ast
import os
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

ROOT = str(Path(__file__).parents[2]) + os.sep
FOLDERS = tuple(ROOT + name + os.sep for name in ("flows", "tasks", "standings", "registry", "sql"))
NOTE = "_called_in_a_file_of_standings"
seen: set[tuple[str, str]] = set()
compiled = SourceFileLoader.get_code


def start(folder: str) -> None:
    """Note calls and opened files until the process ends."""
    notes = os.open(Path(folder) / str(os.getpid()), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(kind: str, path: str) -> None:
        if (kind, path) not in seen and path.startswith(FOLDERS):
            seen.add((kind, path))
            os.write(notes, f"{kind} {path.removeprefix(ROOT)}\n".encode())

    def audited(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            note("open", arguments[0])

    setattr(sys, NOTE, note)
    SourceFileLoader.get_code = noted  # type: ignore[method-assign]
    sys.addaudithook(audited)


def noted(loader: SourceFileLoader, name: str) -> CodeType | None:
    """Compile a module of the project so that its functions note their calls; never kept as bytecode."""
    path = loader.get_filename(name)
    if not path.startswith(FOLDERS):
        return compiled(loader, name)
    tree = ast.parse(loader.get_data(path), path)
    line = f"__import__('sys').{NOTE}('call', {path!r})"
    for node in ast.walk(tree):  # a module's own body is no function: importing a file is not using it
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            [call] = ast.parse(line).body
            for part in ast.walk(call):
                ast.copy_location(part, node)
            node.body.insert(1 if ast.get_docstring(node, clean=False) is not None else 0, call)
    return compile(tree, path, "exec", dont_inherit=True)


if "STANDINGS_TEST_TRACE" in os.environ:
    start(os.environ["STANDINGS_TEST_TRACE"])
