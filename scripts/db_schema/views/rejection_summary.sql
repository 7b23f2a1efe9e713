CREATE VIEW rejection_summary AS
WITH judged AS (
    SELECT
        result.id,
        result.strategy_id,
        result.rejection_reasons,
        result.meets_criteria,
        count(*) OVER (PARTITION BY result.strategy_id) AS of_strategy
    FROM latest_results
    INNER JOIN backtest_results AS result ON result.id = latest_results.id
    WHERE result.meets_criteria IS NOT NULL
)
SELECT
    strategies.name AS strategy,
    split_part(reason, ':', 1) AS reason,
    count(DISTINCT judged.id) AS backtests,
    round(count(DISTINCT judged.id)::numeric / judged.of_strategy, 4) AS share_of_judged,
    min(reason) AS example
FROM judged
INNER JOIN strategies ON strategies.id = judged.strategy_id
CROSS JOIN LATERAL unnest(judged.rejection_reasons) AS reason
WHERE judged.meets_criteria IS FALSE
GROUP BY strategies.name, split_part(reason, ':', 1), judged.of_strategy
ORDER BY strategy, backtests DESC, reason;

COMMENT ON VIEW rejection_summary IS
    'Why did it fail? Reasons for which backtests were rejected, by strategy and kind; a combination counts once';
COMMENT ON COLUMN rejection_summary.strategy IS 'Name of the strategy';
COMMENT ON COLUMN rejection_summary.reason IS 'Kind of reason, the text before its colon';
COMMENT ON COLUMN rejection_summary.backtests IS 'Backtests rejected for it';
COMMENT ON COLUMN rejection_summary.share_of_judged IS 'Their share of all judged backtests, a fraction';
COMMENT ON COLUMN rejection_summary.example IS 'One such reason in full';
