CREATE VIEW trials_per_strategy AS
SELECT
    strategies.name AS strategy,
    counted.runs,
    newest.trials,
    newest.independent_trials,
    newest.expected_best_sharpe,
    newest.min_backtest_years
FROM strategies
-- Every run of a strategy is told the same.
CROSS JOIN LATERAL (
    SELECT trials, independent_trials, expected_best_sharpe, min_backtest_years
    FROM optimization_runs
    WHERE strategy_id = strategies.id AND trials IS NOT NULL
    ORDER BY started_at DESC, id DESC
    LIMIT 1
) AS newest
CROSS JOIN LATERAL (
    SELECT count(*) AS runs FROM optimization_runs WHERE strategy_id = strategies.id AND trials IS NOT NULL
) AS counted;

COMMENT ON VIEW trials_per_strategy IS
    'How much was ever tried for each strategy? And what luck alone makes of it';
COMMENT ON COLUMN trials_per_strategy.strategy IS
    'Name of the strategy';
COMMENT ON COLUMN trials_per_strategy.runs IS
    'Runs that these figures are stored with';
COMMENT ON COLUMN trials_per_strategy.trials IS
    'Distinct combinations ever tried for the strategy over all of its runs, dates apart, the same returns once';
COMMENT ON COLUMN trials_per_strategy.independent_trials IS
    'How many independent trials these correlated ones amount to, (sum of eigenvalues)^2 / sum of squares';
COMMENT ON COLUMN trials_per_strategy.expected_best_sharpe IS
    'Annual daily_sharpe_ratio that luck alone gives the best of so many trials';
COMMENT ON COLUMN trials_per_strategy.min_backtest_years IS
    'Years below which luck alone gives so many trials an annual Sharpe ratio of 1';
