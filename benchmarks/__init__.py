"""Measure what is claimed, as commands anyone can run."""
