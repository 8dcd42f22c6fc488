-- One row is a variant on a suite's board, and which of its ids is shown: a new revision replaces the old one's row as
-- soon as it has a run that counts or a final failure in every benchmark, as the board shows it, where the old one counts.
-- variant_id: hash of what is shown
-- superseded: a newer revision is being evaluated and does not yet cover what this one covers
-- assert unique: suite, model, variant
WITH RECURSIVE begun AS (
  SELECT suite, model, variant, variant_id, known_from AS since
  FROM (SELECT DISTINCT suite, model, variant, variant_id, known_from FROM raw.wanted WHERE NOT removed)
  WHERE variant_id IS NOT NULL
  QUALIFY variant_id IS DISTINCT FROM lag(variant_id) OVER (
    PARTITION BY suite, model, variant ORDER BY known_from, variant_id
  )
), turn AS (
  SELECT *, row_number() OVER turns AS place, coalesce(lead(since) OVER turns, 'infinity'::TIMESTAMPTZ) AS until
  FROM begun WINDOW turns AS (PARTITION BY suite, model, variant ORDER BY since, variant_id)
), moment AS (
  SELECT moment.* FROM model.moment AS moment SEMI JOIN model.benchmark AS shown USING (suite, benchmark, benchmark_id)
), shown AS (
  SELECT suite, model, variant, place, variant_id FROM turn WHERE place = 1
  UNION ALL
  (
    WITH pair AS (
      SELECT turn.*, shown.variant_id AS old
      FROM shown JOIN turn ON turn.suite = shown.suite AND turn.model = shown.model AND turn.variant = shown.variant
        AND turn.place = shown.place + 1
    ), step AS (
      SELECT pair.suite, pair.model, pair.variant, moment.benchmark, moment.instant,
        sum(moment.counted * (moment.variant_id = pair.old)::INT) AS counted,
        sum(moment.settled * (moment.variant_id = pair.variant_id)::INT) AS settled
      FROM pair JOIN moment ON moment.suite = pair.suite AND moment.model = pair.model
        AND moment.variant = pair.variant AND moment.variant_id IN (pair.old, pair.variant_id)
      GROUP BY ALL
    ), state AS (
      SELECT *, sum(counted) OVER so_far > 0 AND sum(settled) OVER so_far <= 0 AS holds
      FROM step WINDOW so_far AS (PARTITION BY suite, model, variant, benchmark ORDER BY instant)
    ), change AS (
      SELECT suite, model, variant, instant, holds::INT - coalesce(lag(holds::INT) OVER (
        PARTITION BY suite, model, variant, benchmark ORDER BY instant
      ), 0) AS holders
      FROM state
      UNION ALL SELECT suite, model, variant, '-infinity'::TIMESTAMPTZ, 0 FROM pair
    ), total AS (
      SELECT suite, model, variant, instant, sum(holders) AS holders FROM change GROUP BY ALL
    ), crowd AS (
      SELECT suite, model, variant, instant, sum(holders) OVER times AS holders,
        coalesce(lead(instant) OVER times, 'infinity'::TIMESTAMPTZ) AS until
      FROM total WINDOW times AS (PARTITION BY suite, model, variant ORDER BY instant)
    )
    SELECT pair.suite, pair.model, pair.variant, pair.place,
      CASE WHEN bool_or(crowd.holders = 0 AND crowd.instant < pair.until AND crowd.until > pair.since)
        THEN pair.variant_id ELSE pair.old END
    FROM pair JOIN crowd USING (suite, model, variant)
    GROUP BY pair.suite, pair.model, pair.variant, pair.place, pair.variant_id, pair.old
  )
)
SELECT shown.suite, shown.model, shown.variant, arg_max(shown.variant_id, shown.place) AS variant_id,
  arg_max(shown.variant_id, shown.place) <> arg_max(turn.variant_id, turn.place) AS superseded
FROM shown JOIN turn USING (suite, model, variant, place)
GROUP BY shown.suite, shown.model, shown.variant
