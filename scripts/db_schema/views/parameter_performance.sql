CREATE VIEW parameter_performance AS
WITH tried AS (
    SELECT
        result.strategy_id,
        parameter.key AS parameter,
        canonical_value(parameter.value) AS value,
        result.sharpe_ratio,
        result.total_return,
        result.max_drawdown,
        result.fee_pct,
        result.meets_criteria
    FROM latest_results
    INNER JOIN backtest_results AS result ON result.id = latest_results.id
    CROSS JOIN LATERAL jsonb_each_text(result.parameters) AS parameter
    -- The days of a backtest are no parameter of its strategy.
    WHERE result.status = 'completed' AND result.total_trades > 0 AND parameter.key NOT IN ('start_date', 'end_date')
),
grouped AS (
    SELECT
        strategy_id,
        parameter,
        value,
        count(*) AS backtests,
        count(*) FILTER (WHERE meets_criteria) AS passed,
        avg(sharpe_ratio) AS avg_sharpe,
        max(sharpe_ratio) AS best_sharpe,
        avg(total_return) AS avg_total_return,
        avg(max_drawdown) AS avg_max_drawdown,
        avg(fee_pct) AS avg_fee_pct,
        count(*) OVER (PARTITION BY strategy_id, parameter) AS values_tried
    FROM tried
    GROUP BY strategy_id, parameter, value
)
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
FROM grouped
INNER JOIN strategies ON strategies.id = grouped.strategy_id
WHERE grouped.values_tried > 1
ORDER BY
    strategy,
    parameter,
    CASE WHEN grouped.value ~ '^-?[0-9]+([.][0-9]+)?$' THEN grouped.value::numeric END,
    value;

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
