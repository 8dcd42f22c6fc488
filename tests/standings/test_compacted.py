"""What is taken out of samples can be put back, whatever the rows are."""

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standings import facts
from standings.compacted import PROMPTS, outcomes_of, put_back, take_out


def rows(count: int = 1, **changes: Any) -> list[dict[str, Any]]:
    """Make samples; a test names only what it changes."""
    plain: dict[str, Any] = {
        **dict.fromkeys(facts.SCHEMAS["samples"].names),
        **{"run_id": "r", "task": "t", "repeat": 0, "filter": "none", "doc_hash": "d", "target_hash": "h"},
        **{"prompt_hash": "p", "outcomes": []},
    }
    return [{**plain, "doc_id": place, **changes} for place in range(count)]


def named(text: str) -> dict[str, str]:
    """Return a prompt under its own hash."""
    return {"prompt": text, "prompt_hash": hashlib.sha256(text.encode()).hexdigest()}


SOME = st.sampled_from(["", "a", "b", "ü\0"])
PROMPT = st.one_of(
    SOME.map(named),
    SOME.map(lambda text: {**named(text), "prompt": None}),  # a later row of the same prompt
    st.builds(lambda text, other: {**named(other), "prompt": text}, SOME, SOME),  # under another's hash
    st.builds(lambda text: {"prompt": text, "prompt_hash": "of another harness"}, SOME),
)
OUTCOMES = st.lists(st.tuples(st.sampled_from(["acc", "f1"]), st.none() | st.floats(allow_nan=False)), max_size=3)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(PROMPT, OUTCOMES), max_size=12))
def test_samples_come_back_cell_for_cell(given: list[tuple[dict[str, Any], list[Any]]]) -> None:
    made = [{**rows()[0], "doc_id": place, **prompt, "outcomes": pairs} for place, (prompt, pairs) in enumerate(given)]
    samples = facts.table("samples", made)
    slim, prompts = take_out(samples)
    assert put_back(slim, prompts).equals(samples)
    assert len(set(prompts["prompt_hash"].to_pylist())) == prompts.num_rows
    expected = [
        (row["doc_hash"], row["repeat"], row["filter"], metric, value)
        for row in made
        for metric, value in row["outcomes"]
    ]
    columns = outcomes_of(samples).select(["doc_hash", "repeat", "filter", "metric", "outcome"])
    assert list(zip(*columns.to_pydict().values(), strict=True)) == expected
    assert outcomes_of(slim).equals(outcomes_of(samples))


def test_a_prompt_of_many_documents_is_kept_once() -> None:
    slim, prompts = take_out(facts.table("samples", rows(5, **named("What is 1 + 1?"))))
    assert prompts.to_pylist() == [{"prompt_hash": named("What is 1 + 1?")["prompt_hash"], "prompt": "What is 1 + 1?"}]
    assert slim["prompt"].null_count == 5


def test_a_prompt_that_is_gone_is_an_error_and_not_a_null() -> None:
    slim, _ = take_out(facts.table("samples", rows(2, **named("What is 1 + 1?"))))
    with pytest.raises(ValueError, match="2 samples name a prompt"):
        put_back(slim, PROMPTS.empty_table())


def test_outcomes_of_two_filters_are_two_rows() -> None:
    both = [
        rows(outcomes=[("exact_match", value)], filter=name)[0] for name, value in (("strict", 0.0), ("loose", 1.0))
    ]
    found = outcomes_of(facts.table("samples", both)).to_pylist()
    assert [(row["filter"], row["outcome"]) for row in found] == [("strict", 0.0), ("loose", 1.0)]
