"""Run an S3 server of one's own on this machine: SeaweedFS, from the Python registry, on loopback alone."""

import json
import os
import secrets
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from standings.address import Bucket
from tasks.processes import free_port, stop
from tasks.s3 import connect

BUCKET = "standings"
READY_WITHIN = 60.0  # seconds; seen: 1
STOP_WITHIN = 5.0  # seconds; two are seen, and 27 where a client keeps a connection: what was acknowledged is in files
HIGHEST_PORT = 45_000  # its gRPC ports are these and 10,000 more
# Telemetry, the admin page, WebDAV and the other catalogues are on unless told; none of them is wanted here.
QUIET = ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-admin.ui=false", "-webdav=false"]


class NoServer(RuntimeError):
    """Say that the server can't be started, and why."""


@dataclass(frozen=True)
class Server:
    """A running server and how to reach it."""

    process: subprocess.Popen[bytes]
    endpoint: str
    access_key: str
    secret_key: str

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with which a worker on this machine reaches its bucket."""
        return {
            "STANDINGS_LAKE": f"s3://{BUCKET}",
            "STANDINGS_S3_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }


@contextmanager
def serving(folder: Path, port: int | None = None) -> Iterator[Server]:
    """Serve the objects kept in `folder`, with the bucket made, until the block ends. Raises NoServer."""
    server = start(folder, port)
    try:
        yield server
    finally:
        stop(server.process, STOP_WITHIN)


def start(folder: Path, port: int | None = None) -> Server:
    """Start the server and wait until its bucket is there; the caller ends its process."""
    folder.mkdir(parents=True, exist_ok=True)
    access, secret = _credentials(folder / "s3.json")
    ports = {"s3": port or free_port(highest=HIGHEST_PORT)}
    for name in ("master", "volume", "filer"):
        ports[name] = free_port(ports.values(), HIGHEST_PORT)
    words = [_program(), "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", *QUIET]
    words += [f"-{name}.port={number}" for name, number in ports.items()]
    # With credentials in the environment it would take those and not its own file's.
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (folder / "seaweedfs.log").open("ab") as log:
        process = subprocess.Popen(
            [*words, f"-s3.config={folder / 's3.json'}"], stdout=log, stderr=log, env=bare, start_new_session=True
        )
    server = Server(process, f"http://127.0.0.1:{ports['s3']}", access, secret)
    try:
        _make_bucket(server, folder)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return server


def _program() -> str:
    found = Path(sysconfig.get_path("scripts")) / "weed"
    if not found.exists():
        raise NoServer(f"{found} is not there. Install it: pip install 'standings[lake]'")
    return str(found)


def _credentials(file: Path) -> tuple[str, str]:
    """Return the keys in the server's own configuration, made at the first start; only its owner may read it."""
    if not file.exists():
        keys = {"accessKey": secrets.token_hex(10), "secretKey": secrets.token_urlsafe(30)}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        text = json.dumps({"identities": [{"name": "standings", "credentials": [keys], "actions": actions}]})
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(text)
    [identity] = json.loads(file.read_text())["identities"]
    [keys] = identity["credentials"]
    return keys["accessKey"], keys["secretKey"]


def _make_bucket(server: Server, folder: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    asked = Bucket(name=BUCKET, endpoint=server.endpoint, connect_seconds=1, read_seconds=5, attempts=1)
    client = connect(asked, aws_access_key_id=server.access_key, aws_secret_access_key=server.secret_key)
    deadline, last = time.monotonic() + READY_WITHIN, "no answer"
    while time.monotonic() < deadline:
        if server.process.poll() is not None:  # another server on the port would answer in its place
            raise NoServer(f"SeaweedFS ended with {server.process.returncode}; see {folder / 'seaweedfs.log'}")
        try:
            if BUCKET not in [item["Name"] for item in client.list_buckets()["Buckets"]]:
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="probe/started", Body=b"")
        except (BotoCoreError, ClientError) as error:
            last = str(error)
            time.sleep(0.1)
        else:
            return
    raise NoServer(f"SeaweedFS did not answer within {READY_WITHIN:.0f} s: {last}; see {folder / 'seaweedfs.log'}")
