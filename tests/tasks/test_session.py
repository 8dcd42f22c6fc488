"""A session says of each job which path scored it, and why the shared one stepped back."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from standings.plan import Job
from standings.work import make_work
from tasks.harness import session
from tasks.harness.session import Done, Session
from tests.tasks.test_scorer import Perturbed
from tests.workplaces import tiny_workplace


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a tiny model and its registry."""
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def workplace(place: Path):
    """Open it."""
    return tiny_workplace(place)


def first_job(workplace, kind=None, monkeypatch=None) -> tuple[Done, Job]:
    """Run the plan's first job in this process, with another scorer where one is given."""
    if kind is not None:
        monkeypatch.setattr(session, "SharedContextLM", kind)
    [assignment] = workplace.plan().assignments
    work = make_work(assignment, workplace.registry, {item.suite: item for item in workplace.suites}, workplace.place)
    job = assignment.jobs[0]
    return Session(work, say=lambda text: None).run(job, lambda done, total: None), job


def test_a_logit_off_by_a_hundredth_makes_it_step_back_and_the_score_stays(workplace, monkeypatch):
    right, _ = first_job(workplace)
    wrong, _ = first_job(workplace, Perturbed, monkeypatch)
    assert (right.provenance["scorer"], right.provenance["scorer_reason"]) == ("shared", None)
    assert wrong.provenance["scorer"] == "stock"
    assert "the largest difference was 0.01 " in wrong.provenance["scorer_reason"]
    assert wrong.score == right.score
    assert wrong.facts("r")[0].to_pylist() == right.facts("r")[0].to_pylist()


def test_pickled_weights_are_loaded_only_where_the_entry_says_so_with_a_reason(workplace, place: Path, tmp_path: Path):
    pickled = tmp_path / "pickled"
    shutil.copytree(place / "model", pickled)
    torch.save(load_file(pickled / "model.safetensors"), pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    [assignment] = workplace.plan().assignments
    work = make_work(assignment, workplace.registry, {item.suite: item for item in workplace.suites}, workplace.place)
    identity = {**work.identity, "model": str(pickled), "revision": None}
    refused = work.model_copy(update={"manifest": None, "identity": identity})
    with pytest.raises(OSError, match="safetensors"):
        Session(refused, say=lambda text: None)
    allowed = refused.model_copy(update={"exceptions": {"pickle": "the author publishes nothing else"}})
    assert Session(allowed, say=lambda text: None).lm.scorer == "shared"


def test_provenance_counts_what_was_asked(workplace):
    done, job = first_job(workplace)
    assert done.provenance["documents_attempted"] == done.provenance["documents_scored"] == job.documents
    assert done.provenance["forwards"] > 0
    assert done.provenance["tokens_in"] > 0
    assert (done.provenance["unanswered"], done.provenance["truncated"], done.provenance["tokens_out"]) == (0, 0, 0)
