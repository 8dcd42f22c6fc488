"""A hub's record is read as it comes: what it says is kept in its own words, and what is malformed is null."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standings.hub import HubRecord, gone, parse_record

INDEX = Path(__file__).parents[3] / "shared" / "data" / "hub" / "model_index.jsonl.gz"
SHA = "ab" * 20
FIELDS = ("id", "sha", "createdAt", "private", "gated", "tags", "cardData", "safetensors", "downloads", "siblings")
FIELDS += ("baseModels", "childrenModelCount", "library_name", "lastModified", "likes")


def read(**fields: Any) -> HubRecord:
    found = parse_record({"id": "acme/tiny", "sha": SHA, **fields})
    assert found is not None
    return found


def file(name: str, body: str, size: int = 10) -> dict[str, Any]:
    return {"rfilename": name, "size": size, "blobId": "1" * 40, "lfs": {"sha256": body * 64, "size": size}}


def test_a_record_is_read_field_by_field() -> None:
    found = read(
        createdAt="2026-05-01T10:00:00.000Z",
        lastModified="2026-06-01T10:00:00.000Z",
        gated="manual",
        pipeline_tag="text-generation",
        library_name="transformers",
        tags=["safetensors", "base_model:acme/base", "base_model:finetune:acme/base"],
        cardData={"license": "other", "license_name": "modified-mit", "license_link": "LICENSE"},
        safetensors={"parameters": {"BF16": 7241781248}, "total": 7241781248},
        downloads=72,
        downloadsAllTime=8399,
        likes=1,
        childrenModelCount={"quantized": 3, "finetune": 2},
    )
    assert found.created == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert (found.gated, found.private, found.safetensors, found.gone) == (True, False, True, False)
    assert found.licence is not None
    assert (found.licence.license, found.licence.license_name) == ("other", "modified-mit")
    assert found.parents == (("finetune", "acme/base"),)
    assert (found.parameters, found.downloads, found.downloads_all, found.likes) == (7241781248, 72, 8399, 1)
    assert found.derivatives == {"finetune": 2, "quantized": 3}


def test_a_record_that_names_no_commit_says_nothing() -> None:
    assert parse_record({"id": "acme/tiny"}) is None
    assert parse_record({"id": "acme/tiny", "sha": "main"}) is None
    assert parse_record({"sha": SHA}) is None
    assert parse_record(["acme/tiny"]) is None


def test_a_card_without_a_licence_declares_none_and_no_card_says_nothing() -> None:
    declared = read(cardData={}).licence
    assert declared is not None
    assert declared.license is None
    assert read().licence is None
    tagged = read(tags=["license:apache-2.0"]).licence
    assert tagged is not None
    assert tagged.license == "apache-2.0"


def test_a_parent_without_a_relation_is_kept_without_one() -> None:
    assert read(cardData={"base_model": ["acme/b", "acme/a"]}).parents == (("", "acme/a"), ("", "acme/b"))
    merged = read(baseModels={"relation": "merge", "models": [{"id": "acme/a"}]}, cardData={"base_model": "acme/a"})
    assert merged.parents == (("merge", "acme/a"),)


def test_weights_are_the_same_whatever_the_readme_says_and_others_where_one_byte_differs() -> None:
    weights = [file("b.safetensors", "b"), file("a.safetensors", "a")]
    first = read(siblings=[file("README.md", "1"), *weights]).weights
    assert first == read(siblings=[*reversed(weights), file("README.md", "2"), file("config.json", "3")]).weights
    assert first != read(siblings=[file("a.safetensors", "c"), file("b.safetensors", "b")]).weights
    assert first != read(siblings=weights[:1]).weights
    assert read(siblings=[{"rfilename": "a.safetensors"}]).weights is None  # a list names files without hashes
    assert read(siblings=[file("README.md", "1")]).weights is None


def test_a_series_of_weights_that_lacks_a_part_is_not_there_yet() -> None:
    parts = [file(f"model-{number:05d}-of-00003.safetensors", str(number)) for number in (1, 2, 3)]
    assert read(siblings=parts, tags=["safetensors"]).safetensors
    assert not read(siblings=parts[:2], tags=["safetensors"]).safetensors
    assert read(tags=["safetensors"]).safetensors  # a list names no files, and says what the hub saw
    assert not read(siblings=[file("pytorch_model.bin", "1")]).safetensors


def test_a_malformed_field_is_null() -> None:
    found = read(
        createdAt="yesterday", downloads=-1, likes=True, tags="none", cardData=[1], safetensors=7, baseModels=["x"],
        childrenModelCount=5, siblings={"a": 1}, pipeline_tag=["x"], downloadsAllTime=2**70, library_name="\ud800",
        lastModified="0001-01-01T00:00:00+14:00",
    )  # fmt: skip
    assert found == HubRecord(model="acme/tiny", revision=SHA)


@pytest.mark.parametrize("odd", ["\n", "\x1b[2J", "\u202e", "\u2028", "\x85", "x" * 2000], ids=ascii)
def test_what_would_begin_a_line_steer_a_terminal_or_fill_it_is_null(odd: str) -> None:
    text = f"other{odd}x"
    found = read(
        pipeline_tag=text, library_name=text, tags=["transformers", text, f"base_model:acme/{text}"],
        cardData={"license": "other", "license_name": text, "license_link": text, "base_model": f"acme/{text}"},
    )  # fmt: skip
    assert (found.pipeline, found.library, found.tags, found.parents) == (None, None, ("transformers",), ())
    assert found.licence
    assert (found.licence.license, found.licence.license_name) == ("other", None)


@pytest.mark.parametrize("name", ["acme/", "/tiny", "acme/ti ny", "acme/..", "acme/tiny@x", "acmé/tiny", "a/b/c"])
def test_a_name_that_no_hub_gives_is_no_model_and_no_parent(name: str) -> None:
    assert parse_record({"id": name, "sha": SHA}) is None
    assert read(tags=[f"base_model:finetune:{name}"]).parents == ()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_no_record_whatever_it_holds_is_a_crash(fields: dict[str, Any]) -> None:
    parse_record(fields)
    parse_record({**fields, "id": "acme/tiny", "sha": SHA})


@pytest.mark.skipif(not INDEX.exists(), reason="../shared/data, the hub's model index, is not here")
def test_each_of_the_4167_real_records_is_read_with_its_numbers_and_parents() -> None:
    with gzip.open(INDEX, "rt") as lines:
        given = [json.loads(line) for line in lines]
    found = [read(**record) for record in given]
    assert len(found) == 4167
    assert sum(record.parameters is not None for record in found) > 3700
    assert sum(any(relation for relation, _ in record.parents) for record in found) > 2500
    assert all(record.downloads is not None and record.created is not None for record in found)
    assert {relation for record in found for relation, _ in record.parents} <= {
        "", "merge", "finetune", "quantized", "adapter"
    }  # fmt: skip


def test_a_model_that_is_gone_says_only_that() -> None:
    assert gone("acme/tiny") == HubRecord(model="acme/tiny", revision="", gone=True)
