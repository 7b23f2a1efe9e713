CREATE VIEW rejection_summary AS
SELECT
    strategies.name AS strategy,
    rejected.reason,
    rejected.backtests,
    round(rejected.backtests::numeric / rejected.of_strategy, 4) AS share_of_judged,
    rejected.example
FROM strategies
-- A strategy at a time: who asks for one waits for one.
CROSS JOIN LATERAL (
    WITH judged AS (
        -- As latest_results has it, which is quicker for a few results than for all of a strategy's.
        SELECT *
        FROM (
            SELECT DISTINCT ON (tested.combination, result.backtest_start, result.backtest_end)
                result.id,
                result.rejection_reasons,
                result.meets_criteria
            FROM backtest_results AS result
            INNER JOIN optimization_runs AS runs ON runs.id = result.optimization_run_id
            CROSS JOIN LATERAL tested_combination(
                runs.optimization_type, result.parameters, result.combination, result.backtest_id
            ) AS tested (combination)
            WHERE result.strategy_id = strategies.id
            ORDER BY
                tested.combination,
                result.backtest_start,
                result.backtest_end,
                result.status = 'failed',
                result.meets_criteria IS NULL,
                result.id DESC
        ) AS latest
        WHERE latest.meets_criteria IS NOT NULL
    )
    SELECT
        split_part(reason, ':', 1) AS reason,
        count(DISTINCT judged.id) AS backtests,
        (SELECT count(*) FROM judged) AS of_strategy,
        min(reason) AS example
    FROM judged
    CROSS JOIN LATERAL unnest(judged.rejection_reasons) AS reason
    WHERE judged.meets_criteria IS FALSE
    GROUP BY split_part(reason, ':', 1)
) AS rejected
ORDER BY strategy, backtests DESC, reason;

COMMENT ON VIEW rejection_summary IS
    'Why did it fail? Reasons for which backtests were rejected, by strategy and kind; a combination counts once';
COMMENT ON COLUMN rejection_summary.strategy IS 'Name of the strategy';
COMMENT ON COLUMN rejection_summary.reason IS 'Kind of reason, the text before its colon';
COMMENT ON COLUMN rejection_summary.backtests IS 'Backtests rejected for it';
COMMENT ON COLUMN rejection_summary.share_of_judged IS 'Their share of all judged backtests, a fraction';
COMMENT ON COLUMN rejection_summary.example IS 'One such reason in full';
