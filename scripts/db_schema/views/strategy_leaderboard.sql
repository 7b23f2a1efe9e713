CREATE VIEW strategy_leaderboard AS
WITH standing AS (
    SELECT * FROM strategy_standings
    UNION ALL
    SELECT strategies.id, now_is.*
    FROM strategies
    CROSS JOIN LATERAL strategy_standing(strategies.id) AS now_is
    WHERE strategies.id NOT IN (SELECT strategy_id FROM strategy_standings)
),
best AS (
    SELECT result.*, standing.is_walked, standing.target, standing.score, home.target_metric, home.benchmark,
        home.expected_best_sharpe, home.trials
    FROM standing
    INNER JOIN backtest_results AS result ON result.id = standing.best_result_id
    INNER JOIN optimization_runs AS home ON home.id = result.optimization_run_id
),
walked AS (
    SELECT DISTINCT ON (strategy_id) strategy_id, sharpe_ratio, efficiency, meets_criteria
    FROM walk_forward_analyses
    WHERE status IN ('completed', 'partial')
    ORDER BY strategy_id, meets_criteria IS NULL, id DESC
),
targets AS (
    SELECT count(DISTINCT target) = 1 AS are_the_same
    FROM best
),
runs AS (
    SELECT strategy_id, count(*) AS runs, max(coalesce(completed_at, started_at)) AS last_run_at
    FROM optimization_runs
    WHERE status <> 'refused'
    GROUP BY strategy_id
),
last_run AS (
    SELECT DISTINCT ON (strategy_id)
        strategy_id,
        id,
        CASE WHEN status NOT IN ('pending', 'running', 'completed') THEN
            concat_ws(
                ': ',
                format(
                    'run %s %s after %s of %s combinations',
                    id, status, completed_combinations + failed_combinations,
                    coalesce(total_combinations::text, 'an unknown number of')
                ),
                error_message
            )
        END AS problem
    FROM optimization_runs
    WHERE status <> 'refused'
    ORDER BY strategy_id, started_at DESC, id DESC
)
SELECT
    rank() OVER (
        ORDER BY
            CASE WHEN best.is_walked THEN walked.meets_criteria ELSE best.meets_criteria END IS TRUE DESC,
            best.is_walked IS TRUE DESC,
            CASE WHEN targets.are_the_same THEN best.score END DESC NULLS LAST,
            best.sharpe_ratio DESC NULLS LAST
    ) AS rank,
    strategies.name AS strategy,
    strategies.category,
    strategies.asset_class,
    strategies.status,
    best.backtest_start,
    best.backtest_end,
    round((best.backtest_end - best.backtest_start + 1) / 365.25, 1) AS years,
    best.start_equity AS capital,
    best.target_metric,
    best.target_value,
    best.sharpe_ratio AS best_sharpe,
    best.daily_sharpe_ratio AS best_daily_sharpe,
    best.probabilistic_sharpe_ratio,
    best.psr,
    best.expected_best_sharpe,
    best.trials,
    best.deflated_sharpe,
    best.deflated_sharpe_independent,
    best.compounding_annual_return AS annual_return,
    best.benchmark,
    best.excess_return,
    best.max_drawdown,
    best.total_trades,
    best.win_rate,
    best.fee_pct,
    best.meets_criteria AS best_meets_criteria,
    best.parameters AS best_parameters,
    coalesce(best.optimization_run_id, last_run.id) AS optimization_run_id,
    CASE made.engine
        WHEN 'warm' THEN
            format(
                'warm, checked: %s of %s',
                made.engine_checked,
                coalesce(made.total_combinations, made.completed_combinations + made.failed_combinations)
            )
        ELSE made.engine
    END AS engine,
    standing.combinations,
    standing.passed,
    standing.failed,
    runs.runs,
    runs.last_run_at,
    CASE WHEN best.is_walked THEN 'walk-forward' WHEN best.id IS NOT NULL THEN 'in-sample' END AS evidence,
    CASE WHEN best.is_walked THEN walked.sharpe_ratio END AS out_of_sample_sharpe,
    CASE WHEN best.is_walked THEN walked.efficiency END AS walk_forward_efficiency,
    CASE WHEN best.is_walked THEN walked.meets_criteria END AS walk_forward_passed,
    nullif(
        concat_ws(
            '; ',
            CASE WHEN has_few_trades(best.total_trades) THEN 'few trades' END,
            CASE WHEN best.id IS NULL AND standing.combinations > standing.failed THEN 'no trades' END,
            CASE WHEN NOT standing.is_judged THEN 'not judged' END,
            last_run.problem
        ),
        ''
    ) AS note
FROM strategies
INNER JOIN runs ON runs.strategy_id = strategies.id
INNER JOIN last_run ON last_run.strategy_id = strategies.id
INNER JOIN standing ON standing.strategy_id = strategies.id
LEFT JOIN best ON best.strategy_id = strategies.id
LEFT JOIN walked ON walked.strategy_id = strategies.id
LEFT JOIN backtest_results AS origin ON origin.id = best.reused_from
LEFT JOIN optimization_runs AS made
    ON made.id = coalesce(origin.optimization_run_id, best.optimization_run_id)
CROSS JOIN targets;

COMMENT ON VIEW strategy_leaderboard IS
    'Which strategies are worth money? Those that pass first, those by walk-forward before others, then by the target '
    'of their configs, or by the Sharpe ratio where targets differ. '
    'Figures are those of the best backtest: the best that passes, else the best that did not fail and made a trade';
COMMENT ON COLUMN strategy_leaderboard.rank IS 'Place: those that pass first, then by the target';
COMMENT ON COLUMN strategy_leaderboard.strategy IS 'Name of the strategy';
COMMENT ON COLUMN strategy_leaderboard.category IS 'Category of the strategy';
COMMENT ON COLUMN strategy_leaderboard.asset_class IS 'Asset class of the strategy';
COMMENT ON COLUMN strategy_leaderboard.status IS 'Status of the strategy';
COMMENT ON COLUMN strategy_leaderboard.backtest_start IS 'First day of the best backtest';
COMMENT ON COLUMN strategy_leaderboard.backtest_end IS 'Its last day';
COMMENT ON COLUMN strategy_leaderboard.years IS 'Its years of 365.25 days, rounded to one decimal';
COMMENT ON COLUMN strategy_leaderboard.capital IS 'Its capital at the start, dollars';
COMMENT ON COLUMN strategy_leaderboard.target_metric IS 'What its run optimised';
COMMENT ON COLUMN strategy_leaderboard.target_value IS 'Its value of that metric, as LEAN''s optimizer sees it';
COMMENT ON COLUMN strategy_leaderboard.best_sharpe IS 'Its Sharpe ratio, LEAN''s';
COMMENT ON COLUMN strategy_leaderboard.best_daily_sharpe IS 'Its Sharpe ratio of trading days';
COMMENT ON COLUMN strategy_leaderboard.probabilistic_sharpe_ratio IS
    'Its probabilistic Sharpe ratio (PSR), LEAN''s: that the true one is above 1 a year, a fraction';
COMMENT ON COLUMN strategy_leaderboard.psr IS
    'Its PSR of trading days: that the true Sharpe ratio is above 0, a fraction';
COMMENT ON COLUMN strategy_leaderboard.expected_best_sharpe IS
    'Best annual Sharpe ratio of trading days that luck alone would give after all trials of the strategy';
COMMENT ON COLUMN strategy_leaderboard.trials IS 'Distinct combinations ever tried for the strategy';
COMMENT ON COLUMN strategy_leaderboard.deflated_sharpe IS
    'Probability that its true Sharpe ratio is above what luck alone gives, a fraction';
COMMENT ON COLUMN strategy_leaderboard.deflated_sharpe_independent IS
    'The same with the effective number of independent trials';
COMMENT ON COLUMN strategy_leaderboard.annual_return IS 'Its compounding annual return, a fraction';
COMMENT ON COLUMN strategy_leaderboard.benchmark IS 'What it is held against';
COMMENT ON COLUMN strategy_leaderboard.excess_return IS
    'Its annual return above that of buying and holding the benchmark, a fraction';
COMMENT ON COLUMN strategy_leaderboard.max_drawdown IS 'Its largest drawdown, a fraction';
COMMENT ON COLUMN strategy_leaderboard.total_trades IS 'Its closed round trips';
COMMENT ON COLUMN strategy_leaderboard.win_rate IS 'Its winning round trips, a fraction';
COMMENT ON COLUMN strategy_leaderboard.fee_pct IS 'Its fees as a fraction of the starting capital';
COMMENT ON COLUMN strategy_leaderboard.best_meets_criteria IS 'Whether it meets the success criteria';
COMMENT ON COLUMN strategy_leaderboard.best_parameters IS 'Its parameters';
COMMENT ON COLUMN strategy_leaderboard.optimization_run_id IS
    'Number of the run that has it; of the last run where no backtest made a trade';
COMMENT ON COLUMN strategy_leaderboard.engine IS
    'What ran it: cold, or warm with how many of that run''s combinations LEAN''s own process made the same';
COMMENT ON COLUMN strategy_leaderboard.combinations IS 'Combinations tested over all runs, each once';
COMMENT ON COLUMN strategy_leaderboard.passed IS 'Combinations that met the criteria';
COMMENT ON COLUMN strategy_leaderboard.failed IS 'Combinations whose every backtest failed';
COMMENT ON COLUMN strategy_leaderboard.runs IS 'Runs of the strategy, refused ones left out';
COMMENT ON COLUMN strategy_leaderboard.last_run_at IS 'When its last run ended, or began, UTC';
COMMENT ON COLUMN strategy_leaderboard.evidence IS
    'walk-forward: the strategy was tested on days that no choice has seen, and the best backtest is the one to trade '
    'next, in-sample; in-sample: by the days on which its combinations were chosen';
COMMENT ON COLUMN strategy_leaderboard.out_of_sample_sharpe IS 'sharpe_ratio of that walk-forward analysis';
COMMENT ON COLUMN strategy_leaderboard.walk_forward_efficiency IS 'efficiency of that walk-forward analysis, a fraction';
COMMENT ON COLUMN strategy_leaderboard.walk_forward_passed IS
    'Whether that analysis meets its criteria; it goes before best_meets_criteria';
COMMENT ON COLUMN strategy_leaderboard.note IS
    'What to know: few trades (under 30) or none, not judged, and why the last run did not try all combinations';
