"""The quick suite's generators: the same documents everywhere, right answers, no luck for choosers who can't read."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from math import sqrt
from random import Random

import pytest

from standings.quick import BENCHMARKS, EXAMPLES, MultipleChoice, Written, documents, examples

CHANCE = 1 / 4  # every benchmark with choices has four
CHOICES = [name for name in BENCHMARKS if name not in ("write", "call")]  # these two are written
EXAMS = """
import json
from dataclasses import asdict
from standings.quick import BENCHMARKS, documents

print(json.dumps({name: [asdict(document) for document in documents(name, 1, 40)] for name in BENCHMARKS}))
"""

pytest.importorskip("reasoning_gym", reason="some generators are reasoning-gym's, which the worker extra brings")


def many(name: str) -> list[MultipleChoice]:
    """2,000 documents: 40 from each of fifty epochs, as 40 are asked at a time."""
    return [each for epoch in range(1, 51) for each in documents(name, epoch, 40)]


def test_another_process_with_another_hash_seed_makes_the_same_documents() -> None:
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "0" else "0"
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    said = subprocess.run([sys.executable, "-c", EXAMS], env=environment, capture_output=True, check=True).stdout
    here = {name: [asdict(document) for document in documents(name, 1, 40)] for name in BENCHMARKS}
    assert json.loads(said) == json.loads(json.dumps(here))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_new_epoch_is_a_fresh_exam(name: str) -> None:
    first, second = ({each.query for each in documents(name, epoch, 40)} for epoch in (1, 2))
    assert len(first & second) <= 10  # the few words there are meet again


@pytest.mark.parametrize("name", BENCHMARKS)
def test_more_documents_begin_with_the_same_ones(name: str) -> None:
    assert documents(name, 1, 60)[:40] == documents(name, 1, 40)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_no_document_comes_twice_and_no_example_is_a_document(name: str) -> None:
    asked = [each.query for each in examples(name, 1, EXAMPLES) + documents(name, 1, 200)]
    assert len(set(asked)) == EXAMPLES + 200


def test_asking_for_more_than_there_is_says_so() -> None:
    with pytest.raises(ValueError, match=r"translate: has only .* different documents"):
        documents("translate", 1, 5000)


@pytest.mark.parametrize("name", CHOICES)
def test_choices_differ_and_one_of_them_is_right(name: str) -> None:
    for each in documents(name, 1, 200):
        assert len(set(each.choices)) == len(each.choices) == 4
        assert 0 <= each.gold < 4
        assert all(choice == choice.strip() for choice in each.choices), each


@pytest.mark.parametrize("name", CHOICES)
def test_a_uniform_a_first_and_a_shortest_chooser_get_chance(name: str) -> None:
    rng = Random("a chooser who can't read")
    asked = many(name)
    choosers = {
        "uniform": lambda each: rng.randrange(len(each.choices)),
        "first": lambda each: 0,
        "shortest": lambda each: min(range(len(each.choices)), key=lambda index: len(each.choices[index])),
        "longest": lambda each: max(range(len(each.choices)), key=lambda index: len(each.choices[index])),
    }
    allowed = 3 * sqrt(CHANCE * (1 - CHANCE) / len(asked))
    scores = {who: sum(chosen(each) == each.gold for each in asked) / len(asked) for who, chosen in choosers.items()}
    assert all(abs(score - CHANCE) <= allowed for score in scores.values()), scores


@pytest.mark.parametrize("name", CHOICES)
def test_the_right_choice_stands_anywhere_equally_often(name: str) -> None:
    asked = many(name)
    places = Counter(each.gold for each in asked)
    expected = len(asked) * CHANCE
    distance = sum((places[place] - expected) ** 2 / expected for place in range(4))
    assert distance < 16.3  # chi-squared, three degrees of freedom, p = 0.001


@pytest.mark.parametrize("name", ["addition", "chain_sum"])
def test_sums_are_right_when_computed_again(name: str) -> None:
    for each in documents(name, 1, 200):
        terms = re.findall(r"([+-]?) ?(\d+)", each.query)
        assert int(each.choices[each.gold]) == sum(int(sign + digits) for sign, digits in terms)
        assert {len(choice) for choice in each.choices} == {2}


def test_a_sequence_goes_on_by_the_same_step() -> None:
    for each in documents("sequence", 1, 200):
        *shown, following = map(int, [*re.findall(r"\d+", each.query), each.choices[each.gold]])
        assert {later - earlier for earlier, later in zip(shown, [*shown[1:], following], strict=True)} == {
            shown[1] - shown[0]
        }


def test_the_largest_is_the_largest() -> None:
    for each in documents("largest", 1, 200):
        numbers = [int(number) for number in re.findall(r"\d+", each.query)]
        right = max(numbers) if "largest" in each.query else min(numbers)
        assert int(each.choices[each.gold]) == right


def test_the_person_asked_for_is_in_the_place_named() -> None:
    for each in documents("where", 1, 200):
        person = re.search(r"Where is (\w+)\?", each.query)[1]
        assert f"{person} is in the {each.choices[each.gold]}." in each.query


def test_a_pattern_is_shown_more_than_once_and_goes_on() -> None:
    for each in documents("pattern", 1, 200):
        shown = each.query.rstrip(",").split(", ")
        periods = [period for period in range(1, len(shown)) if shown[period:] == shown[:-period]]
        assert periods, each
        assert each.choices[each.gold] == shown[-periods[0]]


def test_a_word_backwards_is_the_word_read_from_its_end() -> None:
    for each in documents("spell_backward", 1, 200):
        assert each.choices[each.gold] == each.query.split()[0][::-1]


def test_no_second_choice_is_a_right_translation() -> None:
    from standings.quick.words import LANGUAGES, VOCABULARY

    for each in documents("translate", 1, 200):
        word, language = re.fullmatch(r"(\S+) in (\w+):", each.query).groups()
        if language == "English":
            right = {row[0] for row in VOCABULARY if word in row[1:]}
        else:
            right = {row[1 + LANGUAGES.index(language)] for row in VOCABULARY if row[0] == word}
        assert [choice for choice in each.choices if choice in right] == [each.choices[each.gold]]


def test_a_request_never_names_its_tool() -> None:
    for each in documents("tool_selection", 1, 200):
        assert each.choices[each.gold] not in each.query
        assert all(f"\n{choice}: " in each.tools for choice in each.choices)


def test_a_call_passes_values_that_the_request_names() -> None:
    for each in documents("tool_arguments", 1, 200):
        for choice in each.choices:
            assert all(value in each.query for value in re.findall(r"=(\w+)", choice))


def test_a_written_reply_has_no_space_in_it() -> None:
    asked = documents("write", 1, 200)
    assert all(isinstance(each, Written) and re.fullmatch(r"\S+", each.answer) for each in asked)
