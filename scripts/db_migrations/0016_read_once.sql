-- By what a backtest is known to be read already, and what was read of it that has no column.
ALTER TABLE IF EXISTS backtest_results ADD COLUMN IF NOT EXISTS source_signs text;
ALTER TABLE IF EXISTS backtest_results ADD COLUMN IF NOT EXISTS also_read jsonb;
ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS luck_signs text;
ALTER TABLE IF EXISTS strategies ADD COLUMN IF NOT EXISTS luck_signs text;
