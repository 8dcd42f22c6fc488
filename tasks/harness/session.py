"""Hold one loaded model and run jobs on it through lm-eval."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

from standings import result
from standings.facts import table
from standings.plan import Job
from standings.repository import Repository
from standings.suite import Benchmark, Lock, Protocol, Suite
from standings.weights import HubPlace
from standings.work import Work
from tasks.harness import loading, speed
from tasks.harness.errors import LockMismatch, NoChatTemplate
from tasks.harness.generations import Generation
from tasks.harness.scorer import SharedContextLM
from tasks.weights import Cache, prepare

# lm-eval draws 100,000 bootstrap samples where a metric has no closed form: 350 CPU-seconds for a standard error.
BOOTSTRAP = 1000


@dataclass(frozen=True)
class Done:
    """What a finished job measured."""

    results: dict[str, Any]  # lm_eval's EvalResults
    repeats: int
    finish: dict[tuple[str, int], tuple[int, str]]  # (task, document) → tokens and finish reason of its answer
    provenance: dict[str, Any]  # columns of the `run` table
    score: float

    def facts(self, run_id: str) -> tuple[pa.Table, pa.Table]:
        """Return the run's score rows and sample rows."""
        scores = table("scores", result.score_rows(run_id, self.results, self.repeats))
        return scores, table("samples", result.sample_rows(run_id, self.results, self.finish))


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
        say("loading the model")
        self.lm = SharedContextLM(
            pretrained=str(where),
            dtype=work.identity["dtype"],
            device=work.place.device,
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
        """Run one job; raises LockMismatch, NoChatTemplate, NotFinite, NotAMeasurement or what the harness raises."""
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
        before, began = Counters.of(self.lm), time.monotonic()
        self.lm.on_progress = on_progress
        self.lm.generations = []
        results = self._evaluate(benchmark, protocol, loaded)
        result.check_documents(results, expected_documents(lock, benchmark))
        result.check_answers(results)
        score = score_of(suite, benchmark, results)
        return Done(
            results=results,
            repeats=protocol.repeats,
            finish=finish_of(loaded, self.lm.generations),
            provenance={
                **before.since(self.lm),
                "seconds": time.monotonic() - began,
                **outcome_counts(results, self.lm.generations),
            },
            score=score,
        )

    def _evaluate(self, benchmark: Benchmark, protocol: Protocol, loaded: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] | None = simple_evaluate(
            model=self.lm,
            tasks=[benchmark.task],
            task_manager=Loaded(loaded),
            num_fewshot=protocol.shots,
            limit=benchmark.document_limit,
            bootstrap_iters=BOOTSTRAP,
            system_instruction=protocol.system_prompt,
            apply_chat_template=protocol.chat_template,
            fewshot_as_multiturn=protocol.fewshot_as_multiturn,
            gen_kwargs=generation_settings(protocol) or None,
        )
        assert found is not None, "lm-eval returns None on other ranks alone, and there is one"
        return found


class Loaded(TaskManager):  # type: ignore[misc]  # lm-eval ships no types
    """Give lm-eval the very tasks that were checked against the lock."""

    def __init__(self, loaded: dict[str, Any]) -> None:
        super().__init__(include_defaults=False)
        self._loaded = loaded

    def load(self, *_: Any, **__: Any) -> Any:
        """Return them."""
        return self._loaded


@dataclass(frozen=True)
class Counters:
    """What the model had done at one moment."""

    forwards: int
    tokens: int
    scored: dict[str, int]

    @classmethod
    def of(cls, lm: SharedContextLM) -> "Counters":
        """Read them."""
        return cls(lm.forwards, lm.tokens_run, dict(lm.requests_by_scorer))

    def since(self, lm: SharedContextLM) -> dict[str, Any]:
        """Return provenance of what was done since; a job is `shared` only if all its requests were."""
        scored = {name: count - self.scored.get(name, 0) for name, count in lm.requests_by_scorer.items()}
        used = {name for name, count in scored.items() if count}
        scorer = "none" if not used else "stock" if "stock" in used else "shared"
        reason = lm.scorer_reason or "some requests are longer than the shared path takes"
        return {
            "forwards": lm.forwards - self.forwards,
            "tokens_in": lm.tokens_run - self.tokens,
            "scorer": scorer,
            "scorer_reason": reason if scorer == "stock" else None,
        }


def generation_settings(protocol: Protocol) -> dict[str, Any]:
    """Return what overrides the task's own way to generate; empty where the protocol says nothing."""
    settings: dict[str, Any] = {  # transformers refuses 20.0
        name: int(value) if name == "top_k" else value for name, value in protocol.sampling.items()
    }
    if settings:
        settings["do_sample"] = settings.get("temperature") != 0  # unless told, lm-eval drops the temperature
    if protocol.max_tokens:
        settings["max_gen_toks"] = protocol.max_tokens
    return settings


def finish_of(loaded: dict[str, Any], generations: Sequence[Generation]) -> dict[tuple[str, int], tuple[int, str]]:
    """Say of each generated document how long its answer was and why it ended; of several answers, of the first."""
    asked = [
        (name, instance.doc_id)
        for name, task in loaded["tasks"].items()
        for instance in task.instances
        if instance.request_type == "generate_until"
        for _ in range(instance.repeats)  # one after the other, as lm-eval asks them
    ]
    finish: dict[tuple[str, int], tuple[int, str]] = {}
    for place, generation in zip(asked, generations, strict=True):
        finish.setdefault(place, (generation.tokens, generation.finish))
    return finish


def outcome_counts(results: dict[str, Any], generations: Sequence[Generation]) -> dict[str, Any]:
    """Count documents and how the generated answers ended."""
    asked = sum(results["n-samples"][name]["effective"] for name in results["samples"])
    scored = {(name, sample["doc_id"]) for name, samples in results["samples"].items() for sample in samples}
    reasons = [one.finish for one in generations]
    return {
        "documents_attempted": asked,
        "documents_scored": len(scored),
        "tokens_out": sum(one.tokens for one in generations),
        "unanswered": reasons.count("empty"),
        "truncated": reasons.count("length"),
    }


def score_of(suite: Suite, benchmark: Benchmark, results: dict[str, Any]) -> float:
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
