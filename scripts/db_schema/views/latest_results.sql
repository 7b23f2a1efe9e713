CREATE OR REPLACE VIEW latest_results AS
SELECT DISTINCT ON (result.strategy_id, tested.combination, result.backtest_start, result.backtest_end)
    result.id,
    result.strategy_id
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
CROSS JOIN LATERAL tested_combination(
    runs.optimization_type, result.parameters, result.combination, result.backtest_id
) AS tested (combination)
ORDER BY
    result.strategy_id,
    tested.combination,
    result.backtest_start,
    result.backtest_end,
    result.status = 'failed',
    result.meets_criteria IS NULL,  -- a run without criteria erases no verdict
    result.id DESC;

COMMENT ON VIEW latest_results IS
    'The results that figures over several runs count: of each combination of a strategy and period the newest that '
    'did not fail and was judged, else the newest that did not fail, else the newest';
COMMENT ON COLUMN latest_results.id IS 'Number of the result in backtest_results';
COMMENT ON COLUMN latest_results.strategy_id IS 'The strategy that was tested';
