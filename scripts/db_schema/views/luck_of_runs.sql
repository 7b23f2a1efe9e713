CREATE VIEW luck_of_runs AS
WITH known AS (
    SELECT run_id, luckiest_result_id FROM run_figures
    UNION ALL
    SELECT now_is.run_id, now_is.result_id
    FROM strategies
    CROSS JOIN LATERAL luckiest_of_runs(strategies.id) AS now_is
    WHERE strategies.id NOT IN (SELECT strategy_id FROM strategy_standings)
)
SELECT
    strategies.name AS strategy,
    result.optimization_run_id,
    result.id AS backtest_result_id,
    result.parameters,
    result.daily_sharpe_ratio,
    result.daily_sharpe_low,
    result.daily_sharpe_high,
    runs.trials,
    runs.independent_trials,
    runs.expected_best_sharpe,
    result.psr,
    result.deflated_sharpe,
    result.deflated_sharpe_independent,
    result.min_track_record_years,
    runs.pbo,
    runs.spa_p,
    result.plateau,
    result.worst_step,
    result.on_edge
FROM known
INNER JOIN backtest_results AS result ON result.id = known.luckiest_result_id
INNER JOIN optimization_runs AS runs ON runs.id = known.run_id
INNER JOIN strategies ON strategies.id = runs.strategy_id;

COMMENT ON VIEW luck_of_runs IS
    'Is it luck? A line for each run: the result of it that is likeliest skill, of those that figures over several runs count';
COMMENT ON COLUMN luck_of_runs.strategy IS
    'Name of the strategy';
COMMENT ON COLUMN luck_of_runs.optimization_run_id IS
    'Number of the run';
COMMENT ON COLUMN luck_of_runs.backtest_result_id IS
    'Number of the result';
COMMENT ON COLUMN luck_of_runs.parameters IS
    'Its parameters';
COMMENT ON COLUMN luck_of_runs.daily_sharpe_ratio IS
    'Its Sharpe ratio of trading days, annual';
COMMENT ON COLUMN luck_of_runs.daily_sharpe_low IS
    'Lower end of the 95 % interval of daily_sharpe_ratio, annual, by the stationary bootstrap';
COMMENT ON COLUMN luck_of_runs.daily_sharpe_high IS
    'Its upper end';
COMMENT ON COLUMN luck_of_runs.trials IS
    'Distinct combinations ever tried for the strategy over all of its runs, dates apart, the same returns once';
COMMENT ON COLUMN luck_of_runs.independent_trials IS
    'How many independent trials these correlated ones amount to, (sum of eigenvalues)^2 / sum of squares';
COMMENT ON COLUMN luck_of_runs.expected_best_sharpe IS
    'Annual daily_sharpe_ratio that luck alone gives the best of so many trials';
COMMENT ON COLUMN luck_of_runs.psr IS
    'Probability that the true daily Sharpe ratio is above 0, a fraction; probabilistic_sharpe_ratio is LEAN''s own';
COMMENT ON COLUMN luck_of_runs.deflated_sharpe IS
    'Probability that the true Sharpe ratio is above what luck gives the best of all trials, a fraction';
COMMENT ON COLUMN luck_of_runs.deflated_sharpe_independent IS
    'The same, with the effective number of independent trials';
COMMENT ON COLUMN luck_of_runs.min_track_record_years IS
    'Years of 252 trading days after which psr would be 0.95; NULL where the Sharpe ratio is not above 0';
COMMENT ON COLUMN luck_of_runs.pbo IS
    'Probability of backtest overfitting, a fraction; NULL below a dozen combinations that differ or 80 days';
COMMENT ON COLUMN luck_of_runs.spa_p IS
    'Probability that luck alone puts the best of its run so far above buy-and-hold, a fraction';
COMMENT ON COLUMN luck_of_runs.plateau IS
    'Median target of the combinations one step away / its own; NULL where that is not above 0';
COMMENT ON COLUMN luck_of_runs.worst_step IS
    'How much worse the worst of these is, as a fraction of its own target';
COMMENT ON COLUMN luck_of_runs.on_edge IS
    'Whether a parameter of three or more values has its first or last one in the run';
