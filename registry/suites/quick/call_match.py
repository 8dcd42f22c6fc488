"""Hand lm-eval the metric of `call`. The suite's lock covers the file that the function stands in, not this one."""

from standings.quick.call_match import process_results

__all__ = ["process_results"]
