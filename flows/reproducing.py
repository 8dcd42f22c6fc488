"""Ask a run's job again, and compare: the number that a person doubts."""

from typing import Any

from standings.plan import Assignment, Job
from standings.suite import Record, Suite
from standings.work import make_work
from tasks import admission, attempt
from tasks.evaluate import evaluate
from tasks.observer import Observer
from tasks.settings import Settings
from tasks.workplace import Workplace


class CannotReproduce(ValueError):
    """The run's job is not one that this registry and these suites ask for; the message says what differs."""


class Reproduction(Record):
    """A run beside its repetition."""

    run: str
    repeated: str  # run_id of the repetition, purpose `reproduce`: it never counts
    score_before: float
    score_after: float
    differing_documents: tuple[str, ...]  # `task/doc_id` where an outcome differs


def reproduce(settings: Settings, run_id: str, observer: Observer) -> Reproduction:
    """Run the job of an admitted run again and compare score and outcomes.

    Raises CannotReproduce where the registry's entry or the suite's lock has changed since, or the repetition failed.
    """
    admission.admit(Workplace.open(settings).lake, attempt.now())
    run = Workplace.open(settings).lake.run(run_id)
    workplace, suite = _workplace(settings, run)
    assignment = _assignment(run)
    try:
        work = make_work(assignment, workplace.registry, {suite.suite: suite}, workplace.place, "reproduce")
    except (AssertionError, KeyError, StopIteration) as error:
        raise CannotReproduce(
            f"run {run_id}: the registry no longer has {run['model']} as it was run: {error}"
        ) from error
    observer.assignment(assignment)
    outcome = evaluate(work, workplace.limits, workplace.log(assignment), observer.event)
    if outcome.failed:
        raise CannotReproduce(f"run {run_id}: the repetition failed: {', '.join(outcome.failed.values())}")
    return _compare(workplace, run, suite, outcome.runs[0])


def _workplace(settings: Settings, run: dict[str, Any]) -> tuple[Workplace, Suite]:
    """Open the suite that the run belongs to, limited as it was, and check that it still asks the same."""
    limit = run["document_limit"]
    name = run["suite"].removesuffix(f"-limit-{limit}")
    workplace = Workplace.open(settings, (name,), (run["model"],), limit)
    [suite] = workplace.suites
    benchmark = next((item for item in suite.benchmarks if item.id == run["benchmark"]), None)
    if benchmark is None or suite.benchmark_id(benchmark) != run["benchmark_id"]:
        raise CannotReproduce(
            f"run {run['run_id']}: {run['suite']}/{run['benchmark']} is locked to something else today. "
            f"Check out the code of the run, {run['code_sha']}, and ask again."
        )
    return workplace, suite


def _assignment(run: dict[str, Any]) -> Assignment:
    job = Job(
        job_id=run["job_id"],
        suite=run["suite"],
        benchmark=run["benchmark"],
        benchmark_id=run["benchmark_id"],
        protocol=run["protocol"],
        documents=run["documents_attempted"] or 0,
        attempt=1,
        why=f"reproduces {run['run_id']}",
        seconds=run["seconds"],
    )
    return Assignment(
        model=run["model"], variant=run["variant"], variant_id=run["variant_id"], memory=None, jobs=(job,)
    )


def _compare(workplace: Workplace, run: dict[str, Any], suite: Suite, repeated: str) -> Reproduction:
    lake = workplace.lake
    admission.admit(lake, attempt.now())
    benchmark = next(item for item in suite.benchmarks if item.id == run["benchmark"])
    before, after = _score(workplace, run["run_id"], benchmark), _score(workplace, repeated, benchmark)
    old, new = _outcomes(workplace, run["run_id"]), _outcomes(workplace, repeated)
    differing = {key[:2] for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    return Reproduction(
        run=run["run_id"],
        repeated=repeated,
        score_before=before,
        score_after=after,
        differing_documents=tuple(f"{task}/{document}" for task, document in sorted(differing)),
    )


def _score(workplace: Workplace, run_id: str, benchmark: Any) -> float:
    rows = workplace.lake.scores(run_id).to_pylist()
    wanted = (benchmark.task, benchmark.score.metric, benchmark.score.filter)
    return next(float(row["value"]) for row in rows if (row["task"], row["metric"], row["filter"]) == wanted)


def _outcomes(workplace: Workplace, run_id: str) -> dict[tuple[str, int, int, str], dict[str, float]]:
    rows = workplace.lake.samples(run_id).to_pylist()
    return {(row["task"], row["doc_id"], row["repeat"], row["filter"]): dict(row["outcomes"]) for row in rows}
