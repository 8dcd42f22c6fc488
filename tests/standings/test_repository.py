"""What is taken of a model's repository: what transformers would load, once, and nothing else."""

import json

import pytest
from pydantic import ValidationError

from standings.repository import Repository, RepositoryFile, Unloadable, foreign_code
from standings.weights import HubPlace

BESIDE = ["chat_template.jinja", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]


def repository(**allowed: bool) -> Repository:
    return Repository(place=HubPlace(hub="acme/tiny", revision="a" * 40), **allowed)


def listing(*names: str) -> list[RepositoryFile]:
    return [RepositoryFile(file=name, bytes=9, blob="b" * 40) for name in (*BESIDE, *names)]


def index(*parts: str) -> str:
    return json.dumps({"weight_map": {f"layer.{number}": part for number, part in enumerate(parts)}})


def taken(of: Repository, names: list[str], index: str | None = None) -> list[str]:
    """Return the names of what is taken beside config, tokenizer and template, which all must be."""
    found = {entry.file for entry in of.needed(listing(*names), index)}
    assert found >= set(BESIDE)
    return sorted(found - set(BESIDE))


def test_other_formats_duplicates_and_other_dtypes_are_left_out():
    others = [
        "README.md", ".gitattributes", "model.gguf", "onnx/model.onnx", "onnx/config.json", "flax_model.msgpack",
        "consolidated.safetensors", "consolidated.safetensors.index.json", "original/model.safetensors",
        "original/config.json", "model.fp16.safetensors", "pytorch_model.bin", "modeling_tiny.py",
    ]  # fmt: skip
    assert taken(repository(), ["model.safetensors", *others]) == ["model.safetensors"]


def test_the_parts_are_those_that_the_index_names_whatever_they_are_called():
    names = ["model.safetensors.index.json", "model-1-of-2.safetensors", "mtp.safetensors", "model-2-of-2.safetensors"]
    assert repository().index(listing(*names)).file == "model.safetensors.index.json"
    found = taken(repository(), [*names, "model-00001-of-00009.safetensors"], index(*names[1:3]))
    assert found == ["model-1-of-2.safetensors", "model.safetensors.index.json", "mtp.safetensors"]


def test_one_file_goes_before_parts_as_transformers_has_it():
    names = ["model.safetensors", "model.safetensors.index.json", "model-1-of-1.safetensors"]
    assert repository().index(listing(*names)) is None
    assert taken(repository(), names) == ["model.safetensors"]


def test_a_part_that_is_not_there_is_named():
    with pytest.raises(Unloadable, match=r"index\.json names model-2-of-2\.safetensors, which is not there"):
        repository().needed(listing("model.safetensors.index.json"), index("model-2-of-2.safetensors"))


def test_an_index_that_is_none_is_refused():
    with pytest.raises(Unloadable, match="is no index of weights"):
        repository().needed(listing("model.safetensors.index.json"), "[]")


def test_pickled_weights_are_taken_only_where_the_entry_says_so_and_there_is_nothing_better():
    pickled = ["pytorch_model.bin"]
    with pytest.raises(Unloadable, match=r"pickled weights alone.*exceptions: \{pickle: why\}"):
        repository().needed(listing(*pickled))
    assert taken(repository(pickle=True), pickled) == pickled
    assert taken(repository(pickle=True), [*pickled, "model.safetensors"]) == ["model.safetensors"]


def test_code_is_taken_only_where_the_entry_says_so():
    names = ["model.safetensors", "modeling_tiny.py", "layers/norm.py"]
    assert taken(repository(), names) == ["model.safetensors"]
    assert taken(repository(remote_code=True), names) == sorted(names)


def test_further_chat_templates_and_old_vocabularies_are_taken():
    names = ["additional_chat_templates/tools.jinja", "merges.txt", "qwen.tiktoken", "tokenizer.model", "vocab.json"]
    assert taken(repository(), ["model.safetensors", *names]) == sorted([*names, "model.safetensors"])


def test_what_has_no_weights_is_refused():
    with pytest.raises(Unloadable, match=r"holds neither model\.safetensors nor"):
        repository().needed(listing("model.gguf"))


def test_small_files_come_first_so_that_a_refusal_is_heard_early():
    files = [RepositoryFile(file="model.safetensors", bytes=10**9, sha256="c" * 64), *listing()]
    assert repository().needed(files)[-1].file == "model.safetensors"


def test_the_sha256_is_what_tells_and_gits_hash_where_there_is_no_other():
    assert RepositoryFile(file="a", bytes=1, sha256="c" * 64, blob="b" * 40).hashes == {"sha256": "c" * 64}
    assert RepositoryFile(file="a", bytes=1, blob="b" * 40).hashes == {"blob": "b" * 40}
    with pytest.raises(ValidationError, match="neither a sha256 nor"):
        RepositoryFile(file="a", bytes=1)


@pytest.mark.parametrize("name", ["../config.json", "/etc/config.json", "a/../../config.json"])
def test_a_name_that_leads_out_of_the_folder_is_refused(name: str):
    with pytest.raises(ValidationError, match="plain relative path"):
        RepositoryFile(file=name, bytes=1, blob="b" * 40)


def test_an_exception_makes_another_folder():
    assert len({repository().key(), repository(pickle=True).key(), repository(remote_code=True).key()}) == 3


def test_code_of_another_repository_is_told_from_the_models_own():
    own = {"auto_map": {"AutoConfig": "config.Tiny", "AutoTokenizer": ["tokens.Slow", None]}}
    assert foreign_code(json.dumps(own)) is None
    assert foreign_code(json.dumps({"auto_map": {"AutoModel": "other/base--model.Base"}})) == "other/base"
    assert foreign_code("{}") is None
    assert foreign_code('{"auto_map": null}') is None
