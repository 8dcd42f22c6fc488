"""Results files of every version of lm-eval are read, and what they do not say is left null."""

from datetime import date
from typing import Any

import pytest

from standings.importing.lm_eval import read
from standings.importing.marks import Mark
from standings.importing.number import Number, Refused
from tests.standings.importing.files import file, harness_03, harness_04, samples


def numbers(results: dict[str, Any], **more: Any) -> dict[tuple[str, str | None, str | None], Number]:
    """Read results; numbers by task, metric and filter."""
    return {(it.benchmark_told, it.metric, it.filter): it for it in read(file(results, **more)).numbers}


def test_results_of_03_have_no_filter_no_date_and_no_version_of_the_harness() -> None:
    found = numbers(harness_03())
    named = {("arc_easy", "acc"), ("arc_easy", "acc_norm"), ("lambada_openai", "ppl"), ("lambada_openai", "acc")}
    assert set(found) == {(task, metric, None) for task, metric in named}
    acc = found["arc_easy", "acc", None]
    assert (acc.value, acc.stderr, acc.shots, acc.task_version) == (0.6, 0.01, 5, "0")
    assert (acc.model_told, acc.revision, acc.settings) == (
        "acme/tiny-1",
        "step1000",
        "engine=hf-causal; dtype=bfloat16",
    )
    assert (acc.n, acc.date, acc.harness_version, acc.higher_is_better) == (None, None, None, None)


def test_a_perplexity_has_no_unit_and_an_accuracy_is_a_share() -> None:
    found = numbers(harness_03())
    assert found["lambada_openai", "ppl", None].unit is None
    assert found["lambada_openai", "acc", None].unit == "share"


def test_a_task_of_04_has_a_number_for_each_filter() -> None:
    found = numbers(harness_04())
    assert {key for key in found if key[0] == "sums"} == {
        ("sums", "exact_match", "strict"),
        ("sums", "exact_match", "flexible"),
    }
    strict = found["sums", "exact_match", "strict"]
    assert (strict.value, strict.stderr, strict.n, strict.shots, strict.task_version) == (0.75, 0.25, 4, 8, "3.0")
    assert (strict.harness_version, strict.date, strict.revision) == ("0.4.13", date(2026, 8, 1), "a" * 40)
    assert strict.higher_is_better is True


def test_a_group_is_read_once_from_wherever_its_numbers_stand() -> None:
    in_groups, results = harness_04(), harness_04()
    results["results"]["quiz"] = results.pop("groups")["quiz"]  # as 0.4.0 to 0.4.3 wrote it
    for laid_out in (in_groups, {**results, "groups": {}}):
        found = numbers(laid_out)["quiz", "acc", "none"]
        assert (found.value, found.is_aggregate, found.n, found.shots) == (0.4, True, 10, 5)


def test_a_group_whose_tasks_have_different_shots_has_none() -> None:
    results = harness_04(**{"n-shot": {"quiz_a": 0, "quiz_b": 5}})
    assert numbers(results)["quiz", "acc", "none"].shots is None


def test_an_error_that_is_no_number_is_null_and_the_value_stays() -> None:
    found = numbers(harness_04())
    assert (found["quiz_a", "acc", "none"].value, found["quiz_a", "acc", "none"].stderr) == (0.5, None)
    assert (found["quiz_b", "acc", "none"].value, found["quiz_b", "acc", "none"].stderr) == (0.25, None)


def test_a_version_that_is_no_number_is_null() -> None:
    assert numbers(harness_04())["quiz_a", "acc", "none"].task_version is None


def test_what_is_no_measurement_is_left_out_and_told() -> None:
    odd = {"bypass,none": 999, "acc,none": float("nan"), "f1,none": "N/A", "em,none": [1, 2], "mc1,none": 999.0}
    reading = read(file(harness_04(results={"sums": {"acc_norm,none": 0.5, **odd}}, groups={})))
    assert [number.metric for number in reading.numbers] == ["acc_norm"]
    assert len(reading.left_out) == 5
    assert "sums: em,none is 'list', no number" in reading.left_out


def test_a_file_without_any_number_is_refused() -> None:
    with pytest.raises(Refused, match="holds no number"):
        read(file(harness_04(results={"sums": {"alias": "sums"}}, groups={})))


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"model": "hf", "model_args": "pretrained=a/b,dtype=float16"}, "a/b"),
        ({"model": "hf", "model_args": {"pretrained": "a/b"}}, "a/b"),
        ({"model": "vllm", "model_args": "model=a/b"}, "a/b"),
        ({"model": "a/b", "num_fewshot": 25}, "a/b"),  # 0.2 and 0.3 called from Python
        ({"model": "hf", "model_args": "pretrained=a/b,stop=x,y"}, "a/b"),
        ({"model": "dummy", "model_args": ""}, "dummy"),
    ],
)
def test_the_model_is_named_wherever_a_version_wrote_it(config: dict[str, Any], named: str) -> None:
    assert {number.model_told for number in numbers(harness_03(config=config)).values()} == {named}


def test_a_file_that_names_no_model_is_refused_until_somebody_says_whose_it_is() -> None:
    nameless = harness_03(config={"num_fewshot": 0})
    with pytest.raises(Refused, match="--model"):
        read(file(nameless))
    assert {number.model_told for number in numbers(nameless, model="a/b").values()} == {"a/b"}


def test_an_adapter_or_a_quantised_load_is_marked() -> None:
    adapted = numbers(harness_04(config={"model": "hf", "model_args": "pretrained=a/b,peft=c/lora"}))
    assert adapted["sums", "exact_match", "strict"].model_told == "a/b + c/lora"
    assert adapted["sums", "exact_match", "strict"].marks == {Mark.OTHER_WEIGHTS}
    quantised = numbers(harness_04(config={"model": "hf", "model_args": "pretrained=a/b,load_in_4bit=True"}))
    assert quantised["sums", "exact_match", "strict"].marks == {Mark.QUANTISED}
    plain = numbers(harness_04(config={"model": "hf", "model_args": "pretrained=a/b,load_in_4bit=False"}))
    assert plain["sums", "exact_match", "strict"].marks == set()


def test_a_branch_is_no_revision() -> None:
    results = harness_04(config={"model": "hf", "model_args": "pretrained=a/b,revision=main", "model_sha": ""})
    assert numbers(results)["sums", "exact_match", "strict"].revision is None


def test_a_limit_is_kept_where_it_cut_something_off() -> None:
    config = {**harness_04()["config"], "limit": 20.0}
    cut = {"sums": {"original": 1000, "effective": 20}}
    found = numbers(harness_04(config=config, **{"n-samples": cut}))["sums", "exact_match", "strict"]
    assert (found.n, found.document_limit, found.marks) == (20, 20, {Mark.LIMITED})
    small = {"sums": {"original": 4, "effective": 4}}
    whole = numbers(harness_04(config=config, **{"n-samples": small}))["sums", "exact_match", "strict"]
    assert (whole.n, whole.document_limit, whole.marks) == (4, None, set())


def test_a_limit_that_is_a_fraction_names_no_task_as_nobody_can_say_which_documents() -> None:
    config = {**harness_04()["config"], "limit": 0.1}
    cut = {"sums": {"original": 1000, "effective": 100}}
    found = numbers(harness_04(config=config, **{"n-samples": cut}))["sums", "exact_match", "strict"]
    assert (found.task, found.benchmark_told, found.marks) == (None, "sums", {Mark.LIMITED})


def test_samples_give_counts_where_they_agree_with_the_result() -> None:
    found = numbers(harness_04(), samples=(("sums", samples(1, 1, 1, 0)),))
    assert (found["sums", "exact_match", "strict"].n, found["sums", "exact_match", "strict"].n_correct) == (4, 3)
    assert found["sums", "exact_match", "flexible"].n_correct is None


@pytest.mark.parametrize("outcomes", [(1, 1, 0, 0), (1, 1, 1)])
def test_samples_of_another_mean_or_of_other_documents_are_marked(outcomes: tuple[int, ...]) -> None:
    found = numbers(harness_04(), samples=(("sums", samples(*outcomes)),))["sums", "exact_match", "strict"]
    assert (found.marks, found.n_correct) == ({Mark.SAMPLES_DISAGREE}, None)


def test_samples_of_044_name_neither_filter_nor_metrics() -> None:
    results = harness_04(results={"arc": {"acc,none": 0.5, "acc_stderr,none": 0.1}}, groups={})
    found = numbers(results, samples=(("arc", samples(1, 0, filter=None, metric="acc")),))["arc", "acc", "none"]
    assert (found.n, found.n_correct, found.marks) == (2, 1, set())


def test_samples_that_break_off_are_refused_with_the_line() -> None:
    with pytest.raises(Refused, match="line 2 of the samples of sums"):
        read(file(harness_04(), samples=(("sums", samples(1, 1)[:-20]),)))


def test_a_chat_template_is_among_the_settings() -> None:
    found = numbers(harness_04(chat_template_sha="b" * 64))["sums", "exact_match", "strict"]
    assert found.settings == "engine=hf; dtype=float32; chat_template=applied"
