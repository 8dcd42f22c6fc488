"""Run servers of one's own on this machine: a port that is free, and an end that leaves nothing behind."""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Collection

STOP_WITHIN = 30.0  # seconds that a process is given before it is killed
HIGHEST = 65_535


def free_port(taken: Collection[int] = (), highest: int = HIGHEST) -> int:
    """Return a port of loopback that nobody listens on, none of those `taken`."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port <= highest and port not in taken:
            return port


def stop(process: "subprocess.Popen[bytes]", within: float = STOP_WITHIN) -> None:
    """End a process that was started in a session of its own, and all that it started there; kill it after a while."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(within)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its session's group is named after it, and holds nobody else's
    process.wait()
