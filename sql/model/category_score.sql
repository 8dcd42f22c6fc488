-- One row is a model's score in a category of a suite: the mean over its benchmarks, and the interval of that mean.
-- The interval is recovered from those of the benchmarks (MOVER: Zou and Donner, Statistics in Medicine 27, 2008), whose
-- items are independent: the squared distances from score to bound add up.
-- benchmarks: benchmarks that the suite has in the category
-- covered: how many of them the model has a score in
-- score [points]: mean of the normalised scores, over those covered
-- below [points squared]: squared distance from score to the lower end; null where a benchmark has no interval
-- above [points squared]: squared distance from the upper end to score
-- missing: benchmarks without a score
-- suspect: cells whose run is ruled suspect
-- superseded: cells for which something newer is asked and not there yet
-- assert unique: suite, category, model
SELECT contender.suite, benchmark.category, contender.model,
  count(*) AS benchmarks, count(cell.normalised) AS covered,
  -- Rounded, so that sums which are equal on paper tie; averaged as decimals, so that no thread's order shows.
  round(avg(cell.normalised::DECIMAL(18, 12)), 10) AS score,
  CASE WHEN count(cell.normalised_lo) = count(cell.normalised) THEN
    sum(((cell.normalised - cell.normalised_lo) ** 2)::DECIMAL(28, 12))::DOUBLE / count(cell.normalised) ** 2
  END AS below,
  CASE WHEN count(cell.normalised_hi) = count(cell.normalised) THEN
    sum(((cell.normalised_hi - cell.normalised) ** 2)::DECIMAL(28, 12))::DOUBLE / count(cell.normalised) ** 2
  END AS above,
  coalesce(list(benchmark.benchmark ORDER BY benchmark.benchmark) FILTER (cell.normalised IS NULL), []) AS missing,
  count(*) FILTER (cell.suspect) AS suspect, count(*) FILTER (cell.superseded) AS superseded
FROM model.contender AS contender
JOIN model.benchmark AS benchmark ON benchmark.suite = contender.suite
LEFT JOIN model.cell AS cell ON cell.suite = contender.suite AND cell.model = contender.model
  AND cell.benchmark = benchmark.benchmark
GROUP BY contender.suite, benchmark.category, contender.model
