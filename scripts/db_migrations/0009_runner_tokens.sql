-- Which process owns a run, in a way that no step of a clock changes; of runs that run now nobody can say it afterwards.

ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS runner_token text;
