"""Say where a lake is: in a folder of this machine, or in a bucket that many machines share."""

import re
from pathlib import Path

from pydantic import Field

from standings.suite import Record

S3 = re.compile(r"s3://(?P<name>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>[A-Za-z0-9_=+./-]*))?$")


class Bucket(Record):
    """A bucket of an S3-compatible server, and how long to wait for it."""

    name: str
    prefix: str = ""  # before each key, ending in / where there is one
    endpoint: str | None = None  # None: AWS
    region: str | None = None
    connect_seconds: float = Field(5.0, gt=0)
    read_seconds: float = Field(60.0, gt=0)
    attempts: int = Field(10, ge=1)  # of one request

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}" + (f" at {self.endpoint}" if self.endpoint else "")


def bucket_of(address: str) -> tuple[str, str] | None:
    """Return name and prefix of an address `s3://name/prefix`; None where it is a folder. Raises ValueError."""
    if not address.startswith("s3:"):
        return None
    found = S3.match(address)
    if found is None:
        raise ValueError(f"'{address}' is no bucket; write s3://NAME or s3://NAME/PREFIX")
    prefix = (found["prefix"] or "").strip("/")
    return found["name"], f"{prefix}/" if prefix else ""


Address = Path | Bucket
