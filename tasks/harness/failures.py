"""Name an exception by the design's reasons."""

from standings.failure import Reason
from standings.result import NotAMeasurement
from tasks.harness.errors import LockMismatch, NoChatTemplate, NotFinite


def name(raised: Exception) -> tuple[Reason, str]:
    """Return the reason of a failed run and a sentence of what happened."""
    return _reason(raised), f"{type(raised).__name__}: {raised}"


def _reason(raised: Exception) -> Reason:  # noqa: PLR0911 - one branch a reason
    said = str(raised)
    if isinstance(raised, NotAMeasurement):
        return raised.reason
    if isinstance(raised, NotFinite):
        return Reason.NOT_FINITE
    if isinstance(raised, LockMismatch):
        return Reason.LOCK_MISMATCH
    if isinstance(raised, NoChatTemplate):
        return Reason.NO_CHAT_TEMPLATE
    if isinstance(raised, MemoryError) or "OutOfMemory" in type(raised).__name__ or "can't allocate memory" in said:
        return Reason.TOO_LARGE  # torch raises RuntimeError("[enforce fail at alloc_cpu.cpp…] … can't allocate memory")
    if "GatedRepo" in type(raised).__name__ or "gated" in said:
        return Reason.GATED
    if "does not recognize this architecture" in said or "no GGUF architecture" in said:
        return Reason.UNSUPPORTED
    return Reason.INFRASTRUCTURE  # what nobody foresaw is tried again, and shown when it stays
