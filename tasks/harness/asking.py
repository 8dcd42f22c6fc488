"""Ask a loaded model one benchmark through lm-eval, one repeat at a time."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from lm_eval import evaluator, simple_evaluate
from lm_eval.tasks import TaskManager

from standings.identity import SEEDS
from standings.samples import Finish
from standings.suite import Benchmark, Protocol
from tasks.harness.generations import Generation

# lm-eval draws 100,000 bootstrap samples where a metric has no closed form: 350 CPU-seconds for a standard error.
BOOTSTRAP = 1000
# It also starts pip, lscpu and nvidia-smi for a report on the machine: a CPU-second a job, and nothing here reads it.
evaluator.add_env_info = lambda _: None


def evaluate(
    lm: Any, benchmark: Benchmark, protocol: Protocol, loaded: dict[str, Any], repeat: int = 0
) -> dict[str, Any]:
    """Return lm-eval's results of one repeat, with samples.

    lm-eval has no mean over repeats: its `repeats` are folded to one answer by the task's filters, most often to the
    first. So each of ours is a run of its own, as `lm_eval run --seed 0,1234,<1234 + repeat>,1234` would make it: what
    the model samples differs, the examples and their order stand still.
    """
    found: dict[str, Any] | None = simple_evaluate(
        model=lm,
        tasks=[benchmark.task],
        task_manager=Loaded(loaded),
        num_fewshot=protocol.shots,
        limit=benchmark.document_limit,
        bootstrap_iters=BOOTSTRAP,
        system_instruction=protocol.system_prompt,
        apply_chat_template=protocol.chat_template,
        fewshot_as_multiturn=protocol.fewshot_as_multiturn,
        gen_kwargs=generation_settings(protocol) or None,
        torch_random_seed=SEEDS["torch"] + repeat,
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


def finish_of(loaded: dict[str, Any], generations: Sequence[Generation]) -> dict[tuple[str, int], list[Finish]]:
    """Say of each generated document how its answers ended: of one, unless the task itself asks for several."""
    asked = [
        (name, instance.doc_id)
        for name, task in loaded["tasks"].items()
        for instance in task.instances
        if instance.request_type == "generate_until"
        for _ in range(instance.repeats)  # one after the other, as lm-eval asks them
    ]
    finish: dict[tuple[str, int], list[Finish]] = defaultdict(list)
    for place, generation in zip(asked, generations, strict=True):
        finish[place].append((generation.tokens, generation.finish))
    return dict(finish)
