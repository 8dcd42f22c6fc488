"""The registry's own files, and files with faults, as they are read from disk."""

from pathlib import Path

import pytest

from standings.checking import check
from standings.licences import Licence, Terms, classify_declared
from standings.paths import folder
from standings.registry import Grouping, LineageEdge, Model, Organisation
from standings.variants import Api, Variant
from tasks.registry_files import load, read, read_suites

ROOT = folder("registry")
REGISTRY, FAULTS = read(ROOT)
DEMO = ("HuggingFaceTB/SmolLM2-135M-Instruct", "google/gemma-3-270m", "Qwen/Qwen2.5-Coder-0.5B-Instruct")


def write(root: Path, **files: str) -> Path:
    """Write files below root; `models__qwen` is models/qwen.yaml."""
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_the_registry_of_this_project_has_no_fault():
    assert [str(fault) for fault in [*FAULTS, *check(REGISTRY)] if fault.severity == "error"] == []


@pytest.mark.parametrize("name", DEMO)
def test_the_demo_s_models_are_pinned_by_the_bytes_that_they_are_run_from(name):
    model = REGISTRY.models[name]
    weights = model.primary.weights
    assert weights is not None
    assert model.revision == f"sha256:{weights.files[0].sha256}"
    assert model.primary.quantisation
    assert "not the model's bf16 weights" in model.primary.weights_note


def test_every_licence_class_relation_and_kind_of_access_and_origin_occurs():
    models = REGISTRY.models.values()
    classes = {classify_declared(model.licence, model.access, REGISTRY.licences)[1] for model in models}
    assert classes == {
        "osi_approved", "content", "custom_permissive", "community", "noncommercial", "unknown", "undeclared"
    }  # fmt: skip
    relations = {edge.relation for model in models for edge in model.lineage}
    assert relations == {"finetune", "merge", "quantized", "continued_pretrain", "adapter", "distilled"}
    assert {model.access for model in models} == {"weights", "api"}
    assert {model.kind for model in models} == {"base", "instruct", "reasoning", "api"}
    assert any(model.blocked for model in models)
    organisations = [REGISTRY.organisations[model.organisation] for model in models]
    assert {len(item.countries) for item in organisations} == {0, 1, 2}
    assert any(item.disputed for item in organisations)


def test_three_releases_of_one_family_have_three_classes():
    classes = [
        classify_declared(REGISTRY.models[name].licence, "weights", REGISTRY.licences)[1]
        for name in ("Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-3B", "Qwen/Qwen2.5-72B")
    ]
    assert classes == ["osi_approved", "noncommercial", "community"]


@pytest.mark.parametrize("name", ["region", "income"])
def test_each_country_that_occurs_is_in_one_group(name):
    groups = REGISTRY.groupings[name].groups
    for organisation in REGISTRY.organisations.values():
        for code in organisation.countries:
            assert [group for group, codes in groups.items() if code in codes] != [], code
    listed = [code for codes in groups.values() for code in codes]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("record", [Organisation, Licence, Grouping, Model, Variant, LineageEdge, Terms, Api])
def test_each_field_of_a_record_is_told_in_the_documentation(record):
    page = (ROOT.parent / "docs" / "registry.md").read_text(encoding="utf-8")
    fields = [field.alias or name for name, field in record.model_fields.items()]
    assert [name for name in fields if f"`{name}`" not in page and f"`{name}: " not in page] == []


def test_a_key_given_twice_is_refused_with_its_line(tmp_path):
    _, faults = read(write(tmp_path, licences="- id: mit\n  name: MIT\n  name: Other\n"))
    assert [str(fault) for fault in faults] == ["registry/licences.yaml: line 3: key 'name' is given twice."]


def test_broken_yaml_is_a_fault_and_the_other_files_are_read(tmp_path):
    root = write(tmp_path, licences="- id: [", organisations="- {id: acme, name: A, countries: [FR], source: its site}")
    registry, faults = read(root)
    assert list(registry.organisations) == ["acme"]
    assert [fault.file for fault in faults] == ["registry/licences.yaml"]


def test_a_fault_knows_the_line_of_its_entry(tmp_path):
    entries = (
        "- {id: acme, name: A, countries: [FR], source: its site}\n\n- {id: beta, countries: [CN], source: its site}"
    )
    _, (fault,) = read(write(tmp_path, organisations=entries))
    assert (fault.entry, fault.field, fault.line) == ("beta", "name", 3)


def test_yaml_s_other_words_for_true_and_false_stay_words():
    assert load("{countries: [NO], reasoning: on, primary: true, day: 2026-11-24}") | {"day": None} == {
        "countries": ["NO"],
        "reasoning": "on",
        "primary": True,
        "day": None,
    }


def test_no_object_is_built_from_yaml(tmp_path):
    _, (fault,) = read(write(tmp_path, licences="- !!python/object/apply:os.getcwd []"))
    assert "could not determine a constructor" in fault.wrong


def test_a_suite_is_read_with_its_locks_and_its_faults_are_told(tmp_path):
    good = (
        "{suite: good, title: G, protocols: {p: {output: multiple_choice}}, benchmarks: [{id: b, task: t, title: B,"
        " category: reasoning, score: {metric: acc}, chance: 0.5, source: own, protocols: {base: p}}]}"
    )
    lock = "{t: {tasks: {t: {version: '1', config: c, functions: f, documents: 1, fingerprint: d, examples: e}}}}"
    bad = good.replace("suite: good", "suite: bad").replace("category: reasoning", "category: reason")
    root = write(tmp_path, suites__good=good, suites__bad=bad, **{"suites__good.lock": lock})
    suites, faults = read_suites(root)
    assert [(name, list(suite.locks)) for name, suite in suites.items()] == [("good", ["t"])]
    assert [str(fault) for fault in faults] == [
        "registry/suites/bad.yaml: bad: benchmarks[0].category 'reason' is not one of reasoning, mathematics, "
        "tool_use, instruction_following, language, knowledge. Did you mean 'reasoning'?"
    ]
