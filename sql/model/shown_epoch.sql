-- One row is a benchmark that a suite asks now, and the version of it that the board shows for all models at once.
-- The board flips to a newer version when every primary variant that counts in an older one has had a run or a final
-- failure in it, or was out of the registry since; an operator's flip_epoch flips at once. Both only ever grow, so that
-- the board never flips back. A model that is new since the bump counts in no older version and holds nothing back.
-- benchmark_id: version shown
-- waiting_for: primary variants that hold back the newest version; 0 where it is shown
-- assert unique: suite, benchmark
WITH forced AS (
  SELECT version.suite, version.benchmark, max(version.place) AS place
  FROM model.benchmark_version AS version
  JOIN raw.decisions AS decision ON decision.decision = 'flip_epoch'
    AND decision.target = version.suite || '/' || version.benchmark || '/' || version.epoch
  GROUP BY ALL
), primary_job AS (
  SELECT version.suite, version.benchmark, version.place, job.model, job.variant,
    bool_or(job.state = 'counted') AS counted, bool_or(job.settled) AS settled
  FROM model.job_state AS job
  JOIN model.benchmark_version AS version USING (suite, benchmark, benchmark_id)
  JOIN model.entry AS entry USING (model, variant)
  WHERE entry.is_primary GROUP BY ALL
), absence AS (
  SELECT model, variant, removed, coalesce(lead(known_from) OVER version, 'infinity'::TIMESTAMPTZ) AS until
  FROM raw.models WINDOW version AS (PARTITION BY model, variant ORDER BY known_from)
), held AS (
  SELECT newer.suite, newer.benchmark, newer.place, count(DISTINCT older.model) AS waiting_for
  FROM model.benchmark_version AS newer
  LEFT JOIN forced USING (suite, benchmark)
  JOIN primary_job AS older ON older.suite = newer.suite AND older.benchmark = newer.benchmark
    AND older.counted AND older.place < newer.place AND older.place >= coalesce(forced.place, 0)
  ANTI JOIN primary_job AS done ON done.suite = newer.suite AND done.benchmark = newer.benchmark
    AND done.place = newer.place AND done.model = older.model AND done.variant = older.variant AND done.settled
  ANTI JOIN absence ON absence.model = older.model AND absence.variant = older.variant
    AND absence.removed AND absence.until > newer.since
  GROUP BY ALL
), shown AS (
  SELECT version.suite, version.benchmark, max(version.place) AS place
  FROM model.benchmark_version AS version
  LEFT JOIN held USING (suite, benchmark, place)
  LEFT JOIN forced USING (suite, benchmark)
  WHERE held.waiting_for IS NULL OR version.place = forced.place
  GROUP BY ALL
)
SELECT newest.suite, newest.benchmark, version.benchmark_id, version.epoch,
  newest.benchmark_id AS newest_benchmark_id, newest.epoch AS newest_epoch, coalesce(held.waiting_for, 0) AS waiting_for
FROM model.benchmark_version AS newest
JOIN shown USING (suite, benchmark)
JOIN model.benchmark_version AS version ON version.suite = newest.suite AND version.benchmark = newest.benchmark
  AND version.place = shown.place
LEFT JOIN held ON held.suite = newest.suite AND held.benchmark = newest.benchmark AND held.place = newest.place
  AND version.place <> newest.place
WHERE newest.newest
