"""Decide which releases of a hub come in, which wait for a person and which stay out, each with its reason."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal

from pydantic import Field

from standings.hub import HubRecord
from standings.registry import Registry
from standings.suite import Kind, Record

FILE = "discovery.yaml"
POLICY = "policy"  # who decided, where no person did
Outcome = Literal["accepted", "review", "rejected", "unchanged", "known"]
Derivative = Literal["quantized", "merge", "adapter"]

KINDS: dict[Kind, frozenset[str]] = {  # words of a name that say how its model can be asked
    "base": frozenset({"base", "pt", "pretrain", "pretrained"}),
    "instruct": frozenset({"instruct", "it", "chat"}),
    "reasoning": frozenset({"reasoning", "reasoner", "thinking", "think", "r1", "qwq"}),
}
QUANTISED = re.compile(  # a word of a name that says in what its weights are kept
    r"gguf|awq|gptq|exl[23]|mlx|bnb|(nv|mx)?fp[48]|u?int[48]|[2-8]bit|w\d+a\d+|i?q[2-8]|qat|quanti[sz]ed"
)
PACKED = frozenset({"fp8", "mxfp4", "nvfp4", "8-bit", "4-bit", "awq", "gptq", "bitsandbytes", "compressed-tensors"})
ONCE = {"quantized": "a quantisation", "merge": "a merge", "adapter": "an adapter"}


class Pipelines(Record):
    """The hub's tasks."""

    accept: tuple[str, ...] = ("text-generation",)
    review: tuple[str, ...] = ()


class Names(Record):
    """Words of a model's name, and what each says of it."""

    reject: dict[str, str] = {}
    review: dict[str, str] = {}


class Policy(Record):
    """What registry/discovery.yaml says; without the file, its defaults."""

    pipelines: Pipelines = Pipelines()
    libraries: tuple[str, ...] = ("transformers",)
    parameters_at_most_b: float | None = Field(None, gt=0)
    created_from: date | None = None
    gated: Literal["accept", "review", "reject"] = "review"
    derivatives: tuple[Derivative, ...] = ()
    asked: tuple[str, ...] = ()
    auto_revision: tuple[str, ...] = ()
    names: Names = Names()


class Judgement(Record):
    """What becomes of a release, why, and how it is asked if it comes in."""

    outcome: Outcome
    reason: str  # a sentence, or several
    kind: Kind | None = None


def judge(policy: Policy, registry: Registry, record: HubRecord, kind: Kind | None = None) -> Judgement:
    """Judge a release by itself; `kind` is what was decided of an earlier one (standings/releases.py)."""
    entry = registry.models.get(record.model)
    known = entry.kind if entry else kind
    kind, told = (known, "so its entry says") if known else kind_of(record)
    if reason := next(refusals(policy, registry, record), None):
        return Judgement(outcome="rejected", reason=reason)
    questions = [*doubts(policy, registry, record), *([] if kind else [told])]
    if questions:
        return Judgement(outcome="review", reason=" ".join(questions), kind=kind)
    return Judgement(outcome="accepted", reason=f"It meets the policy, and is asked as {kind}: {told}.", kind=kind)


def refusals(policy: Policy, registry: Registry, record: HubRecord) -> Iterator[str]:
    """Say why a release stays out; the first reason is the one that is told."""
    if record.private:
        yield "It is private: what no reader can fetch is not evaluated."
    if record.disabled:
        yield "The hub has disabled it."
    if record.gated and policy.gated == "reject":
        yield "It is gated: its terms must be accepted before a file is given."
    if organisation_of(registry, record.model) is None:
        yield f"'{record.model.partition('/')[0]}' is no namespace of an organisation that the registry knows."
    if not is_wanted(policy, registry, record.model):
        yield from _of_another_sort(policy, record)
    if not record.safetensors:
        yield "It has no safetensors: pickled weights can run code when they are loaded."


def _of_another_sort(policy: Policy, record: HubRecord) -> Iterator[str]:
    """Say why nobody would expect it on the board, unless a person asks for just this model."""
    derived = derivation(record)
    if derived and derived not in policy.derivatives:
        yield f"It is {ONCE[derived]}{_of_parents(record, derived)}."
    if record.pipeline and record.pipeline not in (*policy.pipelines.accept, *policy.pipelines.review):
        yield f"The hub's task is {record.pipeline}, not {' or '.join(policy.pipelines.accept)}."
    if word := _first(policy.names.reject, record.model):
        yield f"Its name says '{word}': {policy.names.reject[word]}."
    if policy.created_from and record.created and record.created.date() < policy.created_from:
        yield f"It was made in {record.created.year}, before {policy.created_from}: it would need an entry of its own."


def doubts(policy: Policy, registry: Registry, record: HubRecord) -> Iterator[str]:
    """Say all that a person must look at before a release comes in."""
    wanted = is_wanted(policy, registry, record.model)
    if not wanted and record.pipeline is None:
        yield "The hub names no task for it."
    elif not wanted and record.pipeline in policy.pipelines.review:
        yield f"The hub's task is {record.pipeline}: it may be asked in text alone."
    if record.library not in policy.libraries:
        yield f"Its library is {record.library or 'not named'}, not {' or '.join(policy.libraries)}."
    if "custom_code" in record.tags:
        yield "It needs code of its own, which an entry must allow."
    if record.gated and policy.gated == "review":
        yield "It is gated: a person must accept its terms on the hub."
    if packed := sorted(PACKED & set(record.tags)):
        yield f"Its weights are kept in {', '.join(packed)}: a person declares what is run."
    elif "quantized" in relations(record) and "quantized" not in policy.derivatives and not wanted:
        yield "The hub calls it a quantisation, and neither its name nor a tag says in what."
    if not wanted and (word := _first(policy.names.review, record.model)):
        yield f"Its name says '{word}': {policy.names.review[word]}."
    yield from _doubtful_size(policy, registry, record)


def _doubtful_size(policy: Policy, registry: Registry, record: HubRecord) -> Iterator[str]:
    entry, limit = registry.models.get(record.model), policy.parameters_at_most_b
    stated = entry and entry.parameters and entry.parameters.total_b
    total_b = stated or (record.parameters or 0) / 1e9
    if not total_b:
        yield "The hub does not say how many parameters it has."
    elif limit and total_b > limit:
        yield f"It has {total_b:.4g} billion parameters, more than {limit:g}."


def kind_of(record: HubRecord) -> tuple[Kind | None, str]:
    """Derive how a model can be asked, and say from what; None where nothing or both of two things say so.

    A chat template alone does not tell: many base models come with one, and so do models that think.
    """
    said = {kind: sorted(words(record.model) & known) for kind, known in KINDS.items()}
    named: list[Kind] = [kind for kind in KINDS if said[kind]]
    template = "conversational" in record.tags
    if named == ["base"]:
        return "base", f"its name says '{said['base'][0]}'"
    if "base" in named:
        return None, f"Its name says both '{said['base'][0]}' and '{said[named[1]][0]}'."
    if not named:
        tells = "it has a chat template, as base models have too" if template else "the hub sees no chat template"
        return None, f"Its name does not say how it can be asked, and {tells}."
    kind: Kind = "reasoning" if "reasoning" in named else "instruct"
    if not template:
        return None, f"Its name says '{said[kind][0]}', and the hub sees no chat template to ask it by."
    return kind, f"its name says '{said[kind][0]}', and it has a chat template"


def derivation(record: HubRecord) -> Derivative | None:
    """Tell an adapter, a merge or a quantisation, as far as it is certain.

    The hub's relation `quantized` alone is not: it stands on full-precision models whose repository has an ONNX copy.
    """
    found = relations(record)
    if "adapter" in found or record.library == "peft":
        return "adapter"
    if "merge" in found or "mergekit" in record.tags:
        return "merge"
    return "quantized" if any(QUANTISED.fullmatch(word) for word in words(record.model)) else None


def relations(record: HubRecord) -> set[str]:
    """Return how the hub says it came from its parents."""
    return {relation for relation, _ in record.parents}


def words(model: str) -> set[str]:
    """Split a model's name into words, in lower case: `Qwen3-8B-Base` has base."""
    return set(re.split(r"[-_.]+", model.partition("/")[2].lower()))


def is_wanted(policy: Policy, registry: Registry, model: str) -> bool:
    """Say whether a person asked for just this model: by an entry, or by its id in the policy."""
    return is_written(registry, model) or model in policy.asked


def is_written(registry: Registry, model: str) -> bool:
    """Say whether a file of the registry has an entry for a model, be it faulty."""
    return f"models/{model}" in registry.places


def organisation_of(registry: Registry, model: str) -> str | None:
    """Find who releases under a model's namespace."""
    namespace = model.partition("/")[0]
    return next((item.id for item in registry.organisations.values() if namespace in item.namespaces), None)


def _of_parents(record: HubRecord, derived: Derivative) -> str:
    parents = [name for relation, name in record.parents if relation in (derived, "")]
    return f" of {', '.join(parents)}" if parents else ""


def _first(known: dict[str, str], model: str) -> str | None:
    return next((word for word in known if word in words(model)), None)
