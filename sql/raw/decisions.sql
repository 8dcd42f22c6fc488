-- One row is one act of an operator.
FROM lake.decisions
