"""Nights end to end on this machine: real server, workers, object store and harness, tiny models, things that die."""
