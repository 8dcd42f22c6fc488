"""Hold suites: which benchmarks, asked how, locked to what."""

from datetime import date
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from standings.identity import benchmark_id, canonical, digest, without_defaults

Kind = Literal["base", "instruct", "reasoning", "api"]
Category = Literal["reasoning", "mathematics", "tool_use", "instruction_following", "language", "knowledge"]
SLUG = r"^[a-z0-9][a-z0-9_.-]*$"


class Record(BaseModel):
    """A frozen record that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Thinking(Record):
    """How a model marks its thought in what it writes: the answer is what follows `end`."""

    start: str = Field("<think>", min_length=1)  # many templates write it themselves, so that no answer holds it
    end: str = Field("</think>", min_length=1)


class Protocol(Record):
    """How a benchmark asks a kind of model."""

    output: Literal["multiple_choice", "loglikelihood", "generate_until"]
    shots: int | None = Field(None, ge=0)  # None: as the task says
    chat_template: bool = False
    fewshot_as_multiturn: bool = False
    system_prompt: str | None = None
    max_tokens: int | None = Field(None, ge=1)  # token budget of an answer; None: as the task says
    sampling: dict[Literal["temperature", "top_p", "top_k", "min_p"], float] = {}  # empty: greedy, or as the task says
    repeats: int = Field(1, ge=1)  # each answer is graded by itself; the score is their mean
    thinking: Thinking | None = None  # the thought is no part of the answer; None: all that is written is
    template: dict[str, bool | int | str] = {}  # for the chat template, beside the variant's enable_thinking

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.output != "generate_until":
            for name in ("sampling", "thinking", "max_tokens"):
                if getattr(self, name):
                    raise ValueError(f"`{name}` is for output generate_until: {self.output} writes nothing")
            if self.repeats > 1:
                raise ValueError(f"`repeats` is for output generate_until: {self.output} gives the same again")
        if self.template and not self.chat_template:
            raise ValueError("`template` is for a chat template: say `chat_template: true`")
        return self

    def identity(self) -> dict[str, Any]:
        """Return the fields that are not at their default."""
        defaults = {name: field.get_default() for name, field in type(self).model_fields.items() if name != "output"}
        return without_defaults(self.model_dump(), defaults)

    def canonical(self) -> str:
        """Return the identity as canonical JSON, as the lake keeps it."""
        return canonical(self.identity())


class Score(Record):
    """The one metric and filter of a task that is the benchmark's score."""

    metric: str
    filter: str = "none"


class Benchmark(Record):
    """An lm-eval task in a suite."""

    id: str = Field(pattern=SLUG)
    task: str
    title: str
    category: Category
    score: Score
    chance: float = Field(ge=0, lt=1)  # share that a uniform chooser gets
    released: date | None = None
    licence: str | None = None  # of the data
    source: str
    epoch: int = Field(1, ge=1)
    folder: str | None = None  # under lm-eval's own tasks; a narrow index takes 0.1 s where the whole takes 9
    data: str | None = None  # how the data that it is locked to differ from the hub's
    protocols: dict[Kind, str]  # kind to protocol; a kind that is not named can't sit it
    document_limit: int | None = None  # set by Suite.limited alone


class TaskLock(Record):
    """What a task was when the suite was locked; each hash is a sha256."""

    version: str
    config: str  # resolved configuration, free of paths
    functions: str  # sources of the functions that the configuration names
    documents: int
    fingerprint: str  # of the documents, in order
    examples: str  # of the documents that few-shot examples are taken from


class Lock(Record):
    """A benchmark's lock: a task, or a group with its tasks."""

    tasks: dict[str, TaskLock]
    group: str | None = None  # hash of the group's aggregation

    @cached_property
    def sha256(self) -> str:
        """Hash the lock; once, as each cell of a plan asks for it."""
        return digest(self.model_dump(exclude_none=True))

    @property
    def documents(self) -> int:
        """Count the documents of all tasks."""
        return sum(task.documents for task in self.tasks.values())

    def differences(self, found: Self) -> list[str]:
        """Say by name what of a task is not as locked; empty where everything is."""
        if missing := self.tasks.keys() ^ found.tasks.keys():
            return [f"{name}: is {'missing' if name in self.tasks else 'not locked'}" for name in sorted(missing)]
        said = [
            f"{name}: {field} is {was_found}, the suite locks {was_locked}"
            for name, locked in self.tasks.items()
            for field, was_locked in locked.model_dump().items()
            if (was_found := getattr(found.tasks[name], field)) != was_locked
        ]
        return said + ([] if self.group == found.group else ["the group's aggregation is not as locked"])


class Suite(Record):
    """A board of its own: benchmarks with protocols and locks."""

    suite: str = Field(pattern=SLUG)
    title: str
    description: str = ""
    tasks: str | None = None  # folder with task YAMLs beside the suite's file; None: lm-eval's own
    groups: str | None = None  # folder beside it with groups of ours, which name lm-eval's own tasks and no more
    metadata: dict[str, Any] = {}  # passed to every task, with the benchmark's epoch
    protocols: dict[str, Protocol]
    benchmarks: tuple[Benchmark, ...]
    locks: dict[str, Lock] = {}  # by task, from <suite>.lock.yaml

    @model_validator(mode="after")
    def _protocols_exist(self) -> Self:
        for benchmark in self.benchmarks:
            for kind, name in benchmark.protocols.items():
                if name not in self.protocols:
                    known = ", ".join(sorted(self.protocols))
                    raise ValueError(f"{benchmark.id}: protocol '{name}' of {kind} is not one of {known}")
                asked = self.protocols[name]
                # An endpoint takes messages and gives text: lm-eval sends them where a chat template is asked for.
                if kind == "api" and not (asked.output == "generate_until" and asked.chat_template):
                    raise ValueError(
                        f"{benchmark.id}: protocol '{name}' of api must be `output: generate_until` "
                        "with `chat_template: true`: a chat endpoint can be asked no other way"
                    )
        names = [benchmark.id for benchmark in self.benchmarks]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"benchmarks named twice: {', '.join(twice)}")
        return self

    def lock(self, benchmark: Benchmark) -> Lock | None:
        """Return the benchmark's lock, or None where the suite has not been locked since it was added."""
        return self.locks.get(benchmark.task)

    def benchmark_id(self, benchmark: Benchmark) -> str:
        """Hash what is asked; the benchmark must be locked."""
        lock = self.lock(benchmark)
        assert lock is not None, f"{self.suite}/{benchmark.id} is not locked"
        return benchmark_id(lock=lock.sha256, document_limit=benchmark.document_limit, epoch=benchmark.epoch)

    def limited(self, documents: int) -> Self:
        """Return the suite that asks only the first documents of each task, under names of its own.

        A limited number never stands under the full one's name.
        """
        suffix = f"-limit-{documents}"
        benchmarks = tuple(
            benchmark.model_copy(update={"id": benchmark.id + suffix, "document_limit": documents})
            for benchmark in self.benchmarks
        )
        title = f"{self.title}, first {documents} documents of each task"
        return self.model_copy(update={"suite": self.suite + suffix, "title": title, "benchmarks": benchmarks})
