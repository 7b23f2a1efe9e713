CREATE VIEW trials_per_strategy AS
SELECT
    strategies.name AS strategy,
    count(*) AS runs,
    max(runs.trials) AS trials,
    max(runs.independent_trials) AS independent_trials,
    max(runs.expected_best_sharpe) AS expected_best_sharpe,
    max(runs.min_backtest_years) AS min_backtest_years
FROM optimization_runs AS runs
INNER JOIN strategies ON strategies.id = runs.strategy_id
WHERE runs.trials IS NOT NULL
GROUP BY strategies.name;

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
