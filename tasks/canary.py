"""Ask the canary, and say whether its answers are still what they were."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from standings import canary_jobs
from standings.drift import Change, Compared, compare
from standings.plan import Assignment
from standings.suite import Record
from standings.work import make_work
from tasks import attempt, canary_past, machine
from tasks.canary_past import Past, Perch, Row
from tasks.evaluate import Outcome, evaluate
from tasks.observer import observer
from tasks.settings import Settings
from tasks.workplace import Workplace

Evaluate = Callable[[Workplace, Sequence[Assignment], int | None], Sequence[Outcome]]  # the last is the limit


class Canary(Record):
    """What the canary said in one night."""

    model: str | None = None  # None: the registry has no canary
    at: datetime | None = None
    asked: int = 0  # jobs that were run now; this night had the others already
    seconds: float = 0.0  # of its jobs, loading the model not included
    failed: dict[str, str] = {}  # benchmark to why it has no answers: no drift, but nothing is known of it
    begun: tuple[str, ...] = ()  # benchmarks whose baseline this night is
    scores: dict[str, float] = {}  # benchmark to mean outcome
    rows: tuple[Compared, ...] = ()
    changed: tuple[Change, ...] = ()  # since the baseline
    drift: str | None = None  # what drifted and what changed, in a sentence: such a night does not publish

    @property
    def state(self) -> str:
        """Say in a word: drifted, failed, begun or kept; none where there is no canary."""
        if self.model is None:
            return "none"
        if self.drift:
            return "drifted"
        return "failed" if self.failed else "begun" if self.begun else "kept"

    def table(self) -> list[dict[str, object]]:
        """Write a row a benchmark, for a person to read."""
        compared = {row.benchmark: row for row in self.rows}
        names = dict.fromkeys([*self.scores, *self.failed])
        return [
            {
                "benchmark": name,
                "score": self.scores.get(name),
                "baseline": compared[name].before if name in compared else None,
                "lost": compared[name].lost if name in compared else None,
                "gained": compared[name].gained if name in compared else None,
                "other answers": compared[name].answers if name in compared else None,
                "why": self.failed.get(name) or ("begins the baseline" if name in self.begun else None),
            }
            for name in names
        ]


def ask(settings: Settings, run: Evaluate) -> Canary:
    """Run the canary's jobs that this night has not stored yet, and compare the answers with the baseline.

    A night that begins again asks nothing twice, unless harness, engine or code changed in between. Raises
    BrokenRegistry.
    """
    began, perch = attempt.now(), canary_past.perch(settings)
    if perch is None:
        return Canary()
    there = {run["job_id"] for run in canary_jobs.night_of(canary_past.read_past(perch, began).runs, began, here())}
    plan = perch.asking.plan(there, perch.workplace.pools)
    outcomes = run(perch.workplace, plan.assignments, perch.policy.documents) if plan.assignments else []
    past = canary_past.read_past(perch, attempt.now())
    # A worker elsewhere may run other software: what began since then is this night's, whatever it ran.
    mine = [run for run in past.runs if run["started_at"] >= began]
    tonight = {run["job_id"]: run for run in [*canary_jobs.night_of(past.runs, began, here()), *mine]}
    why = {job: reason.value for outcome in outcomes for job, reason in outcome.failed.items()}
    refused = plan.unplanned[0].why if plan.unplanned else "no run"
    failed = {name: why.get(job, refused) for job, name in perch.asking.names.items() if job not in tonight}
    said = judge(perch, past, tonight, began).model_copy(update={"asked": plan.jobs, "failed": failed})
    return _still(perch, past, said, past.runs, tonight)


def _still(perch: Perch, past: Past, said: Canary, before: Iterable[Row], tonight: dict[str, Row]) -> Canary:
    """Let a drift last while what drifted can't be asked: of a benchmark that failed the last answers before hold."""
    if said.drift or not said.failed:
        return said
    last = {run["job_id"]: run for run in before if perch.asking.names.get(run["job_id"]) in said.failed}
    if not last or said.at is None:
        return said
    return said.model_copy(update={"drift": judge(perch, past, last | tonight, said.at).drift})


def evaluate_here(workplace: Workplace, planned: Sequence[Assignment], _limit: int | None) -> list[Outcome]:
    """Run the canary's jobs in child processes of this one, with no server to ask; its suite is limited already."""
    suites = {suite.suite: suite for suite in workplace.suites}
    outcomes = []
    for assignment in planned:
        work = make_work(assignment, workplace.registry, suites, workplace.place, "canary")
        observer().assignment(assignment)
        outcomes.append(evaluate(work, workplace.limits, workplace.log(assignment), observer().event))
    return outcomes


def judge(perch: Perch, past: Past, tonight: dict[str, Row], at: datetime) -> Canary:
    """Compare a night's runs, by job_id, with what is the baseline today."""
    tonight = {job: tonight[job] for job in perch.asking.names if job in tonight}
    baselines = {job: past.baselines[job] for job in tonight}
    known = canary_past.answers(perch.workplace.lake, [*baselines.values(), *tonight.values()], perch.asking.metrics)
    after = {job: known[run["run_id"]] for job, run in tonight.items()}
    before = {job: known[run["run_id"]] for job, run in baselines.items()}
    between = [canary_jobs.between(baselines[job], run, past.runs) for job, run in tonight.items()]
    comparison = compare(before, after, perch.policy, between)
    return Canary(
        model=perch.policy.model,
        at=at,
        seconds=sum(run["seconds"] for run in tonight.values()),
        begun=tuple(run["benchmark"] for job, run in tonight.items() if run is baselines[job]),
        scores={asked.run["benchmark"]: asked.mean for asked in after.values()},
        rows=comparison.rows,
        changed=comparison.changed,
        drift=comparison.drift,
    )


def standing_drift(settings: Settings) -> str | None:
    """Say what drifted in the last night that asked the canary, until a person accepts it; nobody is asked now."""
    if (perch := canary_past.perch(settings)) is None:
        return None
    found = nights(perch, canary_past.read_past(perch, attempt.now()), most=1)
    return found[-1].drift if found else None


def nights(perch: Perch, past: Past, most: int | None = None) -> list[Canary]:
    """Judge each night of the history, or the last ones, against what is the baseline today, the newest last."""
    found: list[dict[str, Row]] = []
    failures: list[dict[str, str]] = []
    began: list[datetime] = []
    for run in sorted([*past.runs, *past.failures], key=lambda run: run["started_at"]):
        if not began or run["started_at"] - began[-1] >= canary_jobs.NIGHT:
            found.append({})
            failures.append({})
            began.append(run["started_at"])
        if run["status"] == "succeeded":
            found[-1][run["job_id"]] = run
            failures[-1].pop(run["benchmark"], None)
        elif run["job_id"] not in found[-1]:
            failures[-1][run["benchmark"]] = run["reason"]
    last = slice(-(most or perch.policy.history), None)
    told, before = [], [run for night in found[: len(found) - len(found[last])] for run in night.values()]
    for runs, failed, at in zip(found[last], failures[last], began[last], strict=True):
        said = judge(perch, past, runs, at).model_copy(update={"failed": failed})
        told.append(_still(perch, past, said, before, runs))
        before += runs.values()
    return told


def newest(past: Past) -> list[Row]:
    """Return the newest run of each job."""
    return list({run["job_id"]: run for run in past.runs}.values())


def here() -> Row:
    """Say what would answer on this machine; nothing where another one evaluates."""
    if not machine.has_worker():
        return {}
    return {
        "harness": machine.version("lm-eval"),
        "engine_version": machine.engine_version(),
        "torch": machine.version("torch"),
        "code_sha": machine.code_sha(),
    }
