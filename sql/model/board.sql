-- One row is a model of a suite, ranked among all models of the suite.
-- place: rank, with ties broken by the model's id; no two models share one; null where it is not ranked
-- assert unique: suite, model
-- assert rows: index IS NULL OR index_lo IS NULL OR (index_lo <= index AND index <= index_hi)
-- assert rows: rank IS NULL OR rank BETWEEN rank_from AND rank_to
SELECT board.*, CASE WHEN board.index IS NOT NULL
  THEN row_number() OVER (PARTITION BY board.suite ORDER BY board.index DESC NULLS LAST, board.model) END AS place
FROM model.slice() AS board
