-- One row is one ruling on one run.
FROM lake.verdicts
