-- The daily returns of what a run is compared with, and the test against them. Older rows get both when their runs are
-- imported or judged again.

ALTER TABLE IF EXISTS optimization_runs
    ADD COLUMN IF NOT EXISTS benchmark_returns bytea,
    ADD COLUMN IF NOT EXISTS spa_p numeric;
