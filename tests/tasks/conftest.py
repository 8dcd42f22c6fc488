"""Lakes to compact: in a folder, and in a bucket of a real S3 server."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from standings.address import Bucket
from tasks import sharding
from tasks.lake import Lake
from tasks.s3 import S3Store
from tasks.seaweed import BUCKET, Server, serving
from tasks.store import FolderStore

_bucket = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server, with its variables set for the tests of one module."""
    with serving(tmp_path_factory.mktemp("s3")) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(params=["folder", "bucket"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake whose shards hold a few runs."""
    monkeypatch.setattr(sharding, "ROWS_AT_MOST", 30)
    if request.param == "folder":
        return Lake(FolderStore(tmp_path / "lake"))
    server: Server = request.getfixturevalue("server")
    prefix = f"lake-{next(_bucket)}/"
    monkeypatch.setenv("STANDINGS_LAKE", f"s3://{BUCKET}/{prefix}")
    return Lake(S3Store(Bucket(name=BUCKET, prefix=prefix, endpoint=server.endpoint)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The same in a folder."""
    monkeypatch.setattr(sharding, "ROWS_AT_MOST", 30)
    return Lake(FolderStore(tmp_path / "lake"))
