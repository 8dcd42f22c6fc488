"""Name why weights can't be made ready, each with the reason of the run that fails of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from standings.failure import REMEDIES, Reason
from standings.repository import RepositoryFile
from standings.weights import WeightsFile


class Unusable(Exception):
    """Say why a place can't give a file; `gated` where its owner wants terms accepted or a token."""

    def __init__(self, why: str, *, gated: bool = False) -> None:
        super().__init__(why)
        self.gated = gated


@dataclass(frozen=True)
class Fault:
    """Why one place did not give what was wanted."""

    place: str
    why: str
    gated: bool


class NotReady(Exception):
    """Say why weights can't be made ready, and what to do."""

    reason = Reason.INFRASTRUCTURE


class NoWeights(NotReady):
    """Say that no place holds the right bytes, and why each doesn't."""

    def __init__(self, lacking: Sequence[WeightsFile | RepositoryFile], faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        self.reason = Reason.GATED if any(fault.gated for fault in faults) else Reason.INFRASTRUCTURE
        listed = [f"  {fault.place}: {fault.why}" for fault in faults] or ["  no place offers it"]
        said = [f"no place holds {', '.join(_described(entry) for entry in lacking)}:", *listed]
        # Lists are cut where room is short, so what a person can do about a refusal comes first.
        said[:0] = [fault.why for fault in faults if fault.gated][:1]
        remedy = "add a place that holds these bytes to the registry entry, or correct the sha256 there"
        if isinstance(lacking[0], RepositoryFile):
            remedy = "run it again, which goes on with what was fetched and verified"
        if self.reason is Reason.GATED:
            remedy = REMEDIES[Reason.GATED]
        super().__init__("\n".join([*said, f"Remedy: {remedy}."]))


class NoRepository(NotReady):
    """Say why a model's own repository can't be read at its revision."""

    def __init__(self, why: str, *, gated: bool) -> None:
        super().__init__(why)
        self.reason = Reason.GATED if gated else Reason.INFRASTRUCTURE


class NoRoom(NotReady):
    """Say that the disk, or what weights may take of it, is too small."""

    def __init__(self, why: str, *, ever: bool = True) -> None:
        super().__init__(why)
        self.reason = Reason.INFRASTRUCTURE if ever else Reason.TOO_LARGE


class NotLoadable(NotReady):
    """Say that a repository holds no weights that may be loaded."""

    reason = Reason.UNSUPPORTED


def _described(entry: WeightsFile | RepositoryFile) -> str:
    hashes = [f"{kind} {value[:12]}…" for kind, value in entry.hashes.items()]
    return f"{entry.file} ({', '.join([*hashes, f'{entry.bytes:,} bytes'])})"
