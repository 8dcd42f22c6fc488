"""Group the ranked models of a suite into tiers.

"Not significantly below" is no equivalence (A = B and B = C and A > C happens), so a tier starts at its leader and
holds those who can't be told apart from that leader; the next starts at the first who can.
"""

from itertools import groupby
from math import hypot
from typing import Any

import pyarrow as pa

SCHEMA = pa.schema({"suite": pa.string(), "model": pa.string(), "tier": pa.int64()})
MEANINGS = {
    "suite": "suite's name",
    "model": "model id",
    "tier": "tier within the suite: 1 holds the leader and all whose index is not significantly below it, and so on",
}


def tiers(board: pa.Table) -> pa.Table:
    """Give each ranked model of a suite its tier."""
    ranked = [row for row in board.to_pylist() if row["rank"] is not None]
    ranked.sort(key=lambda row: (row["suite"], row["rank"], row["model"]))
    rows: list[dict[str, Any]] = []
    for suite, members in groupby(ranked, key=lambda row: row["suite"]):
        tier, leader = 0, None
        for row in members:
            if leader is None or significantly_below(row, leader):
                tier, leader = tier + 1, row
            rows.append({"suite": suite, "model": row["model"], "tier": tier})
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def significantly_below(row: dict[str, Any], leader: dict[str, Any]) -> bool:
    """Say whether the 95 % interval of the difference of two indexes excludes zero.

    The interval of a difference is recovered from the two intervals (MOVER: Zou and Donner, Statistics in Medicine 27,
    2008), as if the models had been asked different items. They were asked the same, so this errs towards one tier.
    """
    if None in (row["index_hi"], row["index_lo"], leader["index_hi"], leader["index_lo"]):
        return False  # without an interval nothing can be told apart
    difference = leader["index"] - row["index"]
    doubt = hypot(leader["index"] - leader["index_lo"], row["index_hi"] - row["index"])
    return bool(difference > doubt)
