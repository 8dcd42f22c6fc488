"""Set up everything that a night needs, each part a process that can be killed and started again."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

from flows.cli.up import ASK_EVERY
from tasks import prefect_server, seaweed
from tasks.lake import Lake
from tasks.processes import free_port, stop
from tasks.s3 import open_store
from tasks.settings import Settings
from tasks.snapshots import latest
from tests.chat import listening
from tests.hub import Hub
from tests.server import Api
from tests.tiny import tiny_model
from tests.workplaces import make_registry, write_model, write_suite

ROOT = Path(__file__).parents[2]
POOL, NIGHT = "here", "nightly/nightly"
SECRET = secrets.token_urlsafe(24)
# Each flow run tells what it and the harness's process below it have spent when it ends.
TELL_CPU = """
import atexit, os, sys
if "prefect.engine" in sys.orig_argv:
    def tell():
        spent = os.times()
        with open(os.environ["BENCHMARK_CPU"], "a") as file:
            file.write(f"{spent.user + spent.system} {spent.children_user + spent.children_system}\\n")
    atexit.register(tell)
"""


@dataclass
class Stage:
    """The processes and how to reach them."""

    root: Path
    environment: dict[str, str]
    server: prefect_server.Server
    objects: seaweed.Server
    hub: Hub
    slots: int
    server_settings: dict[str, str]
    alarms: list[str]  # what the server has told
    workers: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    receiver: "subprocess.Popen[bytes] | None" = None
    port: int = 0  # of the receiver

    @cached_property
    def api(self) -> Api:
        """Ask the server: one client, as a second one's token ends the first one's."""
        return Api(self.environment)

    @property
    def lake(self) -> Lake:
        """Read the lake."""
        return Lake(open_store(Settings().address))

    @property
    def registry(self) -> Path:
        """Return the registry's folder."""
        return self.root / "registry"

    def ask(self, *words: str) -> str:
        """Run a command of standings and return what it prints."""
        command = [sys.executable, "-m", "flows.cli", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"standings {' '.join(words)}: {done.stderr}"
        return done.stdout

    def snapshot(self) -> str | None:
        """Return the id of the snapshot that readers get."""
        pointer = latest(self.lake.store)
        return pointer and pointer.id

    def start_worker(self, name: str) -> None:
        """Start the worker of the control plane, or one of the pool's."""
        pool, limit = ("control", 4) if name == "control" else (POOL, self.slots)
        log = self.root / "logs" / f"{name}.log"
        environment = {**self.environment, "PREFECT_WORKER_QUERY_SECONDS": ASK_EVERY}
        self.workers[name] = prefect_server.start_worker(environment, pool, name, limit, log)

    def start_server(self) -> None:
        """Start Prefect's server again, on its port and its database."""
        port = int(self.server.url.split(":")[2].split("/")[0])
        self.server = prefect_server.start(self.server.folder, port, self.server_settings)
        self.__dict__.pop("api", None)

    def start_objects(self) -> None:
        """Start SeaweedFS again, on its port and its objects."""
        port = int(self.objects.endpoint.rpartition(":")[2])
        self.objects = seaweed.start(self.root / "s3", port)

    def start_receiver(self) -> None:
        """Start the receiver of webhooks."""
        self.port = free_port()
        words = [sys.executable, "-m", "flows.cli", "webhook", "up", "--port", str(self.port)]
        with (self.root / "logs" / "webhook.log").open("ab") as log:
            self.receiver = subprocess.Popen(words, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        self.wait_for(f"http://127.0.0.1:{self.port}/healthz")

    def wait_for(self, url: str) -> None:
        """Wait until an address answers."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                httpx.get(url, timeout=2).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"{url} did not answer")

    def processes(self, what: str) -> list[psutil.Process]:
        """Find what may be killed: server, s3, a worker, night, engine (of an assignment) or child (its model)."""
        if what in ("server", "s3"):
            return [psutil.Process((self.server if what == "server" else self.objects).process.pid)]
        if what in self.workers:
            return [psutil.Process(self.workers[what].pid)]
        if what == "night":
            return children(self.workers["control"].pid)
        below = [item for name in self.workers if name != "control" for item in children(self.workers[name].pid)]
        return [item for item in below if said(item, "tasks.harness.child") == (what == "child")]

    def add_model(self, number: int) -> str:
        """Register one more tiny model with weights of its own: its three jobs are missing."""
        weights = tiny_model(self.root / "models" / str(number), seed=1000 + number)
        spare = self.root / "spare"
        shutil.rmtree(spare, ignore_errors=True)
        (spare / "models").mkdir(parents=True)
        write_model(spare, weights)
        [entry] = yaml.safe_load((spare / "models" / "acme.yaml").read_text())["models"]
        file = self.registry / "models" / "acme.yaml"
        known = yaml.safe_load(file.read_text())
        known["models"].append({**entry, "id": f"acme/tiny-{number:03}", "name": f"Tiny {number}"})
        part = file.with_suffix(".part")  # a night may be reading it
        part.write_text(yaml.safe_dump(known))
        part.replace(file)
        return f"acme/tiny-{number:03}"

    def stop(self) -> None:
        """End what was started, by process id."""
        for process in [*self.workers.values(), *([self.receiver] if self.receiver else [])]:
            stop(process)
        stop(self.server.process)
        stop(self.objects.process)
        self.hub.stop()


def children(pid: int) -> list[psutil.Process]:
    """List all that a process has started, and theirs."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def said(process: psutil.Process, word: str) -> bool:
    """Tell whether a process's command line has a word."""
    try:
        return word in process.cmdline()
    except psutil.NoSuchProcess:
        return False


@contextmanager
def stage(
    root: Path, slots: int = 1, workers: int = 2, database: str = "sqlite", documents: int = 8
) -> Iterator[Stage]:
    """Bring everything up, in `root`: a bucket, a hub, a server made ready, its workers and the receiver."""
    (root / "logs").mkdir(parents=True)
    registry = make_registry(root / "registry", tiny_model(root / "models" / "first"))
    write_suite(registry, documents=documents)
    shutil.copy(ROOT / "registry" / "discovery.yaml", registry)
    (root / "hook").mkdir()
    (root / "hook" / "sitecustomize.py").write_text(TELL_CPU)
    pools = [{"name": POOL, "memory": "8GiB", "machines": workers * slots, "threads": 1}]
    (root / "pools.yaml").write_text(yaml.safe_dump(pools))
    with ExitStack() as stack:
        settings = stack.enter_context(database_of(root, database))
        objects = seaweed.start(root / "s3")
        server = prefect_server.start(root / "prefect", None, settings)
        hub = Hub()
        alarm, told = stack.enter_context(listening("/alarm"))
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "STANDINGS_"))}
        given = {
            **bare,
            **server.environment,
            **objects.environment,
            "HF_ENDPOINT": hub.url,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "STANDINGS_HOME": str(root / "home"),
            "STANDINGS_REGISTRY": str(registry),
            "STANDINGS_POOLS": str(root / "pools.yaml"),
            "STANDINGS_THREADS": "1",
            "STANDINGS_WEBHOOK_SECRET": SECRET,
            "STANDINGS_ALARM_WEBHOOK": alarm,
            "BENCHMARK_CPU": str(root / "cpu"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), str(root / "hook"), os.environ.get("PYTHONPATH")])),
        }
        os.environ.update({name: value for name, value in given.items() if name.startswith(("STANDINGS_", "AWS_"))})
        made = Stage(root, given, server, objects, hub, slots, settings, told)
        stack.callback(made.stop)
        made.ask("up")
        for name in ("control", *(f"worker-{number}" for number in range(workers))):
            made.start_worker(name)
        yield made


@contextmanager
def database_of(root: Path, kind: str) -> Iterator[dict[str, str]]:
    """Return the settings of a server on SQLite, or start PostgreSQL and Redis for it."""
    if kind == "sqlite":
        yield {}
        return
    assert kind == "postgresql", kind
    folder, port, redis_port = root / "pg", free_port(), free_port()
    folder.mkdir()
    shutil.chown(folder, "postgres")
    for parent in (root, *root.parents):
        if parent != Path("/") and parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o011)  # PostgreSQL refuses to be root, and has to get there
    log = (root / "logs" / "postgresql.log").open("ab")
    as_postgres: dict[str, Any] = {"user": "postgres", "stdout": log, "stderr": log, "cwd": folder}
    subprocess.run(["initdb", "-D", folder, "-A", "trust", "-U", "prefect"], check=True, **as_postgres)
    words = ["postgres", "-D", str(folder), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(folder)]
    postgres = subprocess.Popen(words, **as_postgres)
    redis = subprocess.Popen(
        ["redis-server", "--bind", "127.0.0.1", "--port", str(redis_port), "--appendonly", "yes", "--dir", str(root)],
        stdout=log,
        stderr=log,
    )
    try:
        for _ in range(100):
            made = ["createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "prefect", "prefect"]
            if subprocess.run(made, check=False, capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        yield {
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"postgresql+asyncpg://prefect@127.0.0.1:{port}/prefect",
            "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
            "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
            "PREFECT_REDIS_MESSAGING_HOST": "127.0.0.1",
            "PREFECT_REDIS_MESSAGING_PORT": str(redis_port),
            "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        }
    finally:
        for process in (redis, postgres):
            process.send_signal(signal.SIGINT)
            process.wait(30)


def say(**told: Any) -> None:
    """Print one line of what was measured."""
    print(json.dumps(told), flush=True)


def counted(lake: Lake) -> Mapping[str, int]:
    """Count the succeeded runs of each job, whether they count or not."""
    runs = lake.facts("run")["run"].to_pylist()
    found: dict[str, int] = {}
    for run in runs:
        if run["status"] == "succeeded" and run["purpose"] == "board":
            found[run["job_id"]] = found.get(run["job_id"], 0) + 1
    return found
