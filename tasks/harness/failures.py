"""Name an exception by the design's reasons."""

from collections.abc import Iterator

from standings.failure import Reason
from standings.result import NotAMeasurement
from tasks.harness.errors import LockMismatch, NoChatTemplate, NoData, NotFinite, UnknownTask, Unsupported
from tasks.weights import NotReady
from tasks.weights.gguf_header import BrokenGguf
from tasks.weights.gguf_names import UnsupportedGguf

# transformers raises plain ValueErrors and OSErrors: an architecture it does not know; code in the model's repository,
# which is not run; weights in pickles alone, which are not loaded.
UNSUPPORTED = (
    "does not recognize this architecture",
    "`trust_remote_code=True`",
    "cannot be loaded with `safetensors`",
)


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
    if isinstance(raised, NotReady | UnsupportedGguf):
        return raised.reason
    if isinstance(raised, MemoryError) or "OutOfMemory" in type(raised).__name__ or "allocate memory" in said:
        # torch: RuntimeError "… can't allocate memory"; the system: OSError "Cannot allocate …"
        return Reason.TOO_LARGE
    if isinstance(raised, BrokenGguf | Unsupported):
        return Reason.UNSUPPORTED  # the same bytes, verified, would be no better fetched or asked again
    if isinstance(raised, NoData) or any(_is_refused(cause) for cause in _causes(raised)):
        return Reason.GATED
    if any(words in said for words in UNSUPPORTED):
        return Reason.UNSUPPORTED
    return Reason.INFRASTRUCTURE  # what nobody foresaw is tried again, and shown when it stays


def _causes(raised: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it was raised from: transformers tells of a refusal in a plain OSError."""
    while raised is not None:
        yield raised
        raised = raised.__cause__


def _is_refused(raised: BaseException) -> bool:
    status = getattr(getattr(raised, "response", None), "status_code", None)
    return status in (401, 403) or "GatedRepo" in type(raised).__name__
