-- One row is a benchmark that a suite asks now, and the version of it that the board shows for all models at once.
-- The board flips to a version as soon as, while it is the one asked, every primary variant that counts in the version
-- shown has a run that counts or a final failure in it, can't be asked, or is out of the registry; or an operator
-- decides, which flips at once. A model that is new since the bump counts in no shown version and holds nothing back.
-- benchmark_id: version shown
-- assert unique: suite, benchmark
WITH RECURSIVE registered AS (
  SELECT model, variant, known_from AS instant, (is_primary AND NOT removed)::INT AS now,
    now - coalesce(lag(now) OVER (PARTITION BY model, variant ORDER BY known_from, valid_from), 0) AS listed
  FROM raw.models
), moment AS (
  SELECT suite, benchmark, benchmark_id, model, variant, instant, counted, settled, 0 AS listed FROM model.moment
  UNION ALL
  SELECT cell.suite, cell.benchmark, NULL, cell.model, cell.variant, registered.instant, 0, 0, registered.listed
  FROM (SELECT DISTINCT suite, benchmark, model, variant FROM model.moment) AS cell
  JOIN registered USING (model, variant)
), shown AS (
  SELECT suite, benchmark, place, benchmark_id FROM model.benchmark_turn WHERE place = 1
  UNION ALL
  (
    WITH pair AS (
      SELECT turn.*, shown.benchmark_id AS old
      FROM shown JOIN model.benchmark_turn AS turn ON turn.suite = shown.suite AND turn.benchmark = shown.benchmark
        AND turn.place = shown.place + 1
    ), step AS (
      SELECT pair.suite, pair.benchmark, moment.model, moment.variant, moment.instant, sum(moment.listed) AS listed,
        sum(moment.counted * (moment.benchmark_id IS NOT DISTINCT FROM pair.old)::INT) AS counted,
        sum(moment.settled * (moment.benchmark_id IS NOT DISTINCT FROM pair.benchmark_id)::INT) AS settled
      FROM pair JOIN moment ON moment.suite = pair.suite AND moment.benchmark = pair.benchmark
        AND (moment.benchmark_id IS NULL OR moment.benchmark_id IN (pair.old, pair.benchmark_id))
      GROUP BY ALL
    ), state AS (
      SELECT *, sum(listed) OVER so_far > 0 AND sum(counted) OVER so_far > 0 AND sum(settled) OVER so_far <= 0 AS holds
      FROM step WINDOW so_far AS (PARTITION BY suite, benchmark, model, variant ORDER BY instant)
    ), change AS (
      SELECT suite, benchmark, instant, holds::INT - coalesce(lag(holds::INT) OVER (
        PARTITION BY suite, benchmark, model, variant ORDER BY instant
      ), 0) AS holders
      FROM state
      UNION ALL SELECT suite, benchmark, '-infinity'::TIMESTAMPTZ, 0 FROM pair
    ), total AS (
      SELECT suite, benchmark, instant, sum(holders) AS holders FROM change GROUP BY ALL
    ), crowd AS (
      SELECT suite, benchmark, instant, sum(holders) OVER times AS holders,
        coalesce(lead(instant) OVER times, 'infinity'::TIMESTAMPTZ) AS until
      FROM total WINDOW times AS (PARTITION BY suite, benchmark ORDER BY instant)
    )
    SELECT pair.suite, pair.benchmark, pair.place,
      CASE WHEN pair.decided OR bool_or(crowd.holders = 0 AND crowd.instant < pair.until AND crowd.until > pair.since)
        THEN pair.benchmark_id ELSE pair.old END
    FROM pair JOIN crowd USING (suite, benchmark)
    GROUP BY pair.suite, pair.benchmark, pair.place, pair.decided, pair.benchmark_id, pair.old
  )
), last AS (
  SELECT suite, benchmark, arg_max(benchmark_id, place) AS benchmark_id FROM shown GROUP BY ALL
)
SELECT newest.suite, newest.benchmark, last.benchmark_id, version.epoch, newest.benchmark_id AS newest_benchmark_id,
  newest.epoch AS newest_epoch
FROM model.benchmark_version AS newest
JOIN last USING (suite, benchmark)
JOIN model.benchmark_version AS version ON version.suite = last.suite AND version.benchmark = last.benchmark
  AND version.benchmark_id = last.benchmark_id
WHERE newest.newest
