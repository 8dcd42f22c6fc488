"""The S3 store, on a real server: written once, verified when read, and nothing lost on a bad network."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from standings.address import Bucket
from tasks.s3 import PROBE, Broken, NoConditionalWrites, S3Store, Unreachable, require_shared
from tasks.seaweed import BUCKET, Server, serving
from tasks.store import Conflict, Missing
from tests.faultproxy import Choose, Fault, between


def store_at(endpoint: str, prefix: str = "", **fields: float) -> S3Store:
    given = {"name": BUCKET, "prefix": prefix or f"{uuid4().hex}/", "endpoint": endpoint}
    return S3Store(Bucket.model_validate({**given, "connect_seconds": 2, "read_seconds": 10, **fields}))


@pytest.fixture
def store(server: Server) -> S3Store:
    return store_at(server.endpoint)


def test_what_is_not_there_is_missing(store: S3Store):
    with pytest.raises(Missing, match="nothing is there"):
        store.read("nothing")
    with pytest.raises(Conflict):
        store.swap("nothing", b"new", b"old")


def test_a_listing_goes_on_after_a_key_and_over_more_than_one_page(store: S3Store):
    keys = [f"k/{number:04}" for number in range(1010)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: store.create(key, b""), keys))
    assert [entry.key for entry in store.list("k/")] == keys
    assert [entry.key for entry in store.list("k/", after="k/1007")] == keys[1008:]


def test_a_key_that_could_be_no_files_path_is_refused(store: S3Store):
    with pytest.raises(ValueError, match="no part of a key"):
        store.create("../a", b"")


def once(fault: Fault, method: str) -> Choose:
    """Do this to the first request of a method, and to no other."""
    left = [fault]
    return lambda asked, _path, _number: left.pop() if left and asked == method else None


@pytest.mark.parametrize("fault", ["lost reply", "reset", "unavailable", "cut upload", "flipped upload"])
@pytest.mark.parametrize("is_file", [False, True], ids=["bytes", "file"])
def test_a_write_survives_what_happens_to_its_first_try(server: Server, fault: Fault, is_file: bool, tmp_path: Path):
    file = tmp_path / "file"
    file.write_bytes(b"body" * 100_000)
    with between(server.endpoint, once(fault, "PUT")) as proxy:
        store = store_at(proxy.endpoint)
        store.create("key", file if is_file else file.read_bytes())
        assert proxy.done == [fault]
        assert store.read("key") == file.read_bytes()


def test_a_swap_whose_reply_is_lost_is_recognised_as_ones_own(server: Server, store: S3Store):
    store.create("latest.json", b"old")
    with between(server.endpoint, once("lost reply", "PUT")) as proxy:
        store_at(proxy.endpoint, store.bucket.prefix).swap("latest.json", b"new", b"old")
        assert proxy.done == ["lost reply"]
    assert store.read("latest.json") == b"new"


@pytest.mark.parametrize("fault", ["truncated", "flipped", "reset", "lost reply", "unavailable"])
def test_a_read_survives_what_happens_to_its_first_try(server: Server, store: S3Store, fault: Fault):
    store.create("key", b"body" * 10_000)
    with between(server.endpoint, once(fault, "GET")) as proxy:
        assert store_at(proxy.endpoint, store.bucket.prefix).read("key") == b"body" * 10_000
        assert proxy.done == [fault]


def test_a_listing_goes_on_where_botocore_gives_up(server: Server, store: S3Store):
    store.create("key", b"body")
    tries = 2
    with between(server.endpoint, lambda _method, _path, number: "lost reply" if number <= tries else None) as proxy:
        listed = store_at(proxy.endpoint, store.bucket.prefix, attempts=tries).list("")
        assert [entry.key for entry in listed] == ["key"]
        assert len(proxy.done) == tries


def test_bytes_that_stay_wrong_are_never_given(server: Server, store: S3Store):
    store.create("key", b"body" * 100)
    always: Choose = lambda method, *_: "flipped" if method == "GET" else None  # noqa: E731
    with between(server.endpoint, always) as proxy, pytest.raises(Broken, match="key"):
        store_at(proxy.endpoint, store.bucket.prefix).read("key")


def test_many_writers_through_a_bad_network_lose_nothing(server: Server):
    faults: list[Fault] = ["unavailable", "unavailable", "lost reply", "reset"]
    often: Choose = lambda _m, _p, number: faults[number % 4] if number % 10 in {0, 3, 7} else None  # noqa: E731
    with between(server.endpoint, often) as proxy:
        store = store_at(proxy.endpoint)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: store.create(f"k/{number:03}", b"%d" % number), range(80)))
        assert [store.read(f"k/{number:03}") for number in range(80)] == [b"%d" % number for number in range(80)]
        assert len(proxy.done) > 20


def test_a_server_that_holds_conditions_passes_the_probe(store: S3Store):
    require_shared(store)
    require_shared(store)
    assert store.read(PROBE) == b"1"


def test_a_server_that_ignores_conditions_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch):
    store = store_at(server.endpoint)
    put = store._client.put_object

    def ignoring(**words: object) -> object:
        return put(**{name: value for name, value in words.items() if name not in {"IfMatch", "IfNoneMatch"}})

    monkeypatch.setattr(store._client, "put_object", ignoring)
    with pytest.raises(NoConditionalWrites, match="would overwrite each other"):
        require_shared(store)


def test_the_servers_keys_are_its_owners_alone(server: Server, tmp_path: Path):
    with serving(tmp_path / "own") as own:
        assert (tmp_path / "own" / "s3.json").stat().st_mode & 0o777 == 0o600
        assert own.secret_key != server.secret_key
    os.kill(server.process.pid, 0)  # the other one still runs
    with pytest.raises(ProcessLookupError):
        os.kill(own.process.pid, 0)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        pytest.param("AWS_SECRET_ACCESS_KEY", "wrong", "Correct AWS_SECRET_ACCESS_KEY", id="secret"),
        pytest.param("AWS_ACCESS_KEY_ID", "nobody", "Correct AWS_ACCESS_KEY_ID", id="key"),
    ],
)
def test_a_stranger_is_told_what_to_correct(
    server: Server, store: S3Store, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
):
    monkeypatch.setenv(name, value)
    with pytest.raises(Unreachable, match=told):
        store_at(server.endpoint).read("key")


def test_a_bucket_that_is_not_there_is_no_missing_object(server: Server):
    with pytest.raises(Unreachable, match="Make the bucket"):
        S3Store(Bucket(name="elsewhere", endpoint=server.endpoint)).read("key")


def test_a_server_that_is_not_there_is_said_so(server: Server, tmp_path: Path):
    with serving(tmp_path) as gone:
        pass
    with pytest.raises(Unreachable, match="does the server run"):
        store_at(gone.endpoint, attempts=1).read("key")
