"""Fetch, verify and convert the weights of a model, in a bounded cache."""

from tasks.weights.cache import Cache
from tasks.weights.errors import NoRepository, NoRoom, NotLoadable, NotReady, NoWeights
from tasks.weights.fetch import fetch
from tasks.weights.ready import prepare

__all__ = ["Cache", "NoRepository", "NoRoom", "NoWeights", "NotLoadable", "NotReady", "fetch", "prepare"]
