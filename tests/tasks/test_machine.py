"""What a run says of the machine it ran on."""

import re
import sys
from pathlib import Path

import pytest

from tasks import machine


@pytest.fixture(autouse=True)
def asked_anew():
    """Forget what was found before and after."""
    for known in (machine.accelerator, machine.memory_found):
        known.cache_clear()
    yield
    for known in (machine.accelerator, machine.memory_found):
        known.cache_clear()


def test_a_gpu_is_named_with_its_driver(tmp_path: Path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\n[ "$1" = --id=3 ] && echo "NVIDIA H100 80GB HBM3, 570.86.15"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,4")
    assert machine.accelerator() == ("NVIDIA H100 80GB HBM3", "570.86.15")


def test_without_a_gpu_none_is_named(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.accelerator() == (None, None)


def test_the_memory_of_a_gpu_is_what_its_driver_says(tmp_path: Path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\n[ "$2" = --query-gpu=memory.total ] && echo 81559\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert machine.memory("cuda") == 81559 * 2**20


def test_a_gpu_that_is_not_there_is_said_with_the_remedy(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(machine.NoAccelerator, match="Unset it"):
        machine.memory("cuda")


def test_a_worker_says_what_it_runs_on(tmp_path: Path, monkeypatch):
    assert re.fullmatch(r"Linux-.+, Python 3\.\d+\.\d+(, CUDA [\d.]+)?", machine.platform_name())
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").touch()
    (tmp_path / "torch" / "version.py").write_text("cuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert machine.cuda_version() == "12.8"


def test_an_image_states_the_commit_that_it_was_built_from(monkeypatch: pytest.MonkeyPatch) -> None:
    machine.code_sha.cache_clear()
    monkeypatch.setenv("STANDINGS_CODE_SHA", "0123abc")
    try:
        assert machine.code_sha() == "0123abc"
    finally:
        machine.code_sha.cache_clear()
