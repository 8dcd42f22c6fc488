"""Drive lm-evaluation-harness: the only folder that imports it."""
