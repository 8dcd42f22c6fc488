-- One row is one version of a number that somebody else published or measured.
FROM lake.reported
