-- Columns of the benchmark and the target.
ALTER TABLE IF EXISTS backtest_results
    ADD COLUMN IF NOT EXISTS excess_return numeric,
    ADD COLUMN IF NOT EXISTS daily_sharpe_ratio numeric,
    ADD COLUMN IF NOT EXISTS target_value numeric;
ALTER TABLE IF EXISTS optimization_runs ADD COLUMN IF NOT EXISTS benchmark text;
