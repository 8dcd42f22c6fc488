"""Fetch, verify and convert the weights of a model."""

from tasks.weights.fetch import NoWeights, fetch
from tasks.weights.ready import prepare

__all__ = ["NoWeights", "fetch", "prepare"]
