-- One row is a model of the registry that the hub was asked about in the daily look (flows/track_adoption.py), with its
--   newest numbers and what they were a week and a month before. Numbers of a model that is gone are null. A change is
--   null where no day from 7 to 9 (30 to 36) days earlier was observed, so that a change is never of another span.
--   Derivatives come one model a request, so that theirs may be up to 6 days older than the rest.
--   Downloads by origin: `SELECT origin, sum(share) FROM leaderboard.adoption GROUP BY origin`.
-- day: UTC day of the newest look
-- gone: the hub has it no more, or shows it to nobody who asks
-- gated: terms must be accepted before a file is given
-- downloads: downloads in the 30 days before, as the hub counts them
-- downloads_change_7: what `downloads` is more than it was a week before; below 0 where it fell
-- downloads_change_30: what `downloads` is more than it was 30 days before
-- downloads_all: downloads since the repository was made
-- downloads_in_7: downloads since the look a week before
-- downloads_in_30: downloads since the look 30 days before
-- share [share]: its part of the 30 days' downloads of all models here; sums to 1
-- likes_change_7: likes won or lost since a week before
-- likes_change_30: likes won or lost since 30 days before
-- derivatives: models on the hub that say that they were made of it
-- finetunes: of them, finetunes
-- quantisations: of them, quantisations
-- adapters: of them, adapters
-- merges: of them, merges
-- derivatives_change_7: derivatives more than a week before
-- derivatives_change_30: derivatives more than 30 days before
-- first_day: UTC day of the first look
-- assert unique: model
-- assert not null: day
-- assert between 0 and 1: share
-- assert rows: NOT gone OR downloads IS NULL
WITH look AS (
  SELECT *, CASE WHEN derivatives IS NOT NULL THEN coalesce(list_sum(map_values(derivatives)), 0) END AS derived
  FROM raw.hub_observations WHERE source = 'adoption'
  QUALIFY row_number() OVER (PARTITION BY model, day ORDER BY known_from DESC) = 1
), newest AS (
  SELECT *, min(day) OVER (PARTITION BY model) AS first_day
  FROM look QUALIFY row_number() OVER (PARTITION BY model ORDER BY day DESC) = 1
), before AS (
  SELECT newest.model, arg_max(look, look.day) FILTER (look.day BETWEEN newest.day - 9 AND newest.day - 7) AS week,
    arg_max(look, look.day) FILTER (look.day BETWEEN newest.day - 36 AND newest.day - 30) AS month
  FROM newest JOIN look ON look.model = newest.model GROUP BY newest.model
), family AS (
  SELECT newest.model, arg_max(look, look.day) FILTER (look.day > newest.day - 7) AS now,
    arg_max(look, look.day) FILTER (look.day BETWEEN newest.day - 14 AND newest.day - 7) AS week,
    arg_max(look, look.day) FILTER (look.day BETWEEN newest.day - 37 AND newest.day - 30) AS month
  FROM newest JOIN look ON look.model = newest.model AND look.derived IS NOT NULL
  WHERE NOT newest.gone GROUP BY newest.model
)
SELECT entry.model, entry.name, entry.organisation, entry.origin, entry.licence_class, entry.access, newest.day,
  newest.gone, newest.gated, newest.downloads, newest.downloads - before.week.downloads AS downloads_change_7,
  newest.downloads - before.month.downloads AS downloads_change_30, newest.downloads_all,
  newest.downloads_all - before.week.downloads_all AS downloads_in_7,
  newest.downloads_all - before.month.downloads_all AS downloads_in_30,
  newest.downloads / nullif(sum(newest.downloads) OVER (), 0) AS share,
  newest.likes, newest.likes - before.week.likes AS likes_change_7, newest.likes - before.month.likes AS likes_change_30,
  family.now.derived::BIGINT AS derivatives, family.now.derivatives['finetune'] AS finetunes,
  family.now.derivatives['quantized'] AS quantisations, family.now.derivatives['adapter'] AS adapters,
  family.now.derivatives['merge'] AS merges, (family.now.derived - family.week.derived)::BIGINT AS derivatives_change_7,
  (family.now.derived - family.month.derived)::BIGINT AS derivatives_change_30, newest.first_day, newest.revision
FROM newest
JOIN before ON before.model = newest.model
LEFT JOIN family ON family.model = newest.model
JOIN model.entry AS entry ON entry.model = newest.model AND entry.is_primary
ORDER BY newest.downloads DESC NULLS LAST, entry.model
