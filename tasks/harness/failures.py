"""Name an exception by the design's reasons."""

from standings.failure import Reason
from standings.result import NotAMeasurement
from tasks.harness.errors import LockMismatch, NoChatTemplate, NotFinite, UnknownTask
from tasks.weights import NoWeights
from tasks.weights.gguf_names import UnsupportedGguf


def name(raised: Exception) -> tuple[Reason, str]:
    """Return the reason of a failed run and a sentence of what happened."""
    return _reason(raised), f"{type(raised).__name__}: {raised}"


def _reason(raised: Exception) -> Reason:  # noqa: PLR0911 - one branch a reason
    said = str(raised)
    if isinstance(raised, NotAMeasurement):
        return raised.reason
    if isinstance(raised, NotFinite):
        return Reason.NOT_FINITE
    if isinstance(raised, LockMismatch | UnknownTask):
        return Reason.LOCK_MISMATCH
    if isinstance(raised, NoChatTemplate):
        return Reason.NO_CHAT_TEMPLATE
    if isinstance(raised, NoWeights | UnsupportedGguf):
        return raised.reason
    if isinstance(raised, MemoryError) or "OutOfMemory" in type(raised).__name__ or "allocate memory" in said:
        return (
            Reason.TOO_LARGE
        )  # torch: RuntimeError "… can't allocate memory"; the system: OSError "Cannot allocate …"
    if "GatedRepo" in type(raised).__name__:
        return Reason.GATED
    if "does not recognize this architecture" in said:
        return Reason.UNSUPPORTED  # transformers raises a plain ValueError
    return Reason.INFRASTRUCTURE  # what nobody foresaw is tried again, and shown when it stays
