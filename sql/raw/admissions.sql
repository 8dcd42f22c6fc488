-- One row is one look of the gate at one run.
FROM lake.admissions
