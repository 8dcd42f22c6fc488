"""Fetch weights from a bucket of a real S3 server, over a network that cuts, resets and flips."""

from itertools import count
from pathlib import Path

import pytest

from standings.address import Bucket
from tasks.s3 import S3Store
from tasks.seaweed import BUCKET, Server
from tasks.weights import Cache, NoWeights, fetch
from tests.faultproxy import Fault, between
from tests.tasks.test_weights_fetch import WHOLE, folder_with, manifest

_place = count(1)


def quiet(_: str) -> None:
    """Hear nothing."""


@pytest.fixture
def place(server: Server) -> dict[str, str]:
    """A folder of the bucket with the wanted file in it."""
    prefix = f"weights-{next(_place)}/"
    S3Store(Bucket(name=BUCKET, prefix=prefix, endpoint=server.endpoint)).create("model.gguf", WHOLE)
    return {"bucket": f"s3://{BUCKET}/{prefix}"}


def test_weights_come_from_a_bucket_and_are_verified(place: dict[str, str], tmp_path: Path):
    said: list[str] = []
    folder = fetch(manifest(place), Cache(tmp_path / "cache"), said.append)
    assert (folder / "model.gguf").read_bytes() == WHOLE
    assert said == [f"model.gguf: from bucket {place['bucket']}"]


@pytest.mark.parametrize("fault", ["reset", "truncated", "unavailable"])
def test_a_download_goes_on_where_the_network_broke_it(
    fault: Fault, place: dict[str, str], server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    left = [fault, fault]
    with between(server.endpoint, lambda method, *_: left.pop() if left and method == "GET" else None) as proxy:
        monkeypatch.setenv("STANDINGS_S3_ENDPOINT", proxy.endpoint)
        folder = fetch(manifest(place), Cache(tmp_path / "cache"), quiet)
        assert proxy.done == [fault, fault]
    assert (folder / "model.gguf").read_bytes() == WHOLE


def test_bytes_that_a_network_changed_are_not_used_and_the_next_place_is_asked(
    place: dict[str, str], server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    said: list[str] = []
    with between(server.endpoint, lambda method, *_: "flipped" if method == "GET" else None) as proxy:
        monkeypatch.setenv("STANDINGS_S3_ENDPOINT", proxy.endpoint)
        folder = fetch(manifest(place, folder_with(tmp_path / "there")), Cache(tmp_path / "cache"), said.append)
    assert (folder / "model.gguf").read_bytes() == WHOLE
    assert any("is skipped" in line for line in said)


def test_a_file_that_the_bucket_lacks_or_has_too_short_is_named(place: dict[str, str], tmp_path: Path):
    with pytest.raises(NoWeights, match="nothing is there"):
        fetch(manifest({"bucket": f"s3://{BUCKET}/empty"}), Cache(tmp_path / "cache"), quiet)
    longer = manifest(place, content=WHOLE + b"more")
    with pytest.raises(NoWeights, match="ends at byte"):
        fetch(longer, Cache(tmp_path / "cache"), quiet)


def test_an_address_that_is_no_bucket_is_refused():
    with pytest.raises(ValueError, match="is no bucket; write s3://NAME/PREFIX"):
        manifest({"bucket": "gs://models"})
