-- How LEAN was run, and what of it was compared. Older runs all had a process of LEAN's for each backtest, but those of
-- other programs may have had anything.

ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS engine text;
ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS engine_checked integer NOT NULL DEFAULT 0;
ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS engine_note text;
ALTER TABLE IF EXISTS optimization_runs DROP CONSTRAINT IF EXISTS optimization_runs_engine_check;
ALTER TABLE IF EXISTS optimization_runs
    ADD CONSTRAINT optimization_runs_engine_check CHECK (engine IN ('warm', 'cold'));
