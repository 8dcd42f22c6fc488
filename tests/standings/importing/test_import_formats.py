"""The other formats are read as they are published."""

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from standings.importing import aider, eval_ever, hub, tidy
from standings.importing.marks import Mark
from standings.importing.number import Refused
from tests.standings.importing import files
from tests.standings.importing.files import AIDER, HUB, TIDY, file


def test_a_record_of_every_eval_ever_says_metric_unit_error_and_source() -> None:
    [number] = eval_ever.read(file(files.eval_ever())).numbers
    assert (number.model_told, number.organisation_told, number.benchmark_told) == ("acme/tiny-1", "Acme", "GPQA")
    assert (number.metric, number.value, number.unit, number.stderr, number.n) == (
        "accuracy",
        41.5,
        "percent",
        2.1,
        198,
    )
    assert (number.evidence, number.source, number.date) == (
        "reported",
        "https://board.example/gpqa",
        date(2026, 8, 1),
    )
    assert (number.harness, number.task) == (None, None)


def test_a_record_of_an_evaluation_run_was_measured_elsewhere_and_names_the_task_of_lm_eval() -> None:
    record = files.eval_ever(eval_library={"name": "lm_eval", "version": "0.4.9"})
    record["source_metadata"]["source_type"] = "evaluation_run"
    result = record["evaluation_results"][0]
    result["evaluation_name"] = "gsm8k/strict-match"
    result["metric_config"] = {
        "evaluation_description": "exact_match (filter: strict-match)", "lower_is_better": False,
        "score_type": "continuous", "min_score": 0.0, "max_score": 1.0,
    }  # fmt: skip
    result["score_details"] = {"score": 0.5}
    result["generation_config"] = {"additional_details": {"num_fewshot": "5", "until": "Q:"}}
    [number] = eval_ever.read(file(record)).numbers
    assert (number.evidence, number.harness, number.harness_version) == ("measured_elsewhere", "lm-eval", "0.4.9")
    assert (number.task, number.filter, number.metric, number.unit) == ("gsm8k", "strict-match", "exact_match", "share")
    assert (number.shots, number.settings) == (5, "until=Q:")


def test_records_one_a_line_are_all_read() -> None:
    lines = "\n".join(file(files.eval_ever(evaluation_id=name)).body.decode() for name in ("a", "b"))
    assert len(eval_ever.read(file(lines)).numbers) == 2


def test_a_board_read_again_gives_the_same_number_and_another_run_gives_another() -> None:
    [first] = eval_ever.read(file(files.eval_ever())).numbers
    [again] = eval_ever.read(file(files.eval_ever(evaluation_id="x/2", retrieved_timestamp="1795585601"))).numbers
    [later] = eval_ever.read(file(files.eval_ever(evaluation_timestamp="1795585600"))).numbers
    assert again.place == first.place != later.place


def test_a_score_of_an_unknown_level_is_left_out() -> None:
    record = files.eval_ever()
    record["evaluation_results"][0]["metric_config"]["has_unknown_level"] = True
    record["evaluation_results"][0]["score_details"] = {"score": -1}
    reading = eval_ever.read(file(record))
    assert (reading.numbers, reading.left_out) == ([], ["GPQA: the score is -1, no number"])


def test_the_hubs_file_is_of_the_model_in_whose_folder_it_lies() -> None:
    first, second = hub.read(file(HUB, "somewhere/acme/tiny-1/.eval_results/exam.yaml")).numbers
    assert (first.model_told, first.benchmark_told, first.value) == ("acme/tiny-1", "acme/exam/default", 20.9)
    assert (first.source, first.date) == ("https://traces.example/exam", date(2026, 1, 15))
    assert first.settings == "notes=no-tools; dataset_revision=0123456; source_name=traces; source_owner=somebody"
    assert first.marks == {Mark.NOT_CHECKED}
    assert (second.benchmark_told, second.value, second.source) == ("acme/quiz", 0.412, None)


def test_the_hubs_file_fixes_no_unit_and_none_is_guessed() -> None:
    assert {it.unit for it in hub.read(file(HUB, "acme/tiny-1/.eval_results/exam.yaml")).numbers} == {None}


def test_the_hubs_file_without_its_folder_is_refused_until_somebody_says_whose_it_is() -> None:
    with pytest.raises(Refused, match="--model"):
        hub.read(file(HUB, "exam.yaml"))
    assert hub.read(file(HUB, "exam.yaml", model="acme/tiny-1")).numbers[0].model_told == "acme/tiny-1"


def test_the_hubs_cache_names_the_model_in_its_own_way() -> None:
    path = "hub/models--acme--tiny-1/snapshots/abc/.eval_results/exam.yaml"
    assert hub.model_of(path) == "acme/tiny-1"


def test_an_entry_of_the_hub_without_a_value_is_left_out_and_told() -> None:
    reading = hub.read(file("[{dataset: {id: a/b}, value: high}, {error: too long}]", model="m"))
    assert reading.numbers == []
    assert reading.left_out[1] == "entry 2: too long"


def test_aiders_entries_give_both_rates_in_percent_with_their_counts() -> None:
    first, second = aider.read(file(AIDER)).numbers
    assert (first.metric, first.value, first.unit, first.n, first.n_correct) == (
        "pass_rate_1",
        10.5,
        "percent",
        224,
        24,
    )
    assert (second.metric, second.value, second.n_correct) == ("pass_rate_2", 35.7, 80)
    assert (second.model_told, second.harness, second.harness_version) == ("Tiny 1 (high)", "aider", "0.86.2.dev")
    assert (second.date, second.marks) == (date(2026, 1, 2), {Mark.PARTIAL})


def test_a_commit_of_digits_keeps_its_zeros() -> None:
    settings = aider.read(file(AIDER)).numbers[0].settings
    assert settings is not None
    assert "commit_hash=0077123" in settings


def test_a_table_of_published_numbers_is_read_as_told() -> None:
    first, second = tidy.read(file(TIDY)).numbers
    assert (first.model_told, first.benchmark_told, first.metric) == ("acme/tiny-1", "MMLU", "acc")
    assert (first.value, first.unit, first.shots, first.date) == (76.9, "percent", 5, date(2026, 5, 14))
    assert (second.model_told, second.metric, second.unit, second.shots) == ("Tiny, the first", None, None, None)


def test_a_table_in_parquet_is_read_the_same() -> None:
    sink = pa.BufferOutputStream()
    table = pa.table(
        {
            "model": ["acme/tiny-1", "Tiny, the first"],
            "benchmark": ["MMLU", "GSM8K"],
            "metric": ["acc", None],
            "value": [76.9, 0.5],
            "unit": ["percent", None],
            "shots": [5, None],
            "source": ["https://paper.example"] * 2,
            "date": [date(2026, 5, 14), None],
        }
    )
    pq.write_table(table, sink)
    assert tidy.read(file(sink.getvalue().to_pybytes())).numbers == tidy.read(file(TIDY)).numbers


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TIDY.replace("unit", "units"), r"lacks column unit"),
        (TIDY.replace("shots", "examples"), r"has the unknown column examples"),
        (TIDY.replace("76.9", "77 %"), r"row 1: value is '77 %'; write a finite number"),
        (TIDY.replace("76.9", "nan"), r"row 1: value is 'nan'"),
        (TIDY.replace("percent", "points"), r"row 1: unit is 'points'; write share, percent"),
        (TIDY.replace(",5,", ",five,"), r"row 1: shots is 'five'"),
        (TIDY.replace("2026-05-14", "May"), r"row 1: date is 'May'"),
        (TIDY.replace("acme/tiny-1", ""), r"row 1: model is ''; write a name"),
    ],
)
def test_a_wrong_column_or_cell_refuses_the_table_and_says_where(text: str, told: str) -> None:
    with pytest.raises(Refused, match=told):
        tidy.read(file(text))
