"""Set Prefect up for a flow in this process with no server. Must be called before prefect is imported."""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tasks.prefect_server import BATCHES, QUIET

SETTINGS = {
    **BATCHES,
    **QUIET,
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # of 20 s by default a fresh home took more
    "PREFECT_LOGGING_LEVEL": "WARNING",
    # Its temporary server is ended while it writes its own record, and tells of it in 60 lines under the board.
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}


def set_up(home: Path) -> None:
    """Set what is not set: a server that the user names stays the user's."""
    assert "prefect" not in sys.modules, "prefect reads its settings when it is imported, and was"
    prefect_home = home.absolute() / "prefect"
    prefect_home.mkdir(parents=True, exist_ok=True)  # Prefect makes its own home, but no folder above it
    for name, value in {**SETTINGS, "PREFECT_HOME": str(prefect_home)}.items():
        os.environ.setdefault(name, value)


def start_server() -> None:
    """Start the temporary server of a flow in this process out of Ctrl-C's reach; nothing where a server is named.

    A terminal sends Ctrl-C to every process of its group, and a flow whose server is gone waits for it for minutes.
    Prefect would start the same server at the flow's first call; it ends it at this process's exit either way.
    """
    from prefect.client.base import ServerType, determine_server_type  # noqa: TID251 - only once a flow will start
    from prefect.server.api.server import SubprocessASGIServer  # noqa: TID251 - the same

    if determine_server_type() is not ServerType.EPHEMERAL:
        return
    server = SubprocessASGIServer()
    # A signal mask is a thread's own and its child processes inherit it, so that this process still hears Ctrl-C.
    with ThreadPoolExecutor(1, "server", signal.pthread_sigmask, (signal.SIG_BLOCK, {signal.SIGINT})) as apart:
        try:
            apart.submit(server.start).result()
        except BaseException:
            server.stop()  # or leaving this block would wait until it is up
            raise


def kill_server() -> None:
    """End the temporary server at once, for an exit that runs nothing else."""
    if module := sys.modules.get("prefect.server.api.server"):
        server = module.SubprocessASGIServer()  # the one that was started, as there is one a process
        if server.server_process:
            server.server_process.kill()
