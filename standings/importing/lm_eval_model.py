"""Say which model lm-eval asked, from a configuration that every version writes in its own way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from standings.importing.marks import Mark
from standings.importing.number import Refused, as_text

NAMED_BY = ("pretrained", "model", "model_name", "path", "engine")  # arguments of lm-eval's model classes
LAID_OVER = ("peft", "delta")
QUANTISED = ("load_in_4bit", "load_in_8bit", "quantization", "gguf_file", "autogptq", "gptqmodel")
KEPT = ("dtype", "max_length", "add_bos_token", "enable_thinking", "think_end_token", "trust_remote_code")
BRANCHES = {"main", "master", "None", ""}


@dataclass(frozen=True, slots=True)
class Asked:
    """The model as told."""

    model: str
    revision: str | None
    settings: dict[str, Any]
    marks: frozenset[Mark]


def asked_model(results: Mapping[str, Any], given: str | None) -> Asked:
    """Return the model that a results file names; `given` is a person's word where it names none."""
    config = results.get("config", {})
    arguments = model_arguments(config.get("model_args"))
    model = model_name(results, config, arguments) or given
    if model is None:
        raise Refused("names no model. Say whose numbers these are with --model.")
    marks = set()
    if laid := next((arguments[name] for name in LAID_OVER if as_text(arguments.get(name))), None):
        marks.add(Mark.OTHER_WEIGHTS)
        model = f"{model} + {laid}"
    quantised = {name: arguments[name] for name in QUANTISED if arguments.get(name) not in (None, "", "False", False)}
    if quantised:
        marks.add(Mark.QUANTISED)
    kept = {name: arguments[name] for name in KEPT if name in arguments}
    engine = as_text(config.get("model"))
    settings = {
        "engine": engine if engine != model else None,
        "model_dtype": config.get("model_dtype"),
        **kept,
        **quantised,
    }
    return Asked(model, revision_of(config, arguments), settings, frozenset(marks))


def model_arguments(told: Any) -> dict[str, Any]:
    """Read `model_args`: a mapping, or `name=value` joined by commas, some of which may stand in a value."""
    if isinstance(told, Mapping):
        return dict(told)
    arguments: dict[str, Any] = {}
    last = None
    for part in str(told or "").split(","):
        name, equals, value = part.partition("=")
        if equals:
            last = name.strip()
            arguments[last] = value.strip()
        elif last is not None:
            arguments[last] += f",{part}"
    return arguments


def model_name(results: Mapping[str, Any], config: Mapping[str, Any], arguments: Mapping[str, Any]) -> str | None:
    """Return the model's name. `config.model` is lm-eval's class of models, or, in old files, the model itself."""
    named = [as_text(arguments.get(name)) for name in NAMED_BY]
    told = as_text(config.get("model"))
    saved = as_text(results.get("model_name"))
    ids = [name for name in (told, saved) if name and "/" in name]
    # A name without a slash may be one that lm-eval drew at random for a model object: the class says more.
    return next((name for name in [*named, *ids, told, saved] if name), None)


def revision_of(config: Mapping[str, Any], arguments: Mapping[str, Any]) -> str | None:
    """Return the commit, or the name that was asked for; a moving branch is none."""
    sha = as_text(config.get("model_sha"))
    asked = as_text(arguments.get("revision")) or as_text(config.get("model_revision"))
    return sha or (None if asked in BRANCHES else asked)
