"""Hold what the registry knows: organisations, licences, groupings and models, as frozen records.

What no source says is None. None is never read as yes.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from standings.countries import country_name
from standings.licences import DeclaredLicence, Licence, Source, Text
from standings.suite import SLUG, Kind, Record
from standings.variants import Api, Variant, default_variant

Relation = Literal["finetune", "merge", "quantized", "continued_pretrain", "adapter", "distilled"]
REVISION = r"^([0-9a-f]{40}|sha256:[0-9a-f]{64})$"  # commit sha, or the hash of the weights file


class Organisation(Record):
    """Who releases models, and from which countries a source says that it does."""

    id: str = Field(pattern=SLUG)
    name: Text
    countries: tuple[str, ...]  # ISO 3166-1 alpha-2; empty where no source says
    namespaces: tuple[str, ...] = ()  # first part of its models' ids
    source: Source
    valid_from: date | None = None
    disputed: bool = False  # sources differ
    note: Text | None = None
    review: Text | None = None  # what a person must still decide

    @property
    def origin(self) -> str | None:
        """Join the countries: `FR+US` is a row of its own."""
        return "+".join(sorted(self.countries)) or None

    @property
    def origin_name(self) -> str | None:
        """Join the countries' names, in the order of their codes."""
        return " + ".join(country_name(code) for code in sorted(self.countries)) or None


class Grouping(Record):
    """One way to put countries into named groups, which may overlap."""

    id: str = Field(pattern=SLUG)
    name: Text
    source: Source
    as_of: date
    groups: dict[str, tuple[str, ...]]  # group's name to ISO codes


class Released(Record):
    """Day of release, from a source that speaks of the release; a repository's creation is none."""

    day: date
    source: Source


class Parameters(Record):
    """Size in billions of parameters."""

    total_b: float | None = Field(None, gt=0)
    active_b: float | None = Field(None, gt=0)
    dense: bool = False  # a dense model's parameters are all active
    source: Source

    @model_validator(mode="before")
    @classmethod
    def _dense_is_all_active(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("dense") and given.get("active_b") is None:
            return {**given, "active_b": given.get("total_b")}
        return given

    @model_validator(mode="after")
    def _active_is_part(self) -> Self:
        if (
            self.total_b
            and self.active_b
            and (self.active_b > self.total_b or (self.dense and self.active_b != self.total_b))
        ):
            raise ValueError(f"active_b {self.active_b} does not go with total_b {self.total_b}")
        return self


class Shape(Record):
    """What of the architecture an estimate of memory reads, as the model's config.json has it."""

    layers: int = Field(gt=0)
    kv_values: int = Field(gt=0)  # kept of a token in one layer: 2 × key-value heads × head size, or MLA's latent
    vocabulary: int = Field(gt=0)
    source: Source


class Claim(Record):
    """A yes or no that a source states."""

    value: bool
    source: Source


class Statement(Record):
    """Something that a source states."""

    source: Source


class LineageEdge(Record):
    """One parent of a model. All relations but `distilled` carry the parent's weights."""

    parent: Text
    relation: Relation
    source: Source
    curated: bool = True  # a person decided; false: as the hub has it
    outside: bool = False  # the registry does not hold the parent, on purpose: what it allows is unknown

    @property
    def carries_weights(self) -> bool:
        """Say whether the child carries the parent's weights."""
        return self.relation != "distilled"


class Model(Record):
    """One released checkpoint."""

    id: str = Field(pattern=r"^[^/\s]+/[^/\s]+$")
    name: Text
    organisation: str
    family: Text | None = None  # what its publisher sells it as, all sizes and years together: Qwen, Llama, Gemma
    revision: str | None = None
    api: Api | None = None
    access: Literal["weights", "api"]
    kind: Kind
    licence: DeclaredLicence | None = None
    released: Released | None = None
    parameters: Parameters | None = None
    shape: Shape | None = None
    data_open: Claim | None = None
    code_open: Claim | None = None
    pretrained: Statement | None = None  # a source says that its weights began as random numbers
    lineage: tuple[LineageEdge, ...] = ()
    variants: tuple[Variant, ...]
    valid_from: date | None = None
    note: Text | None = None
    review: Text | None = None  # what a person must still decide

    @field_validator("revision")
    @classmethod
    def _no_branch(cls, given: str | None) -> str | None:
        if given is not None and not re.match(REVISION, given):
            raise ValueError(f"'{given}' moves; give the full commit sha, or sha256: and the hash of the weights file")
        return given

    @model_validator(mode="before")
    @classmethod
    def _fill_variants(cls, given: Any) -> Any:
        """Give an entry without variants its default one, and each variant the model's kind."""
        if not isinstance(given, Mapping):
            return given
        # An entry without a valid kind is refused for that; its variants need not be as well.
        kind = given["kind"] if given.get("kind") in get_args(Kind) else "base"
        variants = given.get("variants") or [default_variant(given.get("access"), kind)]
        if not isinstance(variants, list | tuple):
            return given
        only = {"primary": True} if len(variants) == 1 else {}
        filled = [{"kind": kind, **only, **item} if isinstance(item, Mapping) else item for item in variants]
        return {**given, "variants": filled}

    @model_validator(mode="after")
    def _pinned_as_accessed(self) -> Self:
        if self.api and self.access != "api":
            raise ValueError("api: is for access: api")
        if self.revision and self.access != "weights":
            raise ValueError("a model behind an API has no revision: give api: {id, asked}")
        return self

    @model_validator(mode="after")
    def _one_primary(self) -> Self:
        names = [variant.name for variant in self.variants]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"variants named twice: {', '.join(twice)}")
        primary = [variant.name for variant in self.variants if variant.primary]
        if len(primary) != 1:
            raise ValueError(f"exactly one variant is primary, here {', '.join(primary) or 'none'}")
        return self

    @property
    def pinned(self) -> str | None:
        """Return what fixes the model: revision, or dated id and asked month; None where it can't be evaluated."""
        return f"{self.api.id}@{self.api.asked}" if self.api else self.revision

    @property
    def blocked(self) -> str | None:
        """Say why the model can't be evaluated; None where it can."""
        if self.pinned:
            return None
        return "no dated id and asked month" if self.access == "api" else "no pinned revision"

    @property
    def primary(self) -> Variant:
        """Return the variant that represents the model."""
        return next(variant for variant in self.variants if variant.primary)


class Place(Record):
    """Where an entry was written."""

    file: str
    line: int | None = None


class Registry(Record):
    """All records by id. `places` says where each was written, by `models/Qwen/Qwen3-8B`, faulty entries included."""

    organisations: dict[str, Organisation] = Field(default_factory=dict)
    licences: dict[str, Licence] = Field(default_factory=dict)
    groupings: dict[str, Grouping] = Field(default_factory=dict)
    models: dict[str, Model] = Field(default_factory=dict)
    places: dict[str, Place] = Field(default_factory=dict)
