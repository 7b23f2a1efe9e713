CREATE VIEW near_misses AS
SELECT
    strategies.name AS strategy,
    result.optimization_run_id,
    result.id AS backtest_result_id,
    result.parameters,
    furthest.criterion,
    furthest.value,
    furthest."limit",
    result.miss_distance AS distance,
    result.rejection_reasons,
    result.target_value,
    result.sharpe_ratio
FROM backtest_results AS result
INNER JOIN strategies ON strategies.id = result.strategy_id
CROSS JOIN LATERAL (
    SELECT criterion, value, "limit"
    FROM rejections
    WHERE rejections.backtest_id = result.id
    ORDER BY rejections.distance DESC, position
    LIMIT 1
) AS furthest
WHERE
    result.miss_distance <= 0.2
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
