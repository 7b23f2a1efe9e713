CREATE VIEW parameter_performance AS
SELECT
    strategies.name AS strategy,
    grouped.parameter,
    grouped.value,
    grouped.backtests,
    grouped.passed,
    round(grouped.avg_sharpe, 4) AS avg_sharpe,
    grouped.best_sharpe,
    round(grouped.avg_total_return, 4) AS avg_total_return,
    round(grouped.avg_max_drawdown, 4) AS avg_max_drawdown,
    round(grouped.avg_fee_pct, 4) AS avg_fee_pct
FROM strategies
-- One strategy after the other, so that who asks for one unpacks the parameters of that one alone.
CROSS JOIN LATERAL (
    SELECT
        parameter.key AS parameter,
        canonical_value(parameter.value) AS value,
        count(*) AS backtests,
        count(*) FILTER (WHERE result.meets_criteria) AS passed,
        avg(result.sharpe_ratio) AS avg_sharpe,
        max(result.sharpe_ratio) AS best_sharpe,
        avg(result.total_return) AS avg_total_return,
        avg(result.max_drawdown) AS avg_max_drawdown,
        avg(result.fee_pct) AS avg_fee_pct,
        count(*) OVER (PARTITION BY parameter.key) AS values_tried
    FROM latest_results
    INNER JOIN backtest_results AS result ON result.id = latest_results.id
    CROSS JOIN LATERAL jsonb_each_text(result.parameters) AS parameter
    WHERE
        latest_results.strategy_id = strategies.id
        AND result.status = 'completed'
        AND result.total_trades > 0
        -- The days of a backtest are no parameter of its strategy.
        AND parameter.key NOT IN ('start_date', 'end_date')
    GROUP BY parameter.key, canonical_value(parameter.value)
) AS grouped
WHERE grouped.values_tried > 1;

COMMENT ON VIEW parameter_performance IS
    'Which parameter matters? How each value of each varied parameter did, over backtests that did not fail and made a trade; a combination '
    'counts once';
COMMENT ON COLUMN parameter_performance.strategy IS 'Name of the strategy';
COMMENT ON COLUMN parameter_performance.parameter IS 'Name of the parameter';
COMMENT ON COLUMN parameter_performance.value IS 'Its value; 30 and 30.0 are the same';
COMMENT ON COLUMN parameter_performance.backtests IS 'Backtests with this value';
COMMENT ON COLUMN parameter_performance.passed IS 'Backtests that met the criteria';
COMMENT ON COLUMN parameter_performance.avg_sharpe IS 'Average Sharpe ratio';
COMMENT ON COLUMN parameter_performance.best_sharpe IS 'Best Sharpe ratio';
COMMENT ON COLUMN parameter_performance.avg_total_return IS 'Average total return, a fraction';
COMMENT ON COLUMN parameter_performance.avg_max_drawdown IS 'Average largest drawdown, a fraction';
COMMENT ON COLUMN parameter_performance.avg_fee_pct IS 'Average fees as a fraction of the starting capital';
