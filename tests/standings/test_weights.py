"""Read manifests as people write them, and hold that a second place is no second variant."""

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from standings.weights import FolderPlace, HubPlace, PackagePlace, WeightsManifest, source_of

SHA = "ab" * 32
COMMIT = "c0ffee" * 6 + "beef"
AS_WRITTEN = f"""
format: gguf
files:
  - {{file: model.gguf, bytes: 10, sha256: {SHA}}}
places:
  - hub: Qwen/Some-Model-GGUF
    revision: {COMMIT}
    files: {{model.gguf: some-model-q4_k_m.gguf}}
  - packages:
      - {{name: some-part1, version: 1.0.0, member: some_part1/part1.bin}}
      - {{name: some-part2, version: 1.0.0, member: some_part2/part2.bin}}
  - folder: /models/some
"""


def manifest(**changes: Any) -> WeightsManifest:
    return WeightsManifest.model_validate(yaml.safe_load(AS_WRITTEN) | changes)


def refusal(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        manifest(**changes)
    return str(caught.value)


def file(name: str, sha256: str = SHA) -> dict[str, Any]:
    return {"file": name, "bytes": 10, "sha256": sha256}


def test_a_manifest_is_read_as_people_write_it() -> None:
    hub, packages, folder = manifest().places
    assert isinstance(hub, HubPlace)
    assert isinstance(packages, PackagePlace)
    assert isinstance(folder, FolderPlace)
    assert [part.version for part in packages.packages] == ["1.0.0", "1.0.0"]
    assert str(packages) == "packages some-part1 … some-part2"


def test_a_place_names_where_a_file_lies_there() -> None:
    hub, packages, folder = manifest().places
    assert source_of(hub, "model.gguf") == "some-model-q4_k_m.gguf"
    assert source_of(packages, "model.gguf") == "some_part1/part1.bin"
    assert source_of(folder, "model.gguf") == "model.gguf"


def test_a_second_place_of_the_same_bytes_is_the_same_variant() -> None:
    assert manifest().sha256() == manifest(places=[{"folder": "/elsewhere"}]).sha256()


def test_other_bytes_or_another_file_name_are_another_variant() -> None:
    alone = manifest(places=[{"folder": "/models"}])
    others = [
        manifest(places=[{"folder": "/models"}], files=[file("model.gguf", "cd" * 32)]),
        manifest(places=[{"folder": "/models"}], files=[file("other.gguf")]),
        manifest(places=[{"folder": "/models"}], files=[file("model.gguf"), file("chat_template.jinja")]),
    ]
    assert len({one.sha256() for one in (alone, *others)}) == 4


def test_a_manifest_survives_being_written_and_read_again() -> None:
    assert WeightsManifest.model_validate_json(manifest().model_dump_json()) == manifest()


def test_a_branch_is_refused_as_a_revision() -> None:
    message = refusal(places=[{"hub": "Qwen/Some-Model", "revision": "main"}])
    assert "places.0.hub.revision" in message


def test_a_fault_in_a_place_is_told_for_its_kind_alone() -> None:
    message = refusal(places=[{"packages": [{"name": "some", "version": "1.0.0"}]}])
    assert "places.0.packages.packages.0.member" in message
    assert "folder" not in message


def test_a_place_of_no_kind_is_told_which_there_are() -> None:
    assert "a place has one of the keys hub, bucket, folder and packages" in refusal(
        places=[{"url": "https://example.org"}]
    )


@pytest.mark.parametrize("name", ["/etc/passwd", "../model.gguf", "a/../../model.gguf", "a//model.gguf", ".", ""])
def test_a_file_name_that_leads_out_of_the_folder_is_refused(name: str) -> None:
    assert "must be a plain relative path" in refusal(files=[file("model.gguf"), file(name)])


@pytest.mark.parametrize("word", ["-r", "--index-url=x", "a b", "some==1", "git+https://example.org"])
def test_a_package_name_that_pip_would_take_for_something_else_is_refused(word: str) -> None:
    message = refusal(places=[{"packages": [{"name": word, "version": "1", "member": "m"}]}])
    assert "places.0.packages.packages.0.name" in message


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"files": [file("model.gguf"), file("model.gguf")]}, "listed twice"),
        ({"files": [file("model.safetensors")]}, "needs exactly one file that ends in .gguf, and lists 0"),
        ({"files": [file("a.gguf"), file("b.gguf")]}, "needs exactly one file that ends in .gguf, and lists 2"),
        ({"format": "safetensors"}, "needs at least one file that ends in .safetensors"),
        ({"files": [file("a.gguf"), file("b.json")], "places": [{"folder": "/m", "files": {"c": "d"}}]}, "names 'c'"),
        ({"files": [file("model.gguf"), file("b.json")]}, "must say which file it is"),
        ({"files": [file("model.gguf", "AB" * 32)]}, "sha256"),
        ({"places": []}, "at least 1 item"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], complaint: str) -> None:
    assert complaint in refusal(**changes)
