"""Name the ways in which asking a model can fail for good."""


class NotFinite(Exception):  # it names what was found, as the run's reason `not_finite` does
    """A log-likelihood came out as NaN or infinite: the weights or the precision are broken, not the benchmark."""


class LockMismatch(Exception):  # named as the run's reason `lock_mismatch`
    """A task or its documents are not those that the suite locks."""


class NoChatTemplate(Exception):  # named as the run's reason `no_chat_template`
    """The protocol asks for a chat template and the tokenizer has none."""


class UnknownTask(LookupError):
    """The suite names a task that the harness does not have."""


class NoData(LookupError):  # the run's reason is `gated`: a hub says of both that it may be the one or the other
    """The hub does not have a benchmark's data set, or does not give it."""


class Unsupported(Exception):  # named as the run's reason `unsupported`
    """The worker can't ask this model so: its context or its template does not allow it."""
