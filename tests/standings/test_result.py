"""What lm-eval returns becomes facts, and what is no measurement is refused."""

import pytest

from standings.failure import Reason
from standings.result import NotAMeasurement, check_answers, check_documents, score_rows
from standings.samples import Repeat, sample_rows


def choice(doc_id: int, likelihoods: list[float], correct: float, prompt: str = "Q?") -> dict:
    """Return a sample of a multiple-choice task as lm-eval logs it."""
    return {
        "doc_id": doc_id,
        "target": "0",
        "arguments": [(prompt, f" {place}") for place in range(len(likelihoods))],
        "resps": [[(value, False)] for value in likelihoods],
        "filtered_resps": [(value, False) for value in likelihoods],
        "filter": "none",
        "metrics": ["acc"],
        "doc_hash": f"d{doc_id}",
        "target_hash": "t",
        "acc": correct,
    }


def generated(doc_id: int, text: str, filter_name: str, correct: float) -> dict:
    """Return a sample of a generated task as lm-eval logs it."""
    return {
        "doc_id": doc_id,
        "target": "7",
        "arguments": [(f"Q{doc_id}?", {"until": ["\n"]})],
        "resps": [[text]],
        "filtered_resps": [text.strip()],
        "filter": filter_name,
        "metrics": ["exact_match"],
        "doc_hash": f"d{doc_id}",
        "target_hash": "t",
        "exact_match": correct,
    }


def results(samples: dict[str, list[dict]], **found: dict) -> dict:
    """Return lm-eval's results of tasks whose metrics are given."""
    return {
        "samples": samples,
        "results": found,
        "higher_is_better": {task: {"acc": True, "exact_match": True} for task in found},
        "n-samples": {task: {"original": 9, "effective": metrics["sample_len"]} for task, metrics in found.items()},
    }


def test_counts_come_from_the_documents_and_the_value_is_the_harness_own():
    samples = [choice(0, [-1.0, -2.0], 1.0), choice(1, [-3.0, -2.0], 0.0), choice(2, [-1.0, -2.0], 1.0)]
    found = results({"t": samples}, t={"acc,none": 2 / 3, "acc_stderr,none": 0.33, "sample_len": 3, "alias": "t"})
    [row] = score_rows("r", [Repeat(found)])
    assert (row["value"], row["stderr"], row["n"], row["n_correct"]) == (2 / 3, 0.33, 3, 2)


def test_a_pair_that_a_metric_keeps_of_each_document_is_no_outcome():
    samples = [choice(place, [-1.0, -2.0], 1.0) | {"metrics": ["f1"], "f1": (1, 1)} for place in range(3)]
    found = results({"t": samples}, t={"f1,none": 1.0, "sample_len": 3})
    [row] = score_rows("r", [Repeat(found)])
    assert (row["n"], row["n_docs"], row["n_correct"]) == (3, 3, None)
    assert [sample["outcomes"] for sample in sample_rows("r", [Repeat(found)])] == [[], [], []]


def test_a_metric_whose_direction_the_harness_does_not_know_is_taken_as_a_score():
    found = results({"t": [choice(0, [-1.0, -2.0], 1.0)]}, t={"acc,none": 1.0, "sample_len": 1})
    found["higher_is_better"] = {"t": {"acc": None}}
    [row] = score_rows("r", [Repeat(found)])
    assert row["higher_is_better"] is True


def test_a_metric_that_is_no_mean_of_outcomes_has_no_counts():
    found = results({"t": [choice(0, [-1.0, -2.0], 1.0)]}, t={"acc,none": 0.4, "sample_len": 1})
    [row] = score_rows("r", [Repeat(found)])
    assert row["n_correct"] is None


def test_a_group_sums_its_tasks_where_it_weights_them_by_size():
    one, two = [choice(0, [-1.0, -2.0], 1.0)], [choice(0, [-1.0, -2.0], 0.0), choice(1, [-1.0, -2.0], 1.0)]
    found = results({"a": one, "b": two}, a={"acc,none": 1.0, "sample_len": 1}, b={"acc,none": 0.5, "sample_len": 2})
    found |= {"groups": {"g": {"acc,none": 2 / 3, "sample_len": 3}}, "group_subtasks": {"g": ["h"], "h": ["a", "b"]}}
    row = next(row for row in score_rows("r", [Repeat(found)]) if row["is_aggregate"])
    assert (row["task"], row["n"], row["n_correct"]) == ("g", 3, 2)


def test_predicting_only_is_never_a_score():
    found = results({"t": [choice(0, [-1.0, -2.0], 1.0)]}, t={"bypass,none": 999, "sample_len": 1})
    with pytest.raises(NotAMeasurement, match="predict only"):
        score_rows("r", [Repeat(found)])


def test_a_prompt_and_a_response_are_kept_once():
    samples = [generated(0, "7", "strict-match", 1.0), generated(0, "7", "flexible-extract", 1.0)]
    rows = sample_rows("r", [Repeat(results({"t": samples}, t={"sample_len": 1}), {("t", 0): [(2, "stop")]})])
    assert [row["prompt"] for row in rows] == ["Q0?", None]
    assert [row["response"] for row in rows] == ["7", None]
    assert [row["finish_reason"] for row in rows] == ["stop", "stop"]


def test_each_repeat_is_a_sample_row_of_its_own():
    repeats = [
        Repeat(results({"t": [generated(0, text, "none", right)]}, t={"sample_len": 1}), {("t", 0): [finish]})
        for text, right, finish in (("7", 1.0, (2, "stop")), ("8 or", 0.0, (9, "length")))
    ]
    rows = sample_rows("r", repeats)
    assert [(row["repeat"], row["response"], row["outcomes"]) for row in rows] == [
        (0, "7", [("exact_match", 1.0)]),
        (1, "8 or", [("exact_match", 0.0)]),
    ]
    assert [(row["tokens"], row["finish_reason"]) for row in rows] == [(2, "stop"), (9, "length")]
    assert [row["prompt"] for row in rows] == ["Q0?", None]


def test_of_answers_that_a_task_folds_to_one_each_is_kept_and_the_outcome_stands_once():
    sample = generated(0, "7", "majority", 1.0) | {"resps": [["7", "8", "7"]], "filtered_resps": ["7"]}
    found = results({"t": [sample]}, t={"exact_match,majority": 1.0, "sample_len": 1}) | {
        "configs": {"t": {"repeats": 3}}
    }
    rows = sample_rows("r", [Repeat(found)])
    assert [(row["repeat"], row["response"], row["answer"]) for row in rows] == [
        (0, "7", "7"),
        (1, "8", None),
        (2, "7", None),
    ]
    assert [row["outcomes"] for row in rows] == [[("exact_match", 1.0)], [], []]
    [score] = score_rows("r", [Repeat(found)])
    assert (score["n"], score["n_docs"], score["repeats"]) == (1, 1, 3)


def test_the_answer_to_a_choice_is_the_likeliest():
    [row] = sample_rows("r", [Repeat(results({"t": [choice(0, [-3.0, -1.0], 0.0)]}, t={"sample_len": 1}))])
    assert row["answer"] == "1"


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        pytest.param(
            [choice(0, [float("nan"), -1.0], 0.0)], Reason.NOT_FINITE, id="a log-likelihood that is no number"
        ),
        pytest.param([choice(i, [-2.0, -2.0], 0.0) for i in range(8)], Reason.DEGENERATE, id="choices that always tie"),
        pytest.param(
            [generated(i, "", "none", 0.0) for i in range(8)], Reason.DEGENERATE, id="nothing but empty answers"
        ),
        pytest.param(
            [generated(i, "a a", "none", 0.0) for i in range(8)], Reason.DEGENERATE, id="one answer to everything"
        ),
    ],
)
def test_a_broken_model_is_no_measurement(samples, reason):
    with pytest.raises(NotAMeasurement) as raised:
        check_answers(Repeat(results({"t": samples}, t={"sample_len": len(samples)})))
    assert raised.value.reason is reason


def test_a_model_that_never_ends_its_thoughts_is_a_measurement():
    samples = [generated(i, "", "none", 0.0) for i in range(8)]
    found = results({"t": samples}, t={"sample_len": 8})
    check_answers(Repeat(found, {("t", i): [(64, "thought")] for i in range(8)}))
    with pytest.raises(NotAMeasurement, match="all 8 answers are empty"):
        check_answers(Repeat(found, {("t", i): [(1, "empty")] for i in range(8)}))


def test_a_weak_model_is_a_measurement():
    check_answers(Repeat(results({"t": [choice(i, [-1.0, -2.0], 0.0) for i in range(20)]}, t={"sample_len": 20})))
    check_answers(
        Repeat(results({"t": [generated(i, f"no {i}", "none", 0.0) for i in range(20)]}, t={"sample_len": 20}))
    )


def test_too_few_documents_are_refused_by_name():
    found = results({"t": []}, t={"sample_len": 3})
    with pytest.raises(NotAMeasurement, match="t: 3 documents were scored, the lock says 4"):
        check_documents(found, {"t": 4})
