CREATE VIEW parameter_performance AS
WITH known AS (
    SELECT * FROM strategy_parameters
    UNION ALL
    SELECT strategies.id, now_is.*
    FROM strategies
    CROSS JOIN LATERAL parameters_of_strategy(strategies.id) AS now_is
    WHERE strategies.id NOT IN (SELECT strategy_id FROM strategy_standings)
)
SELECT
    strategies.name AS strategy,
    known.parameter,
    known.value,
    known.backtests,
    known.passed,
    round(known.avg_sharpe, 4) AS avg_sharpe,
    known.best_sharpe,
    round(known.avg_total_return, 4) AS avg_total_return,
    round(known.avg_max_drawdown, 4) AS avg_max_drawdown,
    round(known.avg_fee_pct, 4) AS avg_fee_pct
FROM known
INNER JOIN strategies ON strategies.id = known.strategy_id;

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
