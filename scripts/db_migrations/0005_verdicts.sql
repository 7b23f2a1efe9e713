-- LEAN's optimum beside ours, the value of the target, and runs that can move to another strategy with their results.

ALTER TABLE IF EXISTS optimization_runs
    ADD COLUMN IF NOT EXISTS lean_best_backtest_id text,
    ADD COLUMN IF NOT EXISTS best_backtest_id text;

ALTER TABLE IF EXISTS backtest_results
    ADD COLUMN IF NOT EXISTS target_value numeric,
    DROP CONSTRAINT IF EXISTS backtest_results_run_fkey,
    ADD CONSTRAINT backtest_results_run_fkey FOREIGN KEY (optimization_run_id, strategy_id)
        REFERENCES optimization_runs (id, strategy_id) ON UPDATE CASCADE ON DELETE CASCADE;
