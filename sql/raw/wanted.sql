-- One row is one version of a cell that the registry and a suite ask for, or can't and why.
FROM lake.wanted
