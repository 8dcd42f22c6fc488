"""Name why a run failed. What follows from a reason is decided in sql/model/job_state.sql alone."""

from enum import StrEnum


class Reason(StrEnum):
    """A failed run's reason."""

    INFRASTRUCTURE = "infrastructure"  # killed, hub unreachable, disk full, no source with the right hash
    TOO_LARGE = "too_large"  # out of memory, or more than weights may take on the disk
    UNSUPPORTED = "unsupported"  # architecture not in this worker
    GATED = "gated"  # 401 or 403 from a hub
    NOT_FINITE = "not_finite"  # NaN or infinity in a log-likelihood
    DEGENERATE = "degenerate"  # constant answers, or none that could be read
    LOCK_MISMATCH = "lock_mismatch"  # the task or its documents are not those that the suite locks
    NO_CHAT_TEMPLATE = "no_chat_template"  # the protocol asks for one and the tokenizer has none


REMEDIES: dict[Reason, str] = {
    Reason.INFRASTRUCTURE: "nothing: it is tried again, three times a night and six in all; then `standings retry`",
    Reason.TOO_LARGE: "give it a machine with more memory, or with more room for weights where that is what it lacks",
    Reason.UNSUPPORTED: "upgrade the worker's engine; or give the variant `exceptions`, and run `standings retry`",
    Reason.GATED: "accept the terms on the model's page and set HF_TOKEN",
    Reason.NOT_FINITE: "check the weights and the dtype; a new revision is asked again",
    Reason.DEGENERATE: "look at `standings samples`; a new revision, epoch or protocol is asked again",
    Reason.LOCK_MISMATCH: "run `standings suite lock` and review what changed",
    Reason.NO_CHAT_TEMPLATE: "declare the model's kind as base, or give the suite a protocol without a template",
}
