"""Run acts in processes of their own, which are cheap to make: this one has imported all that they need.

The process that forks starts no thread: a thread's locks would be held for ever in the fork.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tasks.harness.child import die_with_parent

with suppress(ImportError):
    import pandas  # noqa: F401 - pyarrow looks for it in each process anew, for a third of a second

Say = Callable[[str], None]  # acknowledge: the line is out before the call returns
FAULT = "STANDINGS_FAULT"


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it had acknowledged."""

    status: int  # as of subprocess: minus the signal that killed it
    said: tuple[str, ...]

    @property
    def killed(self) -> bool:
        """Tell whether it was killed."""
        return self.status == -signal.SIGKILL


class Fork:
    """A process that does one act."""

    def __init__(self, act: Callable[[Say], object], fault: str = "") -> None:
        self._heard, said = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            os.close(self._heard)
            _be(act, said, fault)
        os.close(said)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Ended:
        """Hear it to its end."""
        with os.fdopen(self._heard) as pipe:
            said = tuple(pipe.read().splitlines())
        return Ended(os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), said)


def _be(act: Callable[[Say], object], said: int, fault: str) -> None:
    """Be the fork: do the act and end, whatever it was."""
    code = 1
    try:
        die_with_parent()
        os.environ[FAULT] = fault
        act(lambda line: os.write(said, f"{line}\n".encode()))
        code = 0
    except BaseException:  # noqa: BLE001 - the fork must end here
        if fault or os.environ.get("SURVIVAL_QUIET") is None:
            traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run(act: Callable[[Say], object], fault: str = "") -> Ended:
    """Do an act in a fork and wait for its end."""
    return Fork(act, fault).wait()
