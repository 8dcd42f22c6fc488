"""Read a run's own objects from the inbox, as its worker put them there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from standings.facts import SCHEMAS
from tasks.parquet import Faulty, decode
from tasks.store import Body, Store, sha256

INBOX = "inbox/v1/"


@dataclass(frozen=True, slots=True)
class RunKey:
    """Name the objects of one run."""

    job_id: str
    run_id: str

    def of(self, name: str) -> str:
        """Return the key of samples, scores or run."""
        return f"{INBOX}{self.job_id}/{self.run_id}/{name}.parquet"

    @classmethod
    def named_by(cls, key: str) -> "RunKey | None":
        """Return the run that an object of the inbox belongs to; None where its key is no such object's."""
        parts = key.removeprefix(INBOX).split("/")
        return cls(parts[0], parts[1]) if len(parts) == 3 else None


def read_run(store: Store, row: Mapping[str, Any]) -> pa.Table:
    """Read the run of a row of the gate's log, as it was admitted. Raises Missing or Faulty."""
    body = store.read(RunKey(row["job_id"], row["run_id"]).of("run"))
    require_sha256(body, row["run_sha256"])
    return decode("run", body)


def read_sibling(store: Store, name: str, run: Mapping[str, Any]) -> pa.Table:
    """Read the scores or samples that a run names: an empty table where it names none. Raises Missing or Faulty."""
    if run[f"{name}_sha256"] is None:
        return SCHEMAS[name].empty_table()
    body = store.read(RunKey(run["job_id"], run["run_id"]).of(name))
    require_sha256(body, run[f"{name}_sha256"])
    return decode(name, body)


def require_sha256(body: Body, right: str) -> None:
    """Raise Faulty where the bytes are not those that were named."""
    found = sha256(body)
    if found != right:
        raise Faulty(f"the bytes' sha256 is {found}, and must be {right}")
