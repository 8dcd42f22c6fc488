-- One row is a model of a suite, ranked among all of the suite's models; those that lack a benchmark follow unranked.
-- assert unique: suite, model
-- assert rows: (rank IS NULL) = (covered < benchmarks)
SELECT board.* EXCLUDE (place), tier.tier
FROM model.board AS board LEFT JOIN stats.tier AS tier ON tier.suite = board.suite AND tier.model = board.model
ORDER BY board.suite, board.place NULLS LAST, board.covered DESC, board.model
