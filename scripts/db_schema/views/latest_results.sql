CREATE OR REPLACE VIEW latest_results AS
SELECT
    result.id,
    result.strategy_id
FROM backtest_results AS result
INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
-- Asked of each result, so that whoever looks at a few of them looks for rivals of these few only.
WHERE
    NOT EXISTS (
        SELECT
        FROM backtest_results AS other
        INNER JOIN optimization_runs AS other_runs ON other_runs.id = other.optimization_run_id
        WHERE
            other.strategy_id = result.strategy_id
            AND hashtextextended(coalesce(other.combination, ''), 0)
            = hashtextextended(coalesce(result.combination, ''), 0)
            AND tested_combination(
                other_runs.optimization_type, other.parameters, other.combination, other.backtest_id
            ) = tested_combination(
                runs.optimization_type, result.parameters, result.combination, result.backtest_id
            )
            AND other.backtest_start IS NOT DISTINCT FROM result.backtest_start
            AND other.backtest_end IS NOT DISTINCT FROM result.backtest_end
            -- A run without criteria erases no verdict.
            AND (other.status = 'failed', other.meets_criteria IS NULL, -other.id)
            < (result.status = 'failed', result.meets_criteria IS NULL, -result.id)
    );

COMMENT ON VIEW latest_results IS
    'Which results do figures over several runs count? Of each combination of a strategy and period the newest that '
    'did not fail and was judged, else the newest that did not fail, else the newest';
COMMENT ON COLUMN latest_results.id IS 'Number of the result in backtest_results';
COMMENT ON COLUMN latest_results.strategy_id IS 'The strategy that was tested';
