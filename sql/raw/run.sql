-- One row is a run that the gate admitted. A run without an admission, or one that was set aside, is not read.
-- admitted_seq: place in the gate's log, the only clock that decides which run counts
-- assert unique: run_id
WITH admitted AS (
  SELECT run_id, min(admitted_seq) AS admitted_seq, min(admitted_at) AS admitted_at
  FROM lake.admissions WHERE fault IS NULL GROUP BY run_id
)
SELECT run.*, admitted.admitted_seq, admitted.admitted_at
FROM lake.run AS run JOIN admitted ON admitted.run_id = run.run_id
