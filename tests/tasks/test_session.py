"""A session says of each job which path scored it, and why the shared one stepped back."""

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from lm_eval.api.instance import Instance
from safetensors.torch import load_file

from standings.plan import Job
from standings.suite import Protocol, Score
from standings.work import make_work
from tasks.harness import asking, loading, session
from tasks.harness.errors import LockMismatch
from tasks.harness.generations import Generation
from tasks.harness.session import Done, Session
from tasks.weights import NotLoadable
from tests.hub import Hub
from tests.tasks.test_scorer import Perturbed
from tests.workplaces import MODEL, tiny_workplace


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
    assert right.provenance["prompts_cut"] == 0
    assert wrong.provenance["scorer"] == "stock"
    assert "the largest difference was 0.01 " in wrong.provenance["scorer_reason"]
    assert wrong.score == right.score
    assert wrong.facts("r")[0].to_pylist() == right.facts("r")[0].to_pylist()


def test_a_job_starts_no_program_to_describe_the_machine_again(workplace, monkeypatch):
    started: list[str] = []

    class Told(subprocess.Popen):
        def __init__(self, args, *rest, **settings) -> None:
            started.append(args if isinstance(args, str) else args[0])
            super().__init__(args, *rest, **settings)

    monkeypatch.setattr(subprocess, "Popen", Told)
    first_job(workplace)
    assert set(started) <= {"git"}, "lm-eval asks it for the commit of the working directory"


def own_repository(workplace, commit: str):
    """Return the plan's first assignment as it would be if the hub's repository at this commit were all there is."""
    [assignment] = workplace.plan().assignments
    work = make_work(assignment, workplace.registry, {item.suite: item for item in workplace.suites}, workplace.place)
    return work.model_copy(update={"manifest": None, "identity": {**work.identity, "revision": commit}})


def test_pickled_weights_are_loaded_only_where_the_entry_says_so_with_a_reason(
    workplace, place: Path, hub: Hub, tmp_path: Path
):
    pickled = tmp_path / "pickled"
    shutil.copytree(place / "model", pickled)
    torch.save(load_file(pickled / "model.safetensors"), pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    refused = own_repository(workplace, hub.repository(MODEL).commit(pickled))
    with pytest.raises(NotLoadable, match="pickled weights alone"):
        Session(refused, say=lambda text: None)
    allowed = refused.model_copy(update={"exceptions": {"pickle": "the author publishes nothing else"}})
    assert Session(allowed, say=lambda text: None).lm.scorer == "shared"


def test_a_folder_that_is_named_like_the_model_is_not_taken_for_the_hubs(
    workplace, place: Path, hub: Hub, tmp_path: Path, monkeypatch
):
    (tmp_path / MODEL).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    work = own_repository(workplace, hub.repository(MODEL).commit(place / "model"))
    assert Session(work, say=lambda text: None).lm.scorer == "shared"


def test_provenance_counts_what_was_asked(workplace):
    done, job = first_job(workplace)
    assert done.provenance["documents_attempted"] == done.provenance["documents_scored"] == job.documents
    assert done.provenance["forwards"] > 0
    assert done.provenance["tokens_in"] > 0
    assert (done.provenance["unanswered"], done.provenance["truncated"], done.provenance["tokens_out"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"output": "generate_until"}, "is multiple_choice, the protocol says generate_until", id="output"),
    ],
)
def test_what_the_protocol_says_and_the_harness_would_pass_over_is_refused(change, said, workplace):
    [assignment] = workplace.plan().assignments
    suites = {item.suite: item for item in workplace.suites}
    work = make_work(assignment, workplace.registry, suites, workplace.place)
    job = assignment.jobs[0]
    other = job.model_copy(update={"protocol": json.dumps({**json.loads(job.protocol), **change})})
    with pytest.raises(LockMismatch, match=said):
        Session(work, say=lambda text: None).run(other, lambda done, total: None)


def test_shots_that_a_task_never_takes_are_refused():
    config = SimpleNamespace(num_fewshot=0, repeats=1, metric_list=None)
    loaded = {"tasks": {"ifeval": SimpleNamespace(OUTPUT_TYPE="generate_until", config=config)}}
    [said] = loading.misfits(Protocol(output="generate_until", shots=5), loaded)
    assert said == "ifeval is always asked without examples, the protocol says 5 shots"
    assert loading.misfits(Protocol(output="generate_until", shots=0), loaded) == []


def test_a_metric_of_a_name_that_lm_eval_needs_is_refused():
    config = SimpleNamespace(num_fewshot=0, repeats=1, metric_list=[{"metric": "call"}, {"metric": "arguments"}])
    loaded = {"tasks": {"call": SimpleNamespace(OUTPUT_TYPE="generate_until", config=config)}}
    [said] = loading.misfits(Protocol(output="generate_until"), loaded)
    assert said == "call has a metric 'arguments', under which lm-eval keeps something else of each answer"


def test_a_score_that_the_task_does_not_give_is_refused_by_name(workplace):
    [suite] = workplace.suites
    results = {"results": {"quick_pattern": {"acc,none": 0.5, "acc_stderr,none": 0.1, "sample_len": 8}}}
    benchmark = next(item for item in suite.benchmarks if item.id == "pattern")
    assert session.score_of(suite, benchmark, results) == 0.5
    other = benchmark.model_copy(update={"score": Score(metric="acc_norm")})
    with pytest.raises(LockMismatch, match="its score is acc_norm,none, and quick_pattern gives acc,none"):
        session.score_of(suite, other, results)


def test_each_answer_to_a_document_that_its_task_asks_twice_is_described():
    def task(*documents: int) -> SimpleNamespace:
        instances = [SimpleNamespace(request_type="generate_until", doc_id=one, repeats=2) for one in documents]
        return SimpleNamespace(instances=instances)

    loaded = {"tasks": {"a": task(0, 1), "b": task(0)}}
    answers = [Generation(tokens, "stop") for tokens in (1, 2, 3, 4, 5, 6)]
    assert asking.finish_of(loaded, answers) == {
        ("a", 0): [(1, "stop"), (2, "stop")],
        ("a", 1): [(3, "stop"), (4, "stop")],
        ("b", 0): [(5, "stop"), (6, "stop")],
    }


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ({}, {}),
        ({"max_tokens": 24}, {"max_gen_toks": 24}),
        ({"sampling": {"temperature": 0.7}}, {"temperature": 0.7, "do_sample": True}),
        ({"sampling": {"temperature": 1, "top_k": 20}}, {"temperature": 1, "top_k": 20, "do_sample": True}),
        ({"sampling": {"temperature": 0}}, {"temperature": 0, "do_sample": False}),
    ],
)
def test_a_protocol_that_samples_is_not_asked_greedily(asked, settings):
    protocol = Protocol(output="generate_until", **asked)
    found = asking.generation_settings(protocol)
    assert found == settings
    assert isinstance(found.get("top_k", 20), int)


def test_a_temperature_reaches_the_model(workplace):
    [assignment] = workplace.plan().assignments
    suites = {item.suite: item for item in workplace.suites}
    lm = Session(make_work(assignment, workplace.registry, suites, workplace.place), say=lambda text: None).lm

    def answer(protocol: Protocol) -> str:
        settings = {"until": [], "max_gen_toks": 12, **asking.generation_settings(protocol)}
        torch.manual_seed(1234)
        return lm.generate_until([Instance("generate_until", {}, ("Anna is", settings), 0, ("t", 0, 1))])[0]

    hot = Protocol(output="generate_until", sampling={"temperature": 5.0})
    assert answer(hot) != answer(Protocol(output="generate_until"))
