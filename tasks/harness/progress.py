"""Report how many requests are done, whichever path answers them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lm_eval.models import huggingface

Report = Callable[[int, int], None]  # done, total


class Progress:
    """Count the requests of one call and report each advance."""

    def __init__(self, total: int, report: Report | None) -> None:
        self._done, self._total, self._report = 0, total, report

    def advance(self, requests: int = 1) -> None:
        """Count `requests` more as done; fewer than 0 where work has to be done again."""
        self._done += requests
        if self._report is not None and requests:
            self._report(self._done, self._total)


@contextmanager
def hear_stock_bars(advance: Callable[[int], None]) -> Iterator[None]:
    """Call `advance` with each step of lm-eval's own progress bars, which are its only sign of life.

    They are shown or hidden as before; the class is put back at the end.
    """
    stock = huggingface.tqdm

    class HeardBar(stock):  # type: ignore[misc, valid-type]
        def update(self, n: int = 1) -> Any:
            advance(int(n))
            return super().update(n)

    huggingface.tqdm = HeardBar
    try:
        yield
    finally:
        huggingface.tqdm = stock
