"""What we measured goes out in four formats, and comes back in with the same numbers."""

import json
import re
import uuid
from typing import Any

import pytest
import yaml

from standings.exporting import eval_ever, hub, lm_eval, tidy
from standings.importing.formats import Format
from standings.importing.number import Number
from standings.importing.recognise import read
from tests.standings.exporting.results import of_a_board
from tests.standings.importing.files import file

FILES = {
    Format.LM_EVAL: lm_eval.write(of_a_board()),
    Format.EVAL_EVER: eval_ever.write(of_a_board(), by="Acme Research", source="https://board.example"),
    Format.TIDY: tidy.write(of_a_board(), source="https://board.example"),
}


def read_back(format: Format) -> list[Number]:
    """Read our own files as strangers would."""
    found = [read(file(body, name), None) for name, body in FILES[format].items()]
    assert {chosen for chosen, _ in found} == {format}
    assert not [told for _, reading in found for told in reading.left_out]
    return [number for _, reading in found for number in reading.numbers]


def told(number: Number) -> dict[str, Any]:
    """Pick what must survive."""
    names = ("model_told", "revision", "task", "metric", "filter", "value", "stderr", "n", "shots", "document_limit")
    more = ("harness", "harness_version", "higher_is_better", "unit", "date", "evidence")
    return {name: getattr(number, name) for name in (*names, *more)}


def ours() -> list[dict[str, Any]]:
    """Say what a reader must come to, from the board's own rows."""
    return [
        {
            "model_told": item.result["model"],
            "revision": item.result["revision"],
            "task": row["task"],
            "metric": row["metric"],
            "filter": row["filter"],
            "value": row["value"],
            "stderr": row["stderr"],
            "n": row["n_docs"],
            "shots": item.shots,
            "document_limit": item.result["document_limit"],
            "harness": "lm-eval",
            "harness_version": "0.4.13",
            "higher_is_better": row["higher_is_better"],
            "unit": None if row["metric"] == "brier" else "share",
            "date": item.result["finished_at"].date(),
            "evidence": "measured_elsewhere",
        }
        for sheet in of_a_board()
        for item in sheet.results
        for row in item.scores
    ]


@pytest.mark.parametrize("format", FILES)
def test_what_goes_out_comes_back_with_the_same_numbers(format: Format) -> None:
    assert sorted(map(told, read_back(format)), key=repr) == sorted(ours(), key=repr)


def test_the_same_board_gives_the_same_bytes() -> None:
    assert lm_eval.write(of_a_board()) == FILES[Format.LM_EVAL]
    assert eval_ever.write(of_a_board(), by="Acme Research", source="https://board.example") == FILES[Format.EVAL_EVER]
    assert tidy.write(of_a_board(), source="https://board.example") == FILES[Format.TIDY]


def test_a_results_file_of_lm_eval_is_laid_out_as_the_harness_does() -> None:
    assert sorted(FILES[Format.LM_EVAL]) == [
        "core-limit-20/acme__tiny-1/results_2026-08-01T12-00-00.250000.json",
        "core/acme__tiny-1/results_2026-08-01T12-00-00.250000.json",
        "core/belle__big__q4/results_2026-08-01T12-00-00.250000.json",
    ]
    page = json.loads(FILES[Format.LM_EVAL]["core/acme__tiny-1/results_2026-08-01T12-00-00.250000.json"])
    assert page["results"]["gsm8k"]["exact_match,strict-match"] == 0.75
    assert page["results"]["mmlu"]["acc_stderr,none"] == "N/A"
    assert page["groups"]["mmlu"]["acc,none"] == 1 / 3
    assert page["group_subtasks"] == {"mmlu": ["mmlu_a", "mmlu_b"]}
    assert page["n-samples"]["mmlu_a"] == {"original": 10, "effective": 10}
    assert page["config"]["model_args"] == {"pretrained": "acme/tiny-1", "revision": "a" * 40, "dtype": "bfloat16"}
    assert [item["run_id"] for item in page["standings"]] == ["r1", "r2"]


def test_a_variant_that_was_quantised_or_asked_in_a_chat_says_so() -> None:
    [number] = [number for number in read_back(Format.LM_EVAL) if number.model_told == "belle/big"]
    assert number.settings is not None
    assert "quantization=Q4_K_M" in number.settings
    assert "chat_template=applied" in number.settings


# The schema of Every Eval Ever 0.3.0, as far as we write it, in our own words: name → what it must be.
REQUIRED = {
    "schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "model_info", "eval_library",
    "evaluation_results",
}  # fmt: skip
OPTIONAL = {"evaluation_timestamp", "detailed_evaluation_results"}


@pytest.mark.parametrize("path", FILES[Format.EVAL_EVER])
def test_a_record_of_every_eval_ever_keeps_to_its_schema(path: str) -> None:
    record = json.loads(FILES[Format.EVAL_EVER][path])
    assert set(record) >= REQUIRED
    assert set(record) <= REQUIRED | OPTIONAL
    assert re.fullmatch(r"\d+", record["retrieved_timestamp"])
    source, model = record["source_metadata"], record["model_info"]
    assert source["source_type"] in ("documentation", "evaluation_run")
    assert source["evaluator_relationship"] in ("first_party", "third_party", "collaborative", "other")
    assert source["source_organization_name"] == "Acme Research"
    assert {"name", "version"} <= record["eval_library"].keys()
    assert {"name", "id", "additional_details"} <= model.keys()
    assert model["additional_details"]["deployment_type"] in ("self_deployed", "externally_managed", "unknown")
    assert model["additional_details"]["model_availability"] in ("open_weights", "closed_weights", "unknown")
    for result in record["evaluation_results"]:
        keep_to_schema(result)
    for details in details_of(record):
        assert all(isinstance(value, str) for value in details.values()), details


def keep_to_schema(result: dict[str, Any]) -> None:
    """Check one result."""
    assert {"evaluation_name", "source_data", "metric_config", "score_details"} <= result.keys()
    assert {"dataset_name", "source_type"} <= result["source_data"].keys()
    metric, score = result["metric_config"], result["score_details"]["score"]
    assert isinstance(metric["lower_is_better"], bool)
    if "score_type" in metric:
        assert metric["score_type"] == "continuous"
        assert metric["min_score"] <= score <= metric["max_score"]
    assert isinstance(result["score_details"]["uncertainty"]["num_samples"], int)


def details_of(value: Any) -> list[dict[str, Any]]:
    """Find all `additional_details`, at any depth."""
    if isinstance(value, list):
        return [found for item in value for found in details_of(item)]
    if not isinstance(value, dict):
        return []
    mine = [value["additional_details"]] if "additional_details" in value else []
    return mine + [found for item in value.values() for found in details_of(item)]


def test_a_record_lies_where_the_datastore_asks_for_it() -> None:
    for path in FILES[Format.EVAL_EVER]:
        found = re.fullmatch(r"data/[\w.-]+/[\w.-]+/[\w.-]+/([0-9a-f-]{36})\.json", path)
        assert found, path
        assert uuid.UUID(found[1]).version == 4
    assert len(FILES[Format.EVAL_EVER]) == 3


def test_the_hub_gets_primary_variants_and_whole_benchmarks_that_it_has() -> None:
    files, homeless = hub.write(of_a_board(), source="https://board.example")
    assert list(files) == ["acme/tiny-1/.eval_results/core-gsm8k.yaml"]
    assert homeless == ["core-limit-20/gsm8k-limit-20", "core/mmlu"]
    assert yaml.safe_load(files["acme/tiny-1/.eval_results/core-gsm8k.yaml"]) == [
        {
            "dataset": {"id": "openai/gsm8k", "task_id": "gsm8k"},
            "value": 75.0,
            "date": "2026-08-01",
            "source": {"url": "https://board.example", "name": "Standings"},
            "notes": "exact_match in percent, strict-match, 5 shots, lm-eval 0.4.13 gsm8k, hf bfloat16, "
            f"revision {'a' * 40}",
        }
    ]


def test_the_hubs_own_library_reads_what_goes_to_the_hub() -> None:
    library = pytest.importorskip("huggingface_hub._eval_results", reason="needs the worker extra")
    files, _ = hub.write(of_a_board(), source="https://board.example")
    [entry] = library.parse_eval_result_entries(yaml.safe_load(next(iter(files.values()))))
    assert (entry.dataset_id, entry.task_id, entry.value) == ("openai/gsm8k", "gsm8k", 75.0)
    assert entry.source_url == "https://board.example"


def test_what_goes_to_the_hub_comes_back_as_reported() -> None:
    files, _ = hub.write(of_a_board())
    [(name, body)] = files.items()
    [number] = read(file(body, name), None)[1].numbers
    assert (number.model_told, number.value, number.benchmark_told) == ("acme/tiny-1", 75.0, "openai/gsm8k/gsm8k")
    assert number.evidence == "reported"
