CREATE VIEW rejection_summary AS
WITH known AS (
    SELECT * FROM strategy_rejections
    UNION ALL
    SELECT strategies.id, now_is.*
    FROM strategies
    CROSS JOIN LATERAL rejections_of_strategy(strategies.id) AS now_is
    WHERE strategies.id NOT IN (SELECT strategy_id FROM strategy_standings)
)
SELECT
    strategies.name AS strategy,
    known.reason,
    known.backtests,
    round(known.backtests::numeric / known.judged, 4) AS share_of_judged,
    known.example
FROM known
INNER JOIN strategies ON strategies.id = known.strategy_id;

COMMENT ON VIEW rejection_summary IS
    'Why did it fail? Reasons for which backtests were rejected, by strategy and kind; a combination counts once';
COMMENT ON COLUMN rejection_summary.strategy IS 'Name of the strategy';
COMMENT ON COLUMN rejection_summary.reason IS 'Kind of reason, the text before its colon';
COMMENT ON COLUMN rejection_summary.backtests IS 'Backtests rejected for it';
COMMENT ON COLUMN rejection_summary.share_of_judged IS 'Their share of all judged backtests, a fraction';
COMMENT ON COLUMN rejection_summary.example IS 'One such reason in full';
