CREATE VIEW near_misses AS
SELECT
    strategies.name AS strategy,
    result.optimization_run_id,
    result.id AS backtest_result_id,
    result.parameters,
    against.criterion,
    against.value,
    against."limit",
    against.distance,
    result.rejection_reasons,
    result.target_value,
    result.sharpe_ratio
FROM rejections AS against
INNER JOIN backtest_results AS result ON result.id = against.backtest_id
INNER JOIN strategies ON strategies.id = result.strategy_id
WHERE
    against.distance <= 0.2
    -- The furthest of its reasons, and none that cannot be measured.
    AND NOT EXISTS (
        SELECT FROM rejections AS other
        WHERE
            other.backtest_id = against.backtest_id
            AND (
                other.distance IS NULL
                OR (other.distance, other.position) > (against.distance, against.position)
            )
    )
    AND EXISTS (SELECT FROM latest_results WHERE latest_results.id = result.id);

COMMENT ON VIEW near_misses IS
    'How close was it? Backtests that miss each limit by at most a fifth of it; a combination counts once';
COMMENT ON COLUMN near_misses.strategy IS 'Name of the strategy';
COMMENT ON COLUMN near_misses.optimization_run_id IS 'The run';
COMMENT ON COLUMN near_misses.backtest_result_id IS 'The row in backtest_results';
COMMENT ON COLUMN near_misses.parameters IS 'Parameters of the backtest';
COMMENT ON COLUMN near_misses.criterion IS 'The criterion or constraint that it misses by most';
COMMENT ON COLUMN near_misses.value IS 'What the backtest has, in the unit of the figure';
COMMENT ON COLUMN near_misses."limit" IS 'What the config asks for, in the same unit';
COMMENT ON COLUMN near_misses.distance IS 'How far the value is from the limit, as a fraction of the limit';
COMMENT ON COLUMN near_misses.rejection_reasons IS 'Every reason why it does not pass, in words';
COMMENT ON COLUMN near_misses.target_value IS 'The target metric, as LEAN''s optimizer compares it';
COMMENT ON COLUMN near_misses.sharpe_ratio IS 'Annualised Sharpe ratio, LEAN''s';
