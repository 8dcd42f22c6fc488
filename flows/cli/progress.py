"""Show a night as it goes on: bars on a terminal, one line a finished job anywhere else."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flows.cli.errors import INTERRUPTED, Stop
from flows.cli.output import cell, clipped, console, duration, say, visible
from flows.cli.recorder import Finished, Recorder
from flows.embedded import kill_server
from flows.wording import counted

BAR = 20  # columns


class Bars(Recorder):
    """Draw what is in hand, and how far all is."""

    live: Live | None = None

    def changed(self) -> None:
        """Draw anew; `Live` limits how often that reaches the terminal."""
        if self.live is not None:
            self.live.update(self.picture())

    def ended(self, job: Finished) -> None:
        """Leave a line above the bars."""
        if self.live is not None:
            self.live.console.print(cell(line(job, self)), no_wrap=True, overflow="ellipsis", crop=True)

    def picture(self) -> Table:
        """Return the two lines that change."""
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        grid.add_column(width=BAR)
        grid.add_column(no_wrap=True, justify="right", min_width=27)
        number, of = self.place
        now = f"{self.job.benchmark} ({number} of {of})" if self.job else self.doing
        rate = f"{self.rate:.1f}/s" if self.rate else ""
        asked = f"{self.done}/{self.total} requests {rate}" if self.total else ""
        short = self.current.model.rpartition("/")[2] + ": " if self.current else ""
        grid.add_row(
            cell(short + now), ProgressBar(self.total or None, self.done, BAR, pulse=self.total == 0), Text(asked)
        )
        if self.plan and self.plan.jobs:
            left = f"about {duration(self.left)} left" if self.left is not None else ""
            done = len(self.finished)
            grid.add_row(
                Text(f"{done} of {counted(self.plan.jobs, 'job')}"), ProgressBar(self.plan.jobs, done, BAR), Text(left)
            )
        return grid


class Lines(Recorder):
    """Print a line for each model and each finished job."""

    def changed(self) -> None:
        """Say nothing of what is in hand."""

    def ended(self, job: Finished) -> None:
        """Print a line."""
        console(stderr=True).print(visible(line(job, self)), soft_wrap=True)


def line(job: Finished, recorder: Recorder) -> str:
    """Write a finished job: its number, model, benchmark, score or reason, and time."""
    of = recorder.plan.jobs if recorder.plan else len(recorder.finished)
    what = (
        f"failed, {job.reason}: {clipped(job.detail or '')}"
        if job.reason
        else f"{job.score:.3f}"
        if job.score is not None
        else "stored"
    )
    took = f" in {duration(job.seconds)}" if job.seconds is not None else ""
    return f"[{len(recorder.finished)}/{of}] {job.assignment.model} {job.job.benchmark}: {what}{took}"


@contextmanager
def shown() -> Iterator[Recorder]:
    """Give an observer that shows what it hears on standard error; Ctrl-C ends the command with one line."""
    out = console(stderr=True)
    heard: Recorder = Bars() if out.is_terminal else Lines()
    live = Live(console=out, transient=True, refresh_per_second=5) if isinstance(heard, Bars) else nullcontext()
    with live as drawn, interruptible(heard):
        if isinstance(heard, Bars):
            heard.live = drawn
            heard.changed()
        try:
            yield heard
        except KeyboardInterrupt as error:
            raise stopped(heard) from error


@contextmanager
def interruptible(heard: Recorder) -> Iterator[None]:
    """Let Ctrl-C end the flow in order, and a second one at once: what is stored is safe either way."""

    def stop_now(*_: object) -> None:
        kill_server()
        console(stderr=True).show_cursor()
        say(str(stopped(heard)))
        os._exit(INTERRUPTED)

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, stop_now)
        # What Prefect has to say of its own end would bury what became of the jobs.
        logging.disable(logging.CRITICAL)
        logging.getLogger("prefect._internal").setLevel(logging.CRITICAL + 1)
        heard.doing = "stopping; Ctrl-C again stops at once"
        heard.job = heard.current = None
        heard.changed()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def stopped(heard: Recorder) -> Stop:
    """Say what an interrupted command leaves behind."""
    told = f"{counted(len(heard.finished), 'job')} ended and stored."
    return Stop("interrupted", told, "The same command goes on with the rest.", INTERRUPTED)
