"""Compute the tables that SQL can't: pure functions of Arrow tables, made in the same graph as sql/'s files."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from standings.stats.tier import MEANINGS, tiers


@dataclass(frozen=True)
class Stat:
    """One computed table."""

    function: Callable[..., pa.Table]  # takes the tables it needs, in that order
    needs: tuple[str, ...]
    columns: dict[str, str]  # column to meaning

    call = ""  # what follows the name in a FROM clause: this is a table, no macro

    @property
    def about(self) -> str:
        """Say what the table is: the function's first line."""
        return (self.function.__doc__ or "").strip().splitlines()[0]


STATS: dict[str, Stat] = {"stats.tier": Stat(tiers, ("model.board",), MEANINGS)}
