"""Name the formats that can be read; apart from the readers, so that the command line starts without them."""

from enum import StrEnum


class Format(StrEnum):
    """What can be read."""

    LM_EVAL = "lm-eval"
    EVAL_EVER = "every-eval-ever"
    HUB = "hub-eval-results"
    TIDY = "tidy"
    AIDER = "aider"
