-- One row is a primary variant that holds the board back from a benchmark's newest version: it counts in the version
-- shown, is in the registry, and has neither a run that counts nor a final failure in the newest one.
-- assert unique: suite, benchmark, model, variant
SELECT shown.suite, shown.benchmark, entry.model, entry.variant
FROM model.shown_epoch AS shown
JOIN model.moment AS moment USING (suite, benchmark)
JOIN model.entry AS entry USING (model, variant)
WHERE entry.is_primary AND shown.benchmark_id <> shown.newest_benchmark_id
GROUP BY ALL
HAVING sum(moment.counted) FILTER (moment.benchmark_id = shown.benchmark_id) > 0
  AND coalesce(sum(moment.settled) FILTER (moment.benchmark_id = shown.newest_benchmark_id), 0) <= 0
