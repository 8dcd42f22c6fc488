"""Hold what of a model is run: precision, engine family, reasoning setting, and weights from elsewhere."""

import re
from typing import Literal

from pydantic import Field, field_validator

from standings.licences import Text
from standings.suite import SLUG, Kind, Protocol, Record, Thinking
from standings.weights import WeightsManifest

PINNED_API = r"\d{4}-?\d{2}-?\d{2}$|-\d{2}-\d{2,4}$|-\d{3}$"  # ends with a date, or with a provider's build number


class Api(Record):
    """What a provider was asked for: its dated id, and the month, which a person bumps to have it asked again."""

    id: Text
    asked: str = Field(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")

    @field_validator("id")
    @classmethod
    def _no_moving_alias(cls, given: str) -> str:
        if not re.search(PINNED_API, given):
            raise ValueError(f"'{given}' is an alias that moves; give the provider's dated id")
        return given


def default_variant(access: object, kind: object) -> dict[str, object]:
    """Return the variant of an entry that names none: as published, in the precision that most weights are kept in.

    A reasoning model thinks; an API has no precision to declare.
    """
    reasoning = "on" if kind == "reasoning" else "off"
    if access == "api":
        return {"name": "api", "engine": "api", "reasoning": reasoning}
    return {"name": "bfloat16", "dtype": "bfloat16", "engine": "hf", "reasoning": reasoning}


class Variant(Record):
    """What is run: precision, engine family and reasoning setting of a model."""

    name: str = Field(pattern=SLUG)
    primary: bool = False
    kind: Kind  # the model's, where the entry names none
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    quantisation: Text | None = None
    engine: Literal["hf", "vllm", "api"] = "hf"
    reasoning: str = Field("off", pattern=r"^(off|on|[1-9]\d*)$")  # a number is a token budget
    thinking: Thinking | None = None  # how it marks its thought, where not by <think> and </think>
    template: dict[str, bool | int | str] = {}  # its chat template's own switches, such as reasoning_effort
    loaded_b: float | None = Field(None, gt=0)  # billions in memory, where the file holds more than the model
    weights: WeightsManifest | None = None  # None: the model's own repository at its revision
    weights_note: Text | None = None
    exceptions: dict[Literal["remote_code", "pickle"], Text] = {}  # what may be run or loaded against the rule, and why

    @field_validator("reasoning", mode="before")
    @classmethod
    def _budget_as_text(cls, given: object) -> object:
        return str(given) if isinstance(given, int) and not isinstance(given, bool) else given

    def asked(self, protocol: Protocol) -> Protocol:
        """Return a suite's protocol as it is for this variant: with its own marks of a thought and its switches.

        An API gives the thought apart, unless its entry names marks.
        """
        marks = self.thinking or (None if self.engine == "api" else protocol.thinking)
        return protocol.model_copy(
            update={
                "thinking": marks if protocol.thinking else None,
                "template": {**protocol.template, **self.template} if protocol.chat_template else {},
            }
        )
