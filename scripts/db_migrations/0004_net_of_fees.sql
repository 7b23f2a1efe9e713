-- Figures of closed trades after fees, buy-and-hold of the benchmark, and no alpha where there was no benchmark.
-- What stood under the names of the net figures were LEAN's own, before fees; an import again fills in the net ones.

ALTER TABLE IF EXISTS optimization_runs
    ADD COLUMN IF NOT EXISTS benchmark text,
    ADD COLUMN IF NOT EXISTS benchmark_return numeric,
    ADD COLUMN IF NOT EXISTS benchmark_annual_return numeric,
    ADD COLUMN IF NOT EXISTS benchmark_sharpe numeric,
    ADD COLUMN IF NOT EXISTS benchmark_max_drawdown numeric;

ALTER TABLE IF EXISTS backtest_results
    ADD COLUMN IF NOT EXISTS daily_sharpe_ratio numeric,
    ADD COLUMN IF NOT EXISTS excess_return numeric,
    ADD COLUMN IF NOT EXISTS time_under_water_days integer,
    ADD COLUMN IF NOT EXISTS gross_winning_trades integer,
    ADD COLUMN IF NOT EXISTS gross_losing_trades integer,
    ADD COLUMN IF NOT EXISTS gross_max_consecutive_losing_trades integer,
    ADD COLUMN IF NOT EXISTS gross_profit_factor numeric;

DO $$
BEGIN
    IF to_regclass('backtest_results') IS NOT NULL THEN
        UPDATE backtest_results
        SET
            gross_winning_trades = winning_trades,
            gross_losing_trades = losing_trades,
            gross_max_consecutive_losing_trades = max_consecutive_losing_trades,
            gross_profit_factor = profit_factor,
            winning_trades = NULL,
            losing_trades = NULL,
            max_consecutive_losing_trades = NULL,
            profit_factor = NULL;
        UPDATE backtest_results
        SET alpha = NULL, beta = NULL, information_ratio = NULL, tracking_error = NULL, treynor_ratio = NULL
        WHERE alpha = 0 AND beta = 0 AND treynor_ratio = 0;
    END IF;
END
$$;
