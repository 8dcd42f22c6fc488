"""Take out work that lm-eval does again for every document."""

from functools import lru_cache

import lm_eval.utils


def cache_templates() -> None:
    """Compile each Jinja template once a process instead of once a document (20 s against 0.4 on MMLU, 5 shots).

    Exact: lm-eval compiles all of them in one environment whose filters are fixed on import, so a template is a
    pure function of its source, and rendering makes a fresh context each time. Calling it again changes nothing.
    """
    environment = lm_eval.utils.env
    if not hasattr(environment.from_string, "cache_info"):
        environment.from_string = lru_cache(maxsize=4096)(environment.from_string)
