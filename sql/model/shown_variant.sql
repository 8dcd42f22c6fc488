-- One row is a variant on a suite's board, and which of its ids is shown: a new revision replaces the old one's row
-- only when it has had a run or a final failure in every benchmark where the old one counts.
-- variant_id: hash of what is shown
-- superseded: a newer revision is being evaluated and does not yet cover what this one covers
-- assert unique: suite, model, variant
WITH known AS (
  SELECT suite, model, variant, variant_id, max(known_from) AS known_from
  FROM model.job_state WHERE variant_id IS NOT NULL GROUP BY ALL
), version AS (
  SELECT *, row_number() OVER variant_order AS place
  FROM known WINDOW variant_order AS (PARTITION BY suite, model, variant ORDER BY known_from, variant_id)
), cell AS (
  SELECT version.suite, version.model, version.variant, version.place, job.benchmark,
    bool_or(job.state = 'counted') AS counted, bool_or(job.settled) AS settled
  FROM version
  JOIN model.job_state AS job USING (suite, model, variant, variant_id)
  JOIN model.benchmark AS shown USING (suite, benchmark, benchmark_id)
  GROUP BY ALL
), held AS (
  SELECT DISTINCT newer.suite, newer.model, newer.variant, newer.place
  FROM version AS newer
  JOIN cell AS older ON older.suite = newer.suite AND older.model = newer.model AND older.variant = newer.variant
    AND older.counted AND older.place < newer.place
  ANTI JOIN cell AS done ON done.suite = newer.suite AND done.model = newer.model AND done.variant = newer.variant
    AND done.place = newer.place AND done.benchmark = older.benchmark AND done.settled
)
SELECT version.suite, version.model, version.variant, arg_max(version.variant_id, version.place) AS variant_id,
  max(version.place) < max(newest.place) AS superseded
FROM version
ANTI JOIN held USING (suite, model, variant, place)
JOIN version AS newest USING (suite, model, variant)
GROUP BY version.suite, version.model, version.variant
