"""Hold one loaded model and run jobs on it through lm-eval."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow as pa
import torch

from standings import result
from standings.facts import table
from standings.identity import digest
from standings.plan import Job
from standings.repository import Repository
from standings.result import score_rows
from standings.samples import Repeat, Results, sample_rows
from standings.suite import Benchmark, Lock, Protocol, Suite
from standings.weights import HubPlace
from standings.work import Work
from tasks.harness import loading, speed, thought
from tasks.harness.asking import evaluate, finish_of
from tasks.harness.errors import LockMismatch, NoChatTemplate
from tasks.harness.generations import Generation
from tasks.harness.scorer import SharedContextLM
from tasks.weights import Cache, prepare, verified


@dataclass(frozen=True)
class Done:
    """What a finished job measured."""

    repeats: list[Repeat]
    provenance: dict[str, Any]  # columns of the `run` table
    score: float

    def facts(self, run_id: str) -> tuple[pa.Table, pa.Table]:
        """Return the run's score rows and sample rows."""
        return table("scores", score_rows(run_id, self.repeats)), table("samples", sample_rows(run_id, self.repeats))


class Session:
    """One model in memory."""

    def __init__(self, work: Work, say: Callable[[str], None]) -> None:
        """Make the weights ready, verified by their sha256, and load them; say what is being done.

        Remote code is not run and only safetensors are loaded (a GGUF is turned into them first), but where the
        entry says otherwise with a reason.
        """
        self.work = work
        torch.set_num_threads(work.place.threads)
        speed.cache_templates()
        self.cache = Cache(work.place.weights, work.place.weights_limit)  # keeps them for as long as the process lives
        where = self._weights(say)
        self.loaded_sha256 = digest(verified.contents(where))
        say("loading the model")
        self.lm = SharedContextLM(
            pretrained=str(where),
            dtype=work.identity["dtype"],
            device=work.place.device,
            parallelize=work.place.gpus > 1,
            batch_size=work.place.batch_size,
            trust_remote_code="remote_code" in work.exceptions,
            use_safetensors=None if "pickle" in work.exceptions else True,
        )

    def _weights(self, say: Callable[[str], None]) -> Path:
        """Return the folder that transformers loads: of the manifest, or of the model's own repository."""
        say("making the weights ready")
        if self.work.manifest is not None:
            return prepare(self.work.manifest, self.cache, say)
        exceptions = self.work.exceptions
        own = Repository(
            place=HubPlace(hub=self.work.identity["model"], revision=self.work.identity["revision"]),
            pickle="pickle" in exceptions,
            remote_code="remote_code" in exceptions,
        )
        return prepare(own, self.cache, say)

    def run(self, job: Job, on_progress: Callable[[int, int], None]) -> Done:
        """Run one job.

        Raises LockMismatch, NoChatTemplate, Unsupported, NotFinite, NotAMeasurement or what the harness raises.
        """
        suite = self.work.suites[job.suite]
        benchmark = next(item for item in suite.benchmarks if item.id == job.benchmark)
        protocol = Protocol.model_validate_json(job.protocol)
        loaded = loading.load(suite, benchmark, self.work.place.registry)
        lock = require_lock(suite, benchmark, loaded)
        if said := loading.misfits(protocol, loaded):
            raise LockMismatch(f"{suite.suite}/{benchmark.id}: {said[0]}. Correct the protocol in the suite.")
        if protocol.chat_template and getattr(self.lm.tokenizer, "chat_template", None) is None:
            raise NoChatTemplate(
                f"{benchmark.id} is asked with a chat template and {self.work.identity['model']} has none"
            )
        thought.prepare(self.lm, protocol, self.work.identity["reasoning"])
        before, began = Counters.of(self.lm), time.monotonic()
        repeats, generations = self._ask(benchmark, protocol, loaded, expected_documents(lock, benchmark), on_progress)
        return Done(
            repeats=repeats,
            provenance={
                **before.since(self.lm),
                "loaded_sha256": self.loaded_sha256,
                "seconds": time.monotonic() - began,
                **outcome_counts(repeats[0].results, generations),
            },
            score=fmean(score_of(suite, benchmark, repeat.results) for repeat in repeats),
        )

    def _ask(
        self,
        benchmark: Benchmark,
        protocol: Protocol,
        loaded: dict[str, Any],
        expected: dict[str, int],
        on_progress: Callable[[int, int], None],
    ) -> tuple[list[Repeat], list[Generation]]:
        """Ask as often as the protocol says, each time with a seed of its own, and check each time by itself."""
        repeats: list[Repeat] = []
        generations: list[Generation] = []
        for number in range(protocol.repeats):
            self.lm.on_progress = partial(_report, on_progress, number, protocol.repeats)
            self.lm.generations = []
            results = evaluate(self.lm, benchmark, protocol, loaded, number)
            repeat = Repeat(results, finish_of(loaded, self.lm.generations))
            result.check_documents(results, expected)
            result.check_answers(repeat)
            repeats.append(repeat)
            generations += self.lm.generations
        return repeats, generations


def _report(on_progress: Callable[[int, int], None], number: int, repeats: int, done: int, total: int) -> None:
    on_progress(number * total + done, repeats * total)


@dataclass(frozen=True)
class Counters:
    """What the model had done at one moment."""

    forwards: int
    tokens: int
    cut: int
    scored: dict[str, int]

    @classmethod
    def of(cls, lm: SharedContextLM) -> "Counters":
        """Read them."""
        return cls(lm.forwards, lm.tokens_run, lm.prompts_cut, dict(lm.requests_by_scorer))

    def since(self, lm: SharedContextLM) -> dict[str, Any]:
        """Return provenance of what was done since; a job is `shared` only if all its requests were."""
        scored = {name: count - self.scored.get(name, 0) for name, count in lm.requests_by_scorer.items()}
        used = {name for name, count in scored.items() if count}
        scorer = "none" if not used else "stock" if "stock" in used else "shared"
        reason = lm.scorer_reason or "some requests are longer than the shared path takes"
        return {
            "forwards": lm.forwards - self.forwards,
            "tokens_in": lm.tokens_run - self.tokens,
            "prompts_cut": lm.prompts_cut - self.cut,
            "scorer": scorer,
            "scorer_reason": reason if scorer == "stock" else None,
        }


def outcome_counts(results: Results, generations: Sequence[Generation]) -> dict[str, Any]:
    """Count documents, and of all repeats how the generated answers ended."""
    asked = sum(results["n-samples"][name]["effective"] for name in results["samples"])
    scored = {(name, sample["doc_id"]) for name, samples in results["samples"].items() for sample in samples}
    reasons = Counter(one.finish for one in generations)
    return {
        "documents_attempted": asked,
        "documents_scored": len(scored),
        "tokens_out": sum(one.tokens for one in generations),
        "unanswered": reasons["empty"] + reasons["thought"],
        "truncated": reasons["length"] + reasons["thought"],
    }


def score_of(suite: Suite, benchmark: Benchmark, results: Results) -> float:
    """Return the benchmark's score, or raise LockMismatch where the task gives no such metric."""
    found, wanted = results["results"][benchmark.task], f"{benchmark.score.metric},{benchmark.score.filter}"
    if wanted not in found:
        given = ", ".join(name for name in found if "," in name and "_stderr" not in name) or "no metric"
        raise LockMismatch(
            f"{suite.suite}/{benchmark.id}: its score is {wanted}, and {benchmark.task} gives {given}. "
            "Correct `score` in the suite."
        )
    return float(found[wanted])


def require_lock(suite: Suite, benchmark: Benchmark, loaded: dict[str, Any]) -> Lock:
    """Return the benchmark's lock, or raise LockMismatch naming what is not as locked."""
    locked = suite.lock(benchmark)
    if locked is None:
        raise LockMismatch(f"{suite.suite}/{benchmark.id} is not locked: run `standings suite lock {suite.suite}`")
    if differences := locked.differences(loading.lock(loaded)):
        raise LockMismatch("; ".join(differences[:5]) + f" ({len(differences)} differences)")
    return locked


def expected_documents(lock: Lock, benchmark: Benchmark) -> dict[str, int]:
    """Return how many documents of each task must be scored."""
    limit = benchmark.document_limit
    return {name: min(task.documents, limit or task.documents) for name, task in lock.tasks.items()}
