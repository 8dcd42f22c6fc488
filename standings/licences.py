"""Class licences as they are declared. The class sorts licences for a reader; it is no legal advice."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from standings.suite import Record

LicenceClass = Literal[
    "osi_approved", "content", "custom_permissive", "community", "noncommercial", "unknown", "undeclared"
]
OPEN: tuple[LicenceClass, ...] = ("osi_approved", "content", "custom_permissive")
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Source = Text  # an address, or a citation that a person can follow


class Term(Record):
    """One property of a licence, with the clause that it rests on."""

    value: bool
    clause: Text


class Territories(Record):
    """Where a licence grants nothing: ISO codes or EU; an empty list says that no territory is excluded."""

    value: tuple[str, ...]
    clause: Text


class Terms(Record):
    """What a licence says of use; None where nobody has read it for that."""

    commercial_use: Term | None = None
    user_cap: Term | None = None  # a number of users above which it does not grant
    excluded_territories: Territories | None = None
    naming_duty: Term | None = None  # derivatives must carry or show the original's name
    covers_outputs: Term | None = None  # terms reach the model's outputs, or models trained on them


class Licence(Record):
    """A licence as the registry's readers class it. It sorts, and is no legal advice."""

    id: Text
    name: Text
    licence_class: LicenceClass = Field(alias="class")
    spdx: Text | None = None  # identifier in the pinned SPDX list
    osi_approved: bool  # isOsiApproved of that list; false where it has no entry
    tags: tuple[str, ...] = ()  # declared forms: `apache-2.0`, or `other/modified-mit`; none: the id itself
    source: Source
    dated: date | None = None  # of the text
    terms: Terms = Terms()
    note: Text | None = None
    review: Text | None = None  # what a person must still decide

    @model_validator(mode="after")
    def _class_as_its_facts(self) -> Self:
        if (self.licence_class == "osi_approved") != self.osi_approved:
            raise ValueError("class osi_approved is for licences with osi_approved: true, and for all of them")
        commercial = self.terms.commercial_use
        if self.licence_class == "noncommercial" and (commercial is None or commercial.value):
            raise ValueError("class noncommercial needs terms.commercial_use with value: false and its clause")
        return self

    @property
    def forms(self) -> tuple[str, ...]:
        """Return the declared forms in lower case."""
        return tuple(tag.lower() for tag in self.tags) or (self.id.lower(),)


class DeclaredLicence(Record):
    """What a release declares, word for word. `license: null` says that somebody looked and there is no tag."""

    license: str | tuple[str, ...] | None = None
    license_name: str | None = None
    license_link: str | None = None
    source: Source
    explained: Text | None = None  # why it is not what the hub's record says; in no fact and no identity


_FORMS: list[tuple[Mapping[str, "Licence"], dict[str, "Licence"]]] = []  # of the last table asked for


def classify(
    license: str | Iterable[str] | None,  # the hub's own word
    license_name: str | None,
    table: Mapping[str, Licence],
) -> tuple[str | None, LicenceClass]:
    """Return the licence id and class of what a release declares.

    Only the forms that the table lists are recognised: `other` named "apache-2.0" is a conflict, not Apache-2.0.
    """
    tags = [tag.strip().lower() for tag in ([license] if isinstance(license, str) else license or ()) if tag.strip()]
    name = (license_name or "").strip().lower()
    if not tags and not name:
        return None, "undeclared"
    if len(tags) != 1:
        return None, "unknown"  # several, and nobody says which one holds; or a name without a tag
    forms = _forms(table)
    found = forms.get(f"other/{name}" if tags[0] == "other" else tags[0])
    named = forms.get(f"other/{name}") or forms.get(name)
    if found is None or (named is not None and named is not found):
        return None, "unknown"  # not recognised, or the tag says one licence and the name another
    return found.id, found.licence_class


def _forms(table: Mapping[str, Licence]) -> Mapping[str, Licence]:
    """Return the licences by each of their forms; made once of a table, as every model of a registry asks for it."""
    for known, forms in _FORMS:
        if known is table:
            return forms
    made = {form: licence for licence in table.values() for form in licence.forms}
    _FORMS[:] = [(table, made)]
    return made


def classify_declared(
    declared: DeclaredLicence | None, access: str, table: Mapping[str, Licence]
) -> tuple[str | None, LicenceClass]:
    """Class a model's declaration; with none recorded, weights are unknown, and an API releases nothing to license."""
    if declared is None:
        return None, "undeclared" if access == "api" else "unknown"
    return classify(declared.license, declared.license_name, table)


def is_open(licence_class: LicenceClass) -> bool:
    """Say whether a class counts as open; neither unknown nor undeclared ever does."""
    return licence_class in OPEN
