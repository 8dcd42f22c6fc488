"""Run a Prefect server and its process workers on this machine: on loopback alone, with every setting that holds.

Prefect itself is never imported here: both are processes of their own, told what to do by their environment.
"""

import base64
import contextlib
import errno
import fcntl
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tasks import machine
from tasks.processes import free_port, stop

READY_WITHIN = 180.0  # seconds; seen: 12 to 18 on a fresh home, as its tables are made
HEARTBEAT = 30  # seconds between the signs of life of a running flow; the least that Prefect takes
LEASES = "prefect.server.concurrency.lease_storage.filesystem"
KEPT = 30 * 24 * 3600  # seconds that Prefect's own record of a flow run is kept; the lake has what counts

# Measured in Prefect 3.8.8: without batches a 40-task flow recorded 13 to 26 of its tasks, at four times the CPU.
BATCHES = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
}
QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
# What a server needs to live through nights, whoever starts it: compose and Helm set the same.
DURABLE = {
    **BATCHES,
    **QUIET,
    # In memory, as Prefect has them, a restart loses the leases and then cancels every night that follows.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": LEASES,
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(KEPT),
    "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
    # A dispatched run is meant to wait for a slot. Called late after 15 s, each is written to every five seconds,
    # and on SQLite all others wait: with eight slots on two cores up to three minutes were seen.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "3600",
}


class NotServed(RuntimeError):
    """Say that a server or a worker can't be started, and why."""


@dataclass(frozen=True)
class Server:
    """A running server and how to reach it."""

    process: subprocess.Popen[bytes]
    url: str  # of its API
    auth: str = field(repr=False)  # `user:password`
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with which a client or a worker on this machine reaches it. Holds its password."""
        return {
            "PREFECT_API_URL": self.url,
            "PREFECT_API_AUTH_STRING": self.auth,
            "PREFECT_HOME": str(self.folder / "client"),
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT),
            "DO_NOT_TRACK": "1",
        }


@contextmanager
def serving(folder: Path, port: int | None = None, **settings: str) -> Iterator[Server]:
    """Serve Prefect's API with its database in `folder` until the block ends. Raises NotServed.

    `settings` are further variables of the server's environment.
    """
    server = start(folder.absolute(), port, settings)
    try:
        yield server
    finally:
        stop(server.process)


def start(folder: Path, port: int | None = None, settings: Mapping[str, str] | None = None) -> Server:
    """Start a server and wait until it answers; the caller ends its process.

    Raises NotServed where the port is taken, and where another one serves the folder: two would share a database.
    """
    (folder / "client").mkdir(parents=True, exist_ok=True)
    lock = claim(folder)
    try:
        return _started(folder, lock, require_free(port) if port else free_port(), settings or {})
    finally:
        os.close(lock)


def _started(folder: Path, lock: int, port: int, settings: Mapping[str, str]) -> Server:
    auth = password(folder / "auth")
    given = {
        **DURABLE,
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_API_AUTH_STRING": auth,  # never a word of the command line, which everybody on the machine sees
        **settings,
    }
    words = ["server", "start", "--host", "127.0.0.1", "--port", str(port)]
    process = launch(words, given, folder / "server.log", lock)
    note(folder, process)
    server = Server(process=process, url=f"http://127.0.0.1:{port}/api", auth=auth, folder=folder)
    try:
        wait_until_healthy(server)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return server


@contextmanager
def working(
    environment: Mapping[str, str], pool: str, name: str, limit: int, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process worker of a work pool until the block ends, and its flow runs with it.

    `environment` says how it reaches its server (Server.environment) and holds the worker's own settings.
    """
    process = start_worker(environment, pool, name, limit, log)
    try:
        yield process
    finally:
        stop(process)


def start_worker(
    environment: Mapping[str, str], pool: str, name: str, limit: int, log: Path
) -> subprocess.Popen[bytes]:
    """Start a process worker; the caller ends its process."""
    log.parent.mkdir(parents=True, exist_ok=True)
    words = ["worker", "start", "--pool", pool, "--name", name, "--limit", str(limit), "--type", "process"]
    given = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT), **environment}
    return launch([*words, "--install-policy", "never"], given, log)


def launch(words: list[str], environment: Mapping[str, str], log: Path, *kept: int) -> subprocess.Popen[bytes]:
    """Start `prefect WORDS` in a session of its own, out of reach of a terminal's Ctrl-C; the caller ends it.

    Of this process's environment it takes all but Prefect's variables: those of a server that a person
    named would make this one another's. `kept` are descriptors that stay open in it.
    """
    bare = {name: value for name, value in machine.environment().items() if not name.startswith("PREFECT_")}
    given = {**bare, **environment}
    # A worker starts `python`, by that name: it is to be this one, whether its environment is active or not.
    given["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), given.get("PATH", os.defpath)])
    with log.open("ab") as written:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "prefect", *words],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            env=given,
            start_new_session=True,
            pass_fds=kept,
        )


def wait_until_healthy(server: Server) -> None:
    """Wait until the server answers, and see that it is this one: no other would take its password."""
    word = base64.b64encode(server.auth.encode()).decode()
    question = urllib.request.Request(f"{server.url}/admin/version", headers={"Authorization": f"Basic {word}"})  # noqa: S310 - loopback
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if (code := server.process.poll()) is not None:  # another server on its port would answer in its place
            raise NotServed(f"Prefect's server ended with {code}; see {server.folder / 'server.log'}")
        with contextlib.suppress(OSError), urllib.request.urlopen(question, timeout=5):  # noqa: S310 - the same
            return
        time.sleep(0.1)
    raise NotServed(f"Prefect's server did not answer within {READY_WITHIN:.0f} s; see {server.folder / 'server.log'}")


def claim(folder: Path) -> int:
    """Lock a server's folder; return the descriptor, which its process keeps: the lock is free when that is dead.

    Raises NotServed while a server holds it, or workers that one left behind are alive.
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = False
    except BlockingIOError:
        held = True
    alive = [str(pid) for pid in noted(folder)]
    if not held and not alive:
        (folder / "processes").unlink(missing_ok=True)
        return descriptor
    os.close(descriptor)
    raise NotServed(
        f"{folder}: a server is at work on it already, or its workers are. Stop its `standings up` with Ctrl-C; "
        f"where that was killed, end what it left: kill {' '.join(alive)}".rstrip()
    )


def note(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Write down a process that serves a folder or works for it, to be named should nobody be left to end it."""
    with (folder / "processes").open("a") as file:
        file.write(f"{process.pid}\n")


def noted(folder: Path) -> list[int]:
    """Return the processes of a folder that are alive; a number that another program has by now is none of them."""
    file = folder / "processes"
    numbers = [int(line) for line in file.read_text().split()] if file.exists() else []
    found = []
    for number in numbers:
        with contextlib.suppress(OSError):  # it has ended
            if b"prefect" in Path(f"/proc/{number}/cmdline").read_bytes():
                found.append(number)
    return found


def require_free(port: int) -> int:
    """Return a port of loopback that nobody listens on. Raises NotServed."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: one that ended lingers
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise NotServed(f"--port: {port} is in use. Give another one, or none for a free one") from error
    return port


def password(file: Path) -> str:
    """Return the server's auth string, made at the first start; only its owner may read it."""
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(f"standings:{secrets.token_urlsafe(24)}")
    return file.read_text().strip()
