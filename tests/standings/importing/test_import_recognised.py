"""A file is what its content says; what only looks like results is refused by name, with the remedy."""

import pytest

from standings.importing.formats import Format
from standings.importing.number import Refused
from standings.importing.pairing import samples_beside
from standings.importing.recognise import READERS, read, recognise
from tests.standings.importing.files import AIDER, HUB, TIDY, eval_ever, file, harness_03, harness_04, samples


@pytest.mark.parametrize(
    ("body", "format"),
    [
        (harness_03(), Format.LM_EVAL),
        (harness_04(), Format.LM_EVAL),
        (eval_ever(), Format.EVAL_EVER),
        (HUB, Format.HUB),
        ([{"data": {"dataset": {"id": "a/b"}, "value": 1}}], Format.HUB),
        (TIDY, Format.TIDY),
        ("\ufeff" + TIDY, Format.TIDY),
        (AIDER, Format.AIDER),
    ],
)
def test_a_format_is_recognised_by_its_content(body: object, format: Format) -> None:
    assert recognise(file(body).body) == format
    assert read(file(body, model="m"), None)[1].numbers


def test_every_format_has_a_reader() -> None:
    assert set(READERS) == set(Format)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "is empty"),
        (POINTER, "pointer of Git LFS.*git lfs pull"),
        ("/annex/objects/SHA256E-s12--ab.json\n", "pointer of git-annex.*git annex get"),
        ("<!DOCTYPE html><html>", "is a web page"),
        ({"arc": 0.5, "mmlu": 0.6}, "maybe a summary.*results_"),
        ({"results": {"arc": 0.5}, "config": {}}, "maybe a summary"),
        ({"results": {"arc": {"acc": 0.5}}}, "is a summary: .* neither of which model"),
        ({"results": [{"task": "arc"}], "config": {}}, "no results file of lm-eval"),
        ({"config_general": {}, "results": {"all": {"acc": 1}}}, "lighteval's"),
        (samples(1, 0), "holds samples, and not whose they are"),
        ("| model | acc |\n|---|---|\n| a | 0.5 |\n", "is none of lm-eval, every-eval-ever"),
        ([1, 2, 3], "holds no results"),
        ([{"name": "a"}], "a list of something else"),
    ],
)
def test_what_is_no_results_file_is_refused_by_name_with_the_remedy(body: object, told: str) -> None:
    with pytest.raises(Refused, match=told):
        read(file(body), None)


def test_a_forced_format_that_does_not_fit_says_so() -> None:
    with pytest.raises(Refused, match="can't be read as every-eval-ever, as it was told to be"):
        read(file(harness_04()), Format.EVAL_EVER)


def test_sample_files_belong_to_the_results_file_of_the_same_time() -> None:
    names = [
        "samples_arc_easy_2026-08-01T12-00-00.5.jsonl",
        "samples_sums_2026-08-02T12-00-00.5.jsonl",
        "results_2026-08-01T12-00-00.5.json",
    ]
    assert list(samples_beside("results_2026-08-01T12-00-00.5.json", names, b"{}")) == [("arc_easy", names[0])]


def test_until_042_sample_files_are_called_after_the_task() -> None:
    body = file({"results": {"arc": {}, "arc_easy": {}}}).body
    names = ["pretrained__a__b_arc_easy.jsonl", "pretrained__a__b_arc.jsonl", "notes.jsonl"]
    assert dict(samples_beside("results.json", names, body)) == {"arc_easy": names[0], "arc": names[1]}


@pytest.mark.parametrize(
    "odd",
    [
        {"results": {"a": {"acc": 10**400}}},
        {"versions": None},
        {"results": {"a": {"acc,none": 0.5}}, "group_subtasks": {"a": ["b"], "b": ["a"]}},
        {"config": {"model": "hf", "model_args": {"pretrained": "a/\ud800"}}},
        {"n-samples": {"sums": {"original": 10**30, "effective": 10**30}}},
        {"config": [1, 2]},
        {"higher_is_better": {"sums": True}},
    ],
)
def test_whatever_a_stranger_writes_is_read_or_refused_and_never_a_bug(odd: dict[str, object]) -> None:
    try:
        numbers = read(file(harness_04(**odd)), None)[1].numbers
    except Refused:
        return
    assert numbers


def test_a_name_that_is_no_text_is_refused() -> None:
    record = eval_ever(model_info={"name": "a", "id": 7, "additional_details": {}})
    with pytest.raises(Refused, match="says 7 for model_told"):
        read(file(record), None)
