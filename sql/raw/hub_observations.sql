-- One row is what a hub said of one model on one day.
FROM lake.hub_observations
