"""Time how a GGUF file becomes a folder that transformers loads: our converter against transformers itself.

Each way runs in a process of its own, one after the other, on one thread; CPU seconds and peak memory are the process's
own, imports included. Then the two folders are compared: tensors by their values, tokenizers by the ids of a few
hundred strings. Needs the worker extra, and room for the model twice in float32.

    python benchmarks/dequantise.py model.gguf
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WAYS = ("standings", "transformers")


def main() -> None:
    """Measure both ways and print them side by side."""
    arguments = _arguments()
    if arguments.way:
        _convert(arguments.way, arguments.gguf, arguments.target)
        return
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        print(f"{arguments.gguf.name}: {arguments.gguf.stat().st_size / 1e6:,.0f} MB")
        print(f"{'':14}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}")
        folders = [Path(scratch) / way for way in WAYS]
        for way, folder in zip(WAYS, folders, strict=True):
            cpu, wall, peak = _measure(way, arguments.gguf, folder)
            print(f"{way:14}{cpu:8.1f}{wall:8.1f}{peak:9,.0f}", flush=True)
        print(_difference(*folders))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf", type=Path, help="a single-file GGUF of architecture llama, qwen2 or gemma3")
    parser.add_argument("--scratch", type=Path, help="where to write; the system's temporary folder if left out")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--target", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(way: str, gguf: Path, folder: Path) -> tuple[float, float, float]:
    """Run one way in a child and return its CPU seconds, wall seconds and peak resident megabytes."""
    command = [sys.executable, __file__, str(gguf.resolve()), "--way", way, "--target", str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    started = time.monotonic()
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as child:
        complaint = child.stderr.read() if child.stderr else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{way} failed:\n{complaint[-2000:]}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024


def _convert(way: str, gguf: Path, target: Path) -> None:
    if way == "standings":
        from tasks.weights.gguf import dequantise

        dequantise(gguf, target)
        return
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**where)
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    target.mkdir()
    tokenizer.save_pretrained(target)
    model.config.save_pretrained(target)
    tensors = model.state_dict()  # `save_pretrained` refuses a model that came from a GGUF
    if model.config.tie_word_embeddings:
        del tensors["lm_head.weight"]
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    ids = [tokenizer(text).input_ids for text in _texts()]  # saved, some would be loaded back as another tokenizer
    (target / "ids.json").write_text(json.dumps(ids))


def _difference(ours: Path, theirs: Path) -> str:
    from safetensors import safe_open
    from transformers import AutoTokenizer

    with safe_open(ours / "model.safetensors", "np") as a, safe_open(theirs / "model.safetensors", "np") as b:
        names = set(a.keys())
        assert names == set(b.keys()), f"only one way wrote {names ^ set(b.keys())}"
        largest = max(float(abs(a.get_tensor(name) - b.get_tensor(name)).max()) for name in names)
    tokenizer = AutoTokenizer.from_pretrained(ours)
    wanted = json.loads((theirs / "ids.json").read_text())
    differing = [text for text, ids in zip(_texts(), wanted, strict=True) if tokenizer(text).input_ids != ids]
    denormal = sum(unicodedata.normalize("NFC", text) != text for text in differing)
    return (
        f"{len(names)} tensors, largest difference {largest}; "
        f"{len(wanted)} strings, tokenised differently {len(differing)} ({denormal} of them not in NFC)"
    )


def _texts() -> list[str]:
    """Make strings of many scripts, of code, white space and special tokens, the same each time."""
    import random

    draw = random.Random(0)
    words = [
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        "the",
        " question",
        "12",
        " 345",
        "你好",
        "日本",
        "한국",
        "жук",
        "سلام",
        "é",
        "e\u0301",
    ]
    words += [
        "🙂",
        "👩‍👩‍👧",
        "def f(x):",
        "    return",
        "==",
        "{",
        "}",
        "'LL",
        "<|im_start|>",
        "<|im_end|>",
        "<bos>",
        "▁",
        "½",
        "\u00a0",
    ]
    return ["", *words] + ["".join(draw.choices(words, k=draw.randint(2, 20))) for _ in range(500)]


if __name__ == "__main__":
    main()
