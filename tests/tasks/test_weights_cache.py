"""The cache stays within its bounds: whole models go, the least recently used first, and none that is in use."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("huggingface_hub", reason="needs the worker extra")

from standings.failure import Reason
from standings.repository import Repository
from standings.weights import HubPlace, WeightsManifest
from tasks.weights import Cache, NoRoom, prepare
from tasks.weights.cache import RESERVE
from tasks.weights.kept import list_kept
from tasks.weights.verified import sha256_of
from tests.hub import Fault, Hub
from tests.tiny_gguf import tiny_gguf

SIZE = 100_000
ROOM = 10_000  # for configuration, listing and marks
Get = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def get(hub: Hub, root: Path) -> Get:
    """Return a way to make a model of 100 kB ready, used at a time of its own, in a cache that has room for two."""
    clock = iter(range(1_000_000, 2_000_000))

    def got(name: str, size: int = SIZE, limit: int = 2 * SIZE + ROOM, said: list[str] | None = None) -> Path:
        repository = hub.repository(f"acme/{name}")
        if not repository.commits:
            repository.commit({"config.json": b"{}", "model.safetensors": name[0].encode() * size})
        wanted = Repository(place=HubPlace(hub=repository.name, revision=repository.head))
        with Cache(root, limit) as cache:
            folder = prepare(wanted, cache, (said if said is not None else []).append)
        at = next(clock)
        os.utime(folder.with_name(f"{folder.name}.use"), (at, at))
        return folder

    return got


def names(root: Path) -> list[str]:
    """Name what is kept."""
    return sorted(item.name.partition(" ")[0].removeprefix("acme/") for item in list_kept(root))


def test_the_least_recently_used_model_goes_whole_before_a_new_one_comes(get: Get, root: Path) -> None:
    said: list[str] = []
    get("a"), get("b"), get("a"), get("c", said=said)
    assert names(root) == ["a", "c"]
    deleted = next(place for place, line in enumerate(said) if "acme/b at" in line and "deleted, to make room" in line)
    assert deleted < next(place for place, line in enumerate(said) if line.startswith("model.safetensors: from"))


def test_what_was_evicted_can_be_had_again(get: Get, root: Path) -> None:
    get("a"), get("b"), get("c")
    assert (get("a") / "model.safetensors").read_bytes() == b"a" * SIZE
    assert names(root) == ["a", "c"]


def test_nothing_goes_while_there_is_room(get: Get, root: Path) -> None:
    get("a"), get("b", limit=10 * SIZE), get("c", limit=10 * SIZE)
    assert names(root) == ["a", "b", "c"]


def test_a_model_that_can_never_fit_is_refused_before_its_weights_are_asked_for(get: Get, hub: Hub, root: Path) -> None:
    get("a")
    hub.requests.clear()
    with pytest.raises(
        NoRoom, match=r"acme/b at .* takes .* and weights may take .* STANDINGS_WEIGHTS_LIMIT"
    ) as caught:
        get("b", size=3 * SIZE)
    assert caught.value.reason is Reason.TOO_LARGE
    assert hub.fetched() == []
    assert "a" in names(root), "nothing is deleted for what doesn't fit in any case"


HOLDS = """
import sys; from pathlib import Path; from tasks.weights import Cache
cache = Cache(Path(sys.argv[1])); cache.use(Path(sys.argv[2]), "held"); print("held", flush=True); sys.stdin.read()
"""


def test_a_model_in_use_stays_until_its_process_dies_however_it_dies(get: Get, root: Path) -> None:
    oldest = get("a")
    command = [sys.executable, "-c", HOLDS, str(root), str(oldest)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "held\n"
        os.utime(oldest.with_name(f"{oldest.name}.use"), (0, 0))
        get("b"), get("c")
        assert names(root) == ["a", "c"]
        with pytest.raises(NoRoom, match="with what other processes use") as caught:
            get("d", size=2 * SIZE)
        assert caught.value.reason is Reason.INFRASTRUCTURE
        assert "c" in names(root), "nothing is deleted where it would not do"
        user.kill()
    get("d")
    assert "a" not in names(root)


def test_room_that_another_process_was_promised_is_not_promised_twice(get: Get, hub: Hub, root: Path) -> None:
    get("a")
    with Cache(root, 2 * SIZE + ROOM) as other:
        coming = root / "files" / "coming"
        other.use(coming, "coming")
        coming.mkdir()
        other.make_room(coming, SIZE, print)
        get("b")
        assert names(root) == ["b", "coming"]


def test_a_half_fetched_model_is_counted_and_may_go(get: Get, hub: Hub, root: Path, monkeypatch) -> None:
    monkeypatch.setattr("tasks.weights.patience.PAUSES", [])
    hub.faults.append(Fault("cut", file="acme/a", after=SIZE // 2))
    with pytest.raises(Exception, match="no place holds"):
        get("a")
    [half] = list_kept(root)
    assert half.bytes > SIZE // 2
    get("b", limit=SIZE + ROOM)
    assert names(root) == ["b"]


def test_a_full_disk_is_told_with_what_is_needed_and_what_is_free(get: Get, root: Path, hub: Hub, monkeypatch) -> None:
    get("a")
    disk = SimpleNamespace(total=10**12, free=RESERVE + SIZE // 2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
    with pytest.raises(NoRoom, match=r"needs 200,00\d bytes on the disk of .*, where 15\d,\d{3} are free") as caught:
        get("b", size=2 * SIZE, limit=10 * SIZE)
    assert caught.value.reason is Reason.INFRASTRUCTURE
    assert "a" in names(root)
    get("c", limit=10 * SIZE)  # fits once the other is gone, though the limit would let both stay
    assert names(root) == ["b", "c"]


def test_unless_told_weights_may_take_half_of_the_disk(root: Path) -> None:
    assert Cache(root).limit == shutil.disk_usage(root.parent).total // 2


def test_a_converted_copy_and_its_source_are_both_counted_and_go_by_their_own_use(tmp_path: Path, root: Path) -> None:
    pytest.importorskip("gguf", reason="needs the worker extra")
    gguf = tiny_gguf(tmp_path / "mine" / "model.gguf")
    entry = {"file": "model.gguf", "bytes": gguf.stat().st_size, "sha256": sha256_of(gguf)}
    place = {"folder": str(gguf.parent)}
    wanted = WeightsManifest.model_validate({"format": "gguf", "files": [entry], "places": [place]})
    with Cache(root) as cache:
        folder = prepare(wanted, cache, print)
        sizes = {item.folder.parent.name: item.bytes for item in list_kept(root)}
    assert sizes["files"] < 1000, "what is only linked to takes no room"
    assert sizes["ready"] > (folder / "model.safetensors").stat().st_size
    shutil.rmtree(folder)
    with pytest.raises(NoRoom, match="converted takes"), Cache(root, 1000) as cache:
        prepare(wanted, cache, print)
