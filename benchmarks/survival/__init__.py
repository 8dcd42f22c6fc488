"""Kill, starve and mislead what writes to a lake, and count what was acknowledged, lost, doubled and torn."""
