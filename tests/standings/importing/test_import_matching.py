"""Names are matched only where it is certain, and what is in the way of comparing is marked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from standings.facts import table
from standings.importing.marks import Mark
from standings.importing.matching import Known, Origin, Row, marks, model_of, new, rows
from standings.importing.number import Number, Refused
from tests.standings.importing.files import file

NOW = datetime(2026, 8, 1, tzinfo=UTC)
COMMIT, OTHER = "a" * 40, "b" * 40
KNOWN = Known({"acme/tiny-1": COMMIT, "acme/unpinned": None}, {"Tiny": "acme/tiny-1"}, {"arc": frozenset({"1.0"})})
FULL: dict[str, Any] = {
    "place": ("p",),
    "model_told": "acme/tiny-1",
    "benchmark_told": "arc",
    "value": 0.5,
    "evidence": "measured_elsewhere",
    "unit": "share",
    "n": 10,
    "shots": 5,
    "harness": "lm-eval",
    "harness_version": "0.4.9",
    "task": "arc",
    "task_version": "1",
    "revision": COMMIT,
}


def number(**changes: Any) -> Number:
    return Number(**{**FULL, **changes})


def made(*numbers: Number, known: Known = KNOWN, **more: Any) -> list[Row]:
    return rows(file("x"), "lm-eval", numbers, known, Origin(**{"source": "https://x.example", **more}), NOW)


@pytest.mark.parametrize(
    ("changes", "model"),
    [
        ({}, "acme/tiny-1"),
        ({"model_told": "Tiny"}, "acme/tiny-1"),
        ({"model_told": "acme/Tiny-1"}, None),
        ({"model_told": "tiny-1"}, None),
        ({"revision": None}, "acme/tiny-1"),
        ({"revision": OTHER}, "acme/tiny-1"),
        ({"revision": "step1000"}, None),
        ({"marks": frozenset({Mark.OTHER_WEIGHTS})}, None),
    ],
)
def test_a_name_is_a_model_of_the_registry_only_where_it_is_certain(changes: dict[str, Any], model: str | None) -> None:
    assert model_of(number(**changes), KNOWN) == model


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({"shots": None}, Mark.SHOTS_UNKNOWN),
        ({"harness": None}, Mark.HARNESS_UNKNOWN),
        ({"harness_version": None}, Mark.HARNESS_VERSION_UNKNOWN),
        ({"task_version": None}, Mark.TASK_VERSION_UNKNOWN),
        ({"task_version": "0"}, Mark.TASK_VERSION_DIFFERS),
        ({"revision": None}, Mark.REVISION_UNKNOWN),
        ({"revision": OTHER}, Mark.REVISION_DIFFERS),
        ({"unit": None}, Mark.UNIT_UNKNOWN),
        ({"n": None}, Mark.N_UNKNOWN),
        ({"marks": frozenset({Mark.QUANTISED})}, Mark.QUANTISED),
    ],
)
def test_what_is_in_the_way_of_comparing_is_marked(changes: dict[str, Any], mark: Mark) -> None:
    assert marks(number(**changes), "acme/tiny-1", KNOWN) == {mark}


def test_a_number_that_says_all_as_we_would_has_no_mark() -> None:
    assert marks(number(), "acme/tiny-1", KNOWN) == set()
    assert marks(number(task="unlocked", task_version="7"), "acme/tiny-1", KNOWN) == set()


def test_rows_fit_the_fact_table() -> None:
    assert table("reported", made(number())).num_rows == 1


def test_a_number_without_a_source_is_refused() -> None:
    with pytest.raises(Refused, match="--source"):
        made(number(), source=None)
    assert made(number(source="https://y.example"), source=None)[0]["source"] == "https://y.example"


def test_two_numbers_for_one_thing_refuse_the_file_and_one_said_twice_is_one() -> None:
    assert len(made(number(), number())) == 1
    with pytest.raises(Refused, match=r"two numbers for acme/tiny-1, arc: 0.5 and 0.6"):
        made(number(), number(value=0.6))


def test_the_same_number_read_again_is_not_new_wherever_the_file_lies() -> None:
    again = rows(file("y", "z/other.json"), "lm-eval", [number()], KNOWN, Origin("https://x.example", "c1"), NOW)
    assert new(again, made(number())) == []


def test_a_number_that_changed_is_a_new_version_and_one_that_changed_back_is_too() -> None:
    first = made(number())
    second = [{**row, "known_from": NOW + timedelta(days=1)} for row in made(number(value=0.6))]
    assert new(second, first) == second
    assert new(second, [*first, *second]) == []
    assert new(made(number()), [*second, *first]) == first


def test_an_alias_declared_later_makes_a_new_version() -> None:
    told = replace(number(), model_told="A name")
    later = Known({"acme/tiny-1": COMMIT}, {"A name": "acme/tiny-1"}, KNOWN.task_versions)
    [row] = new(made(told, known=later), made(told))
    assert row["model"] == "acme/tiny-1"
