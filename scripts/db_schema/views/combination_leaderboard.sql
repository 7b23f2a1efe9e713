CREATE VIEW combination_leaderboard AS
SELECT
    strategies.name AS strategy,
    result.optimization_run_id,
    result.id AS backtest_result_id,
    result.parameters,
    result.meets_criteria,
    result.backtest_start,
    result.backtest_end,
    runs.target_metric,
    result.target_value,
    result.sharpe_ratio,
    result.daily_sharpe_ratio,
    result.deflated_sharpe,
    result.compounding_annual_return AS annual_return,
    result.excess_return,
    result.max_drawdown,
    result.total_trades,
    result.total_fees,
    result.fee_pct,
    result.net_profit,
    result.plateau,
    result.on_edge,
    result.rejection_reasons
FROM latest_results
INNER JOIN backtest_results AS result ON result.id = latest_results.id
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
INNER JOIN strategies
    ON
        strategies.id = result.strategy_id
        -- The same once more, so that PostgreSQL expects few results of a strategy, and sorts these: else it looks
        -- through those of all strategies, the best first, for seconds where the strategy's are among the last.
        AND strategies.id = coalesce(result.strategy_id, 0)
WHERE result.status = 'completed' AND result.total_trades > 0;

COMMENT ON VIEW combination_leaderboard IS
    'Which combinations are worth money? Each that did not fail and made a trade, once, by its latest result; sort it '
    'by sharpe_ratio DESC NULLS LAST and take a few';
COMMENT ON COLUMN combination_leaderboard.strategy IS 'Name of the strategy';
COMMENT ON COLUMN combination_leaderboard.optimization_run_id IS 'Number of the run that has the result';
COMMENT ON COLUMN combination_leaderboard.backtest_result_id IS 'Number of the result';
COMMENT ON COLUMN combination_leaderboard.parameters IS 'Parameters by name';
COMMENT ON COLUMN combination_leaderboard.meets_criteria IS 'Whether it passes; NULL where nothing was judged';
COMMENT ON COLUMN combination_leaderboard.backtest_start IS 'First day of the backtest';
COMMENT ON COLUMN combination_leaderboard.backtest_end IS 'Its last day';
COMMENT ON COLUMN combination_leaderboard.target_metric IS 'What its run optimised';
COMMENT ON COLUMN combination_leaderboard.target_value IS 'Its value of that metric, as LEAN''s optimizer sees it';
COMMENT ON COLUMN combination_leaderboard.sharpe_ratio IS 'Its Sharpe ratio, LEAN''s';
COMMENT ON COLUMN combination_leaderboard.daily_sharpe_ratio IS 'Its Sharpe ratio of trading days, annual';
COMMENT ON COLUMN combination_leaderboard.deflated_sharpe IS
    'Probability that its true Sharpe ratio is above what luck gives the best of all trials, a fraction';
COMMENT ON COLUMN combination_leaderboard.annual_return IS 'Its compounding annual return, a fraction';
COMMENT ON COLUMN combination_leaderboard.excess_return IS
    'Its annual return above that of buying and holding the benchmark, a fraction';
COMMENT ON COLUMN combination_leaderboard.max_drawdown IS 'Its largest drawdown, a positive fraction';
COMMENT ON COLUMN combination_leaderboard.total_trades IS 'Its closed round trips';
COMMENT ON COLUMN combination_leaderboard.total_fees IS 'Its fees, dollars';
COMMENT ON COLUMN combination_leaderboard.fee_pct IS 'Its fees as a fraction of the starting capital';
COMMENT ON COLUMN combination_leaderboard.net_profit IS 'Its net profit, dollars';
COMMENT ON COLUMN combination_leaderboard.plateau IS
    'Median target of the combinations one step away / its own; NULL where that is not above 0';
COMMENT ON COLUMN combination_leaderboard.on_edge IS
    'Whether a parameter of three or more values has its first or last one in the run';
COMMENT ON COLUMN combination_leaderboard.rejection_reasons IS 'Every reason why it does not pass';
