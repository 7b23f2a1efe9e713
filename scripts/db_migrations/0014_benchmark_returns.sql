-- The daily returns of what a run is compared with. Older rows get them when their runs are imported or judged again.

ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS benchmark_returns bytea;
