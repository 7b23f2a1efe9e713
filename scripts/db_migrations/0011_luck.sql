-- How much of a result may be luck. Older rows get these figures when their runs are imported or judged again.

ALTER TABLE IF EXISTS backtest_results
    ADD COLUMN IF NOT EXISTS daily_skewness numeric,
    ADD COLUMN IF NOT EXISTS daily_kurtosis numeric,
    ADD COLUMN IF NOT EXISTS psr numeric,
    ADD COLUMN IF NOT EXISTS min_track_record_years numeric,
    ADD COLUMN IF NOT EXISTS deflated_sharpe numeric,
    ADD COLUMN IF NOT EXISTS deflated_sharpe_independent numeric,
    ADD COLUMN IF NOT EXISTS plateau numeric,
    ADD COLUMN IF NOT EXISTS worst_step numeric,
    ADD COLUMN IF NOT EXISTS on_edge boolean,
    ADD COLUMN IF NOT EXISTS daily_sharpe_low numeric,
    ADD COLUMN IF NOT EXISTS daily_sharpe_high numeric;
ALTER TABLE IF EXISTS optimization_runs
    ADD COLUMN IF NOT EXISTS trials integer,
    ADD COLUMN IF NOT EXISTS independent_trials numeric,
    ADD COLUMN IF NOT EXISTS expected_best_sharpe numeric,
    ADD COLUMN IF NOT EXISTS min_backtest_years numeric,
    ADD COLUMN IF NOT EXISTS pbo numeric,
    ADD COLUMN IF NOT EXISTS pbo_loss numeric,
    ADD COLUMN IF NOT EXISTS pbo_degradation numeric,
    ADD COLUMN IF NOT EXISTS pbo_logits integer [];
