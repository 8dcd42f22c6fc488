"""Dequantise tiny GGUF files and compare the folders with what transformers makes of the same files."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf", reason="needs the worker extra")

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from standings.failure import Reason
from tasks.weights.gguf import dequantise
from tasks.weights.gguf_header import BrokenGguf, read_header
from tasks.weights.gguf_names import UnsupportedGguf
from tasks.weights.staging import sweep
from tasks.weights.verified import intact
from tests.tiny_gguf import tiny_gguf

SPLITS = {"llama": "llama-bpe", "qwen2": "qwen2", "gemma3": "default"}  # gemma's vocabulary has none
TEXTS = (
    *("", " ", "   ", "\n\n", "\n\n12 + 7 =\t19\r\n", "the question and the answer", "  the  in  tion", "quest"),
    *(
        "你好，世界！",
        "日本語 한국어 العربية",
        "café naïve ½ ²",
        "😀 👩‍👩‍👧‍👦",
        "\u200b\u00a0x",
        "def f(x):\n    return x**2\n",
    ),
    *("<|im_start|>user\nthe<|im_end|>\n", "a<|endoftext|>b", "<bos>the<eos>", "<unk>", "<0x0A>", "▁the▁", "ĠtheĊ"),
)
CHAT = [{"role": "system", "content": "in"}, {"role": "user", "content": "你好 the?"}]


@dataclass(frozen=True)
class Loaded:
    model: Any
    tokenizer: Any


@dataclass(frozen=True)
class Both:
    ours: Loaded
    theirs: Loaded
    gguf: Path
    folder: Path


@pytest.fixture(scope="module", params=SPLITS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """One file, as we convert it and as transformers reads it. llama's embeddings are tied here."""
    home = tmp_path_factory.mktemp(request.param)
    gguf = tiny_gguf(
        home / "gguf" / "model.gguf", request.param, tied=request.param == "llama", split=SPLITS[request.param]
    )
    folder = dequantise(gguf, home / "folder")
    ours = Loaded(AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder))
    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    theirs = Loaded(
        AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32), AutoTokenizer.from_pretrained(**where)
    )
    return Both(ours, theirs, gguf, folder)


def test_every_tensor_equals_the_one_that_transformers_makes(both: Both) -> None:
    ours, theirs = both.ours.model.state_dict(), both.theirs.model.state_dict()
    assert ours.keys() == theirs.keys()
    assert {name for name in ours if not torch.equal(ours[name], theirs[name])} == set()
    assert {tensor.dtype for tensor in ours.values()} == {torch.float32}


def test_the_logits_are_finite_and_equal_and_longer_than_the_sliding_window(both: Both) -> None:
    tokens = torch.arange(96).reshape(1, -1)
    with torch.no_grad():
        ours, theirs = both.ours.model(tokens).logits, both.theirs.model(tokens).logits
    assert torch.isfinite(ours).all()
    assert torch.equal(ours, theirs)


def test_the_config_says_what_transformers_reads_from_the_file(both: Both) -> None:
    ours, theirs = both.ours.model.config.to_dict(), both.theirs.model.config.to_dict()
    # where it was loaded from, and that it was loaded from a GGUF
    about_loading = {"_name_or_path", "_model_name_or_path", "architectures", "quantization_config"}
    differing = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
    assert differing <= about_loading
    assert ours["architectures"] == [type(both.theirs.model).__name__]
    assert both.ours.model.generation_config.to_dict() == both.theirs.model.generation_config.to_dict()


def test_embeddings_are_tied_exactly_where_the_file_has_no_head(both: Both) -> None:
    head, embedding = both.ours.model.get_output_embeddings(), both.ours.model.get_input_embeddings()
    has_head = any(entry.name == "output.weight" for entry in read_header(both.gguf).tensors)
    assert (head.weight.data_ptr() == embedding.weight.data_ptr()) is not has_head


def test_text_is_tokenised_as_transformers_does_it(both: Both) -> None:
    ours, theirs = both.ours.tokenizer, both.theirs.tokenizer
    assert [ours(text).input_ids for text in TEXTS] == [theirs(text).input_ids for text in TEXTS]
    assert [ours.decode(ours(text).input_ids) for text in TEXTS] == [
        theirs.decode(theirs(text).input_ids) for text in TEXTS
    ]
    assert ours.special_tokens_map == theirs.special_tokens_map
    assert ours.all_special_ids == theirs.all_special_ids
    assert len(ours) == len(theirs)


def test_the_chat_template_travels_where_the_file_has_one(both: Both) -> None:
    assert both.ours.tokenizer.chat_template == both.theirs.tokenizer.chat_template
    if both.ours.tokenizer.chat_template:
        ours, theirs = (one.tokenizer.apply_chat_template(CHAT, tokenize=False) for one in (both.ours, both.theirs))
        assert ours == theirs


def test_a_written_folder_knows_its_bytes_and_notices_a_flipped_one(tmp_path: Path) -> None:
    folder = dequantise(tiny_gguf(tmp_path / "model.gguf"), tmp_path / "folder")
    assert intact(folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    assert not intact(folder)


def test_a_smollm_vocabulary_splits_digits_off_first_as_the_model_itself_does(tmp_path: Path) -> None:
    folder = dequantise(tiny_gguf(tmp_path / "smollm.gguf", split="smollm"), tmp_path / "smollm")
    assert AutoTokenizer.from_pretrained(folder).tokenize("\n\n12") == ["ĊĊ", "1", "2"]
    folder = dequantise(tiny_gguf(tmp_path / "gpt-2.gguf", split="gpt-2"), tmp_path / "gpt-2")
    assert AutoTokenizer.from_pretrained(folder).tokenize("\n\n12") == ["Ċ", "Ċ", "12"]


def test_an_unknown_way_to_split_text_is_refused_and_not_taken_for_gpt2s(tmp_path: Path) -> None:
    gguf = tiny_gguf(tmp_path / "model.gguf", split="never-seen")
    with pytest.raises(UnsupportedGguf, match="'never-seen', which is not known"):
        dequantise(gguf, tmp_path / "folder")


def test_a_qwen_folder_says_that_its_text_is_normalised(tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(dequantise(tiny_gguf(tmp_path / "m.gguf", "qwen2"), tmp_path / "folder"))
    assert tokenizer("cafe\u0301").input_ids == tokenizer("caf\u00e9").input_ids
    assert '"NFC"' in (tmp_path / "folder" / "tokenizer.json").read_text()


def test_files_beside_the_gguf_replace_what_it_says_of_itself(tmp_path: Path) -> None:
    gguf = tiny_gguf(tmp_path / "gguf" / "model.gguf")
    template = gguf.parent / "chat_template.jinja"
    template.write_text("{{ messages[0]['content'] }}")
    deeper = gguf.parent / "more" / "words.txt"
    deeper.parent.mkdir()
    deeper.write_text("words")
    folder = dequantise(gguf, tmp_path / "folder", [template, deeper])
    assert (folder / "more" / "words.txt").read_text() == "words"
    assert AutoTokenizer.from_pretrained(folder).chat_template == "{{ messages[0]['content'] }}"


def test_an_unknown_architecture_is_refused_by_name(tmp_path: Path) -> None:
    gguf = tiny_gguf(tmp_path / "model.gguf", "mamba")
    with pytest.raises(
        UnsupportedGguf, match=r"model\.gguf: architecture 'mamba' is not translated; llama, qwen2, gemma3"
    ):
        dequantise(gguf, tmp_path / "folder")
    assert UnsupportedGguf.reason is Reason.UNSUPPORTED


def test_a_tensor_that_would_be_left_out_is_refused(tmp_path: Path) -> None:
    gguf = tiny_gguf(tmp_path / "model.gguf", "qwen2")
    gguf.write_bytes(gguf.read_bytes().replace(b"blk.1.attn_v.bias", b"blk.1.attn_v.bios"))
    with pytest.raises(
        UnsupportedGguf, match=r"should not hold \['blk.1.attn_v.bios'\] and lacks \['blk.1.attn_v.bias'\]"
    ):
        dequantise(gguf, tmp_path / "folder")


def test_a_scaled_rotary_embedding_is_refused_because_transformers_drops_it(tmp_path: Path) -> None:
    gguf = tiny_gguf(tmp_path / "model.gguf", "llama", **{"llama.rope.scaling.factor": 8.0})
    with pytest.raises(UnsupportedGguf, match=r"llama\.rope\.scaling\.factor has no translation"):
        dequantise(gguf, tmp_path / "folder")


@pytest.mark.parametrize(("kept", "complaint"), [(0.9, "ends within"), (0.001, "header can't be read")])
def test_a_file_cut_short_is_refused_and_leaves_nothing(tmp_path: Path, kept: float, complaint: str) -> None:
    gguf = tiny_gguf(tmp_path / "gguf" / "model.gguf")
    whole = gguf.read_bytes()
    gguf.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(BrokenGguf, match=complaint):
        dequantise(gguf, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["gguf"]


def test_something_else_than_a_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(BrokenGguf, match="does not begin with GGUF"):
        read_header(tmp_path / "model.gguf")


def test_a_kill_half_way_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    program = (
        "import os, signal, sys; from pathlib import Path; from tasks.weights.staging import staged_folder\n"
        "with staged_folder(Path(sys.argv[1])) as part:\n"
        "    (part / 'model.safetensors').write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(target)], check=False).returncode == -signal.SIGKILL
    assert not target.exists()
    assert len(list(tmp_path.iterdir())) == 1
    sweep(target)
    assert list(tmp_path.iterdir()) == []
