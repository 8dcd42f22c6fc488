-- One row is one metric of one (sub)task of an admitted run.
SELECT score.* FROM lake.scores AS score SEMI JOIN raw.run AS run ON run.run_id = score.run_id
