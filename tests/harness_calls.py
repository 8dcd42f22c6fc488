"""Call lm-eval's own command line, several times in one process: `python -m tests.harness_calls CALLS.json`.

Each call is a list of the words that follow `lm_eval`, and sets its own seeds and loads its own model. It knows the
tasks of the folder given and no others: to list its own 13,000, of which none is asked, takes it ten seconds a call.
"""

import json
import sys
from pathlib import Path
from typing import Any

import lm_eval.tasks
from lm_eval.__main__ import cli_evaluate


class GivenTasks(lm_eval.tasks.TaskManager):
    """Know the tasks of the folder given alone."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **{**named, "include_defaults": False})


if __name__ == "__main__":
    lm_eval.tasks.TaskManager = GivenTasks  # type: ignore[misc]
    for words in json.loads(Path(sys.argv[1]).read_text()):
        sys.argv = ["lm_eval", *words]
        cli_evaluate()
