"""What is heard of a night while it goes on: the numbers behind the bars, and the lines."""

import pytest

from flows.cli.evaluate import print_outcome
from flows.cli.output import duration
from flows.cli.progress import Bars, Lines, line
from flows.cli.recorder import Recorder
from standings.plan import Assignment, Job, Plan
from standings.work import Event


def job(name: str, seconds: float = 10.0) -> Job:
    return Job(
        job_id=name, suite="mini", benchmark=name, benchmark_id="b", protocol="{}", documents=40, attempt=1,
        why="never evaluated", seconds=seconds,
    )  # fmt: skip


def assignment(model: str, *names: str) -> Assignment:
    return Assignment(
        model=model, variant="fp32", variant_id=model, memory=1.0, jobs=tuple(job(f"{model}-{name}") for name in names)
    )


SMALL, LARGE = assignment("a/small", "sums", "order"), assignment("b/large", "sums")
PLAN = Plan(assignments=(SMALL, LARGE), unplanned=(), counted=0)


def half_way(heard: Recorder) -> Recorder:
    """Hear a plan of three jobs up to the middle of the second."""
    heard.planned(PLAN)
    heard.assignment(SMALL)
    heard.event(Event(event="stage", text="loading the model"))
    heard.event(Event(event="loaded", seconds=3.0))
    heard.event(Event(event="job", job_id="a/small-sums"))
    heard.event(Event(event="progress", job_id="a/small-sums", done=40, total=40))
    heard.event(Event(event="stored", job_id="a/small-sums", run_id="r1", seconds=20.0, score=0.5))
    heard.event(Event(event="job", job_id="a/small-order"))
    heard.event(Event(event="progress", job_id="a/small-order", done=10, total=40))
    return heard


def test_the_time_left_is_the_plans_estimate_at_the_pace_of_the_jobs_that_are_done() -> None:
    heard = half_way(Recorder())
    # The first job took twice its ten seconds; three quarters of the second and the whole third are left.
    assert heard.left == pytest.approx(2 * (0.75 * 10 + 10))


def test_before_a_job_is_done_no_time_is_promised() -> None:
    heard = Recorder()
    heard.planned(PLAN)
    assert heard.left is None


def test_the_place_is_the_benchmark_of_how_many_of_the_model() -> None:
    assert half_way(Recorder()).place == (2, 2)


def test_a_failed_job_is_kept_with_its_reason_and_the_next_goes_on() -> None:
    heard = half_way(Recorder())
    heard.event(Event(event="failed", job_id="a/small-order", run_id="r2", reason="too_large", text="out of memory"))
    assert [(ended.job.benchmark, ended.reason) for ended in heard.failed] == [("a/small-order", "too_large")]
    assert line(heard.failed[0], heard) == "[2/3] a/small a/small-order: failed, too_large: out of memory"


def test_the_stages_say_how_long_loading_and_evaluating_took_for_each_model() -> None:
    heard = half_way(Recorder())
    heard.event(Event(event="stored", job_id="a/small-order", run_id="r2", seconds=1.0, score=0.5))
    heard.assignment(LARGE)
    heard.event(Event(event="loaded", seconds=3.0))
    heard.close("board built")
    names = [stage.name for stage in heard.stages]
    assert names == [
        "started and planned", "a/small fp32: weights ready, loaded", "a/small fp32: 2 jobs",
        "b/large fp32: weights ready, loaded", "b/large fp32: 0 jobs", "board built",
    ]  # fmt: skip
    assert all(stage.seconds >= 0 for stage in heard.stages)


def test_off_a_terminal_a_finished_job_is_a_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    half_way(Lines())
    captured = capsys.readouterr()
    assert captured.err == "[1/3] a/small a/small-sums: 0.500 in 20 s\n"
    assert captured.out == ""


def test_the_bars_name_model_benchmark_requests_and_what_is_left() -> None:
    from rich.console import Console

    out = Console(width=80)
    with out.capture() as captured:
        out.print(half_way(Bars()).picture())
    first, second = captured.get().splitlines()
    assert first.startswith("small: a/small-order (2 of 2)")
    assert "10/40 requests" in first
    assert second.startswith("1 of 3 jobs")
    assert second.rstrip().endswith("about 35 s left")


def test_failures_are_told_once_each_with_their_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    heard = half_way(Recorder())
    for name in ("a/small-order", "b/large-sums"):
        heard.event(Event(event="failed", job_id=name, run_id="r", reason="lock_mismatch", text="sums: version is 2"))
        heard.assignment(LARGE)
    print_outcome(heard)
    text = " ".join(capsys.readouterr().out.split())
    assert "1 job done, 2 failed." in text
    assert text.count("sums: version is 2") == 1
    assert "lock_mismatch: run `standings suite lock` and review what changed." in text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "unknown"),
        (1.25, "1.2 s"),
        (90, "90 s"),
        (5400, "90 min"),
        (9000, "2 h 30 min"),
        (269_401_920, "3,118 days"),
    ],
)
def test_a_time_is_written_as_a_person_says_it(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said
