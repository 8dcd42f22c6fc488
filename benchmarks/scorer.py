"""Compare the shared-context scorer with the harness's own backend: answers, and seconds in one run.

Without arguments: a random model of 6 million parameters and random few-shot requests, no data or network needed.

    python benchmarks/scorer.py
    python benchmarks/scorer.py --model FOLDER --documents 40 --shots 3
    python benchmarks/scorer.py --model FOLDER --task quick_where --tasks registry/suites/quick
    python benchmarks/scorer.py --model FOLDER --task arc_easy --tasks lm_eval:arc --shots 5
"""

import argparse
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

# The stock backend looks its model up on the hub even when it is a folder; nothing here needs it.
logging.disable(logging.WARNING)
sys.path.insert(0, str(Path(__file__).parents[1]))

import lm_eval.tasks  # noqa: E402
import torch  # noqa: E402
from lm_eval.models.huggingface import HFLM  # noqa: E402

from tasks.harness.scorer import SharedContextLM  # noqa: E402
from tests.tiny import tiny_model  # noqa: E402

Answers = list[tuple[float, bool]]
WARMING = 64  # tokens of the pass before each measurement


class Seconds(NamedTuple):
    """Hold what a piece of work took; on a machine that others use, only the second can be trusted."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Seconds":
        """Read both clocks."""
        return cls(time.perf_counter(), time.process_time())


def main() -> None:
    """Score the same requests with each backend and print ratios of seconds."""
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as scratch:
        model = arguments.model or str(middling_model(Path(scratch)))
        shared = SharedContextLM(pretrained=model, batch_size=arguments.batch_sizes[0], **loading(arguments))
        score = task_requests(arguments) if arguments.task else synthetic_requests(arguments, shared.tokenizer)
        _, with_gate = timed(score, shared)  # once per loaded model it compares a few requests both ways
        before = shared.forwards, shared.tokens_run
        answers, seconds = timed(score, shared)
        report: dict[str, Any] = {
            "model": Path(model).name if arguments.model else "random, 6 M parameters",
            "work": arguments.task or "synthetic",
            "documents": arguments.documents,
            "shots": arguments.shots,
            "dtype": arguments.dtype,
            "threads": arguments.threads,
            "requests": len(answers),
            "scorer": shared.scorer,
            "scorer_reason": shared.scorer_reason,
            "shared": {
                **rounded(seconds),
                "forwards": shared.forwards - before[0] - 1,  # the warming pass is not work
                "tokens": shared.tokens_run - before[1] - WARMING,
            },
            "gate, once a model": rounded(Seconds(with_gate.wall - seconds.wall, with_gate.cpu - seconds.cpu)),
        }
        for batch_size in arguments.batch_sizes:
            stock = HFLM(pretrained=model, batch_size=batch_size, **loading(arguments))
            report[f"stock, batch {batch_size}"] = compared(answers, seconds, *timed(score, stock))
    print(json.dumps(report, indent=None if arguments.json else 2))


def compared(shared: Answers, shared_seconds: Seconds, stock: Answers, stock_seconds: Seconds) -> dict[str, Any]:
    """Say how far apart the answers are, and how many times longer the stock path took."""
    apart = max(abs(ours[0] - theirs[0]) for ours, theirs in zip(shared, stock, strict=True))
    return {
        **rounded(stock_seconds),
        "times shared": round(stock_seconds.wall / shared_seconds.wall, 2),
        "times shared, CPU": round(stock_seconds.cpu / shared_seconds.cpu, 2),
        "largest difference": float(f"{apart:.1e}"),
        "greedy flags that differ": sum(ours[1] != theirs[1] for ours, theirs in zip(shared, stock, strict=True)),
    }


def rounded(seconds: Seconds) -> dict[str, float]:
    """Name both for the report."""
    return {"seconds": round(seconds.wall, 2), "CPU seconds": round(seconds.cpu, 2)}


def timed(score: Callable[[Any], Answers], lm: Any) -> tuple[Answers, Seconds]:
    """Score after one warming pass of the model."""
    with torch.inference_mode():
        lm.model(torch.ones((1, WARMING), dtype=torch.long, device=lm.device))
    began = Seconds.now()
    answers = score(lm)
    return answers, Seconds(*(now - then for now, then in zip(Seconds.now(), began, strict=True)))


def task_requests(arguments: argparse.Namespace) -> Callable[[Any], Answers]:
    """Build the requests of an lm-eval task."""
    inside = arguments.tasks.removeprefix("lm_eval:")
    folder = Path(lm_eval.tasks.__file__).parent / inside if inside != arguments.tasks else Path(inside)
    manager = lm_eval.tasks.TaskManager(include_defaults=False, include_path=[str(folder)])
    task = manager.load([arguments.task])["tasks"][arguments.task]
    task.set_config("num_fewshot", arguments.shots)
    task.set_fewshot_seed(1234)
    task.build_all_requests(limit=arguments.documents, rank=0, world_size=1)
    return lambda lm: lm.loglikelihood(task.instances, disable_tqdm=True)


def synthetic_requests(arguments: argparse.Namespace, tokenizer: Any) -> Callable[[Any], Answers]:
    """Draw few-shot questions with four answers each, which begin alike."""
    draw = random.Random(0)
    words = range(10, len(tokenizer))
    shots = [draw.choice(words) for _ in range(40 * arguments.shots)]
    requests = []
    for _ in range(arguments.documents):
        context = [1, *shots, *(draw.choice(words) for _ in range(draw.randint(15, 60)))]
        opening = [draw.choice(words)]
        for _ in range(4):
            requests.append((("", ""), context, opening + [draw.choice(words) for _ in range(draw.randint(1, 6))]))
    return lambda lm: lm._loglikelihood_tokens(requests, disable_tqdm=True)


def middling_model(folder: Path) -> Path:
    """Write a random model large enough that arithmetic, not Python, takes the time."""
    return tiny_model(folder, hidden_size=256, num_hidden_layers=8, intermediate_size=768)


def loading(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what both backends are loaded with."""
    return {"device": arguments.device, "dtype": arguments.dtype}


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="folder or hub name (default: a random one)")
    parser.add_argument("--task", help="an lm-eval multiple-choice task (default: synthetic requests)")
    parser.add_argument("--tasks", default="registry/suites/quick", help="its folder; lm_eval:NAME is one of lm-eval's")
    parser.add_argument("--documents", type=int, default=40)
    parser.add_argument("--shots", type=int, default=3)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[8, 1])
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
