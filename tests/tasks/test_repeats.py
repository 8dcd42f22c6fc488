"""A thinking model asked three times: each answer is a row, the board shows the mean, and documents count once."""

import json
from functools import partial

import pytest
import torch

from standings import quick
from standings.plan import Assignment, Job
from standings.suite import Protocol
from standings.work import Work, make_work
from tasks import attempt, materialise, planning, steps
from tasks.harness import loading, session
from tasks.harness.session import Session
from tests.scripted import Scripted
from tests.standings.entries import cell
from tests.tiny import tiny_model
from tests.workplaces import MODEL, make_registry, reopen, write_suite

DOCUMENTS = 10
PROTOCOL = {
    "output": "generate_until",
    "shots": 0,
    "chat_template": True,
    "max_tokens": 60,
    "sampling": {"temperature": 0.6, "top_k": 20},
    "repeats": 3,
    "thinking": {},
}
BENCHMARK = {
    "id": "write",
    "task": "quick_write",
    "title": "write",
    "category": "instruction_following",
    "score": {"metric": "exact_match", "filter": "strict-match"},
    "chance": 0,
    "source": "quick",
    "protocols": {"reasoning": "thinking"},
}
EXAM = quick.documents("write", 1, DOCUMENTS)


def writes(prompt: str, times: int) -> str:
    """Be right at first, wrong the second time, and the third time cut within a thought for every other document."""
    place = next(place for place, document in enumerate(EXAM) if document.query in prompt)
    thinks = f"<think>document {place},\ntime {times}</think>\n\n"
    if times == 2 and place % 2:
        return "<think>" + "but is it? " * 40
    return thinks + (f"wrong {place}" if times == 1 else EXAM[place].answer) + "<eos>"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory):
    """Return a workplace of a reasoning model with one benchmark that is asked with repeats."""
    root = tmp_path_factory.mktemp("repeats")
    registry = make_registry(root / "registry", tiny_model(root / "model"), "reasoning", reasoning="on")
    write_suite(registry, DOCUMENTS, protocols={"thinking": PROTOCOL}, benchmarks=[BENCHMARK])
    return reopen(root)


def planned(workplace) -> tuple[Work, Job]:
    """Return the one job, and all that a child needs to run it."""
    suites = {item.suite: item for item in workplace.suites}
    [variant] = workplace.registry.models[MODEL].variants
    row = cell(suites["tiny"], suites["tiny"].benchmarks[0], workplace.registry.models[MODEL], variant)
    job = Job(
        **{name: row[name] for name in ("job_id", "suite", "benchmark", "benchmark_id", "protocol")},
        documents=DOCUMENTS,
        attempt=1,
        why="a test",
        seconds=None,
    )
    assignment = Assignment(model=MODEL, variant=variant.name, variant_id=row["variant_id"], memory=None, jobs=(job,))
    return make_work(assignment, workplace.registry, suites, workplace.place), job


@pytest.fixture(scope="module")
def run(workplace):
    """Run the job with a script in the model's place, store it, and return the run's row, scores and samples."""
    work, job = planned(workplace)
    heard: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(session, "SharedContextLM", partial(Scripted, script=writes))
        done = Session(work, say=lambda text: None).run(job, lambda made, total: heard.append((made, total)))
    row = attempt.succeeded(work, job, attempt.now(), {**done.provenance, "load_seconds": 0.0})
    scores, samples = done.facts(row["run_id"])
    workplace.lake.put_run(row, scores, samples)
    assert heard == [(made, 3 * DOCUMENTS) for made in range(1, 3 * DOCUMENTS + 1)]
    return row, scores.to_pylist(), samples.to_pylist()


def test_each_answer_is_a_sample_row(run):
    _, _, samples = run
    strict = [row for row in samples if row["filter"] == "strict-match"]
    assert [(row["repeat"], row["doc_id"]) for row in strict] == [(r, d) for r in range(3) for d in range(DOCUMENTS)]
    first = [row for row in strict if row["repeat"] == 0]
    assert [row["response"] for row in first] == [document.answer for document in EXAM]
    cut = [row for row in strict if row["finish_reason"] == "thought"]
    assert [(row["repeat"], row["doc_id"], row["response"]) for row in cut] == [(2, d, "") for d in range(1, 10, 2)]
    assert [dict(row["outcomes"]) for row in cut] == [{"exact_match": 0.0}] * 5


def test_unanswered_and_cut_are_counted_over_all_repeats_and_documents_once(run):
    row, _, _ = run
    assert (row["unanswered"], row["truncated"]) == (5, 5)
    assert (row["documents_attempted"], row["documents_scored"]) == (DOCUMENTS, DOCUMENTS)


def test_the_board_shows_the_mean_with_an_interval_that_counts_each_document_once(run, workplace):
    planning.write_pending(workplace.lake, workplace.registry, workplace.suites, attempt.now())
    board = steps.refresh_board.fn(workplace).board
    [shown] = materialise.query(board, "FROM leaderboard.results").to_pylist()
    assert (shown["score"], shown["n"], shown["n_docs"], shown["repeats"]) == (0.5, 30, 10, 3)
    assert (shown["n_correct"], shown["unanswered"], shown["truncated"]) == (15, 5, 5)
    assert shown["interval_from"] == "counts"
    # scipy.stats.binomtest(5, 10).proportion_ci(method="wilson"), and not that of 15 of 30
    assert (round(shown["score_lo"], 6), round(shown["score_hi"], 6)) == (0.236593, 0.763407)


def test_a_rerun_gives_the_same_answers_and_another_repeat_others(workplace):
    work, job = planned(workplace)
    protocol = {**PROTOCOL, "sampling": {"temperature": 2.0}, "max_tokens": 6, "repeats": 2, "thinking": None}
    asked = job.model_copy(update={"protocol": json.dumps(protocol)})
    answers = []
    for _ in range(2):
        torch.manual_seed(7)  # what was drawn before does not matter
        done = Session(work, say=lambda text: None).run(asked, lambda made, total: None)
        answers.append([[sample["resps"] for sample in one.results["samples"]["quick_write"]] for one in done.repeats])
    assert answers[0] == answers[1]
    assert answers[0][0] != answers[0][1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sampling": {}}, "is asked greedily, the protocol says repeats: all would be alike"),
        ({"sampling": {"temperature": 0}}, "is asked greedily"),
    ],
)
def test_repeats_that_would_be_alike_are_refused(changed, said, workplace):
    [suite] = workplace.suites
    loaded = loading.load(suite, suite.benchmarks[0], workplace.place.registry)
    [found] = loading.misfits(Protocol.model_validate(PROTOCOL | changed), loaded)
    assert said in found


def test_a_task_that_begins_the_answer_leaves_no_room_for_a_thought(workplace):
    [suite] = workplace.suites
    loaded = loading.load(suite, suite.benchmarks[0], workplace.place.registry)
    loaded["tasks"]["quick_write"].config.gen_prefix = "The best answer is"
    assert loading.misfits(Protocol.model_validate(PROTOCOL), loaded) == [
        "quick_write begins the answer itself, the protocol says thinking: there is no room for a thought"
    ]
