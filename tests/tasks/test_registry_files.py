"""The registry's own files, and files with faults, as they are read from disk."""

from pathlib import Path

from standings.checking import check
from standings.paths import folder
from tasks.registry_files import read, registry_revision

REGISTRY = folder("registry")


def write(root: Path, **files: str) -> Path:
    """Write files below root; `models__qwen` is models/qwen.yaml."""
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_the_registry_of_this_project_has_no_fault():
    registry, faults = read(REGISTRY)
    assert [str(fault) for fault in [*faults, *check(registry)] if fault.severity == "error"] == []


def test_a_key_given_twice_is_refused_with_its_line(tmp_path):
    _, faults = read(write(tmp_path, licences="- id: mit\n  name: MIT\n  name: Other\n"))
    assert [str(fault) for fault in faults] == ["registry/licences.yaml: line 3: key 'name' is given twice."]


def test_the_revision_moves_with_any_file_and_with_nothing_else(tmp_path):
    root = write(tmp_path, organisations="[]", licences="[]")
    before = registry_revision(root)
    assert before == registry_revision(root)
    write(root, licences="[] ")
    assert before != registry_revision(root)
